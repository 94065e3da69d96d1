"""Where lines come from, from when on, and whose they are."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import kept_logs
from ansible_collections.rarebooks.platform.plugins.module_utils._logs import query, report, source, tail
from ansible_collections.rarebooks.platform.plugins.module_utils._logs.chosen import NobodysLogs, containers_called
from ansible_collections.rarebooks.platform.plugins.module_utils._logs.line import text_of
from ansible_collections.rarebooks.platform.plugins.module_utils._logs.moment import NoMoment, moment
from ansible_collections.rarebooks.platform.plugins.module_utils._logs.source import Span
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Database, Proxy, Release
from backup_support import PROJECT, Engine

# Before any run of these tests: what a file was written last is its real time.
NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=timezone.utc)


def line(when: datetime, text: str) -> bytes:
    stamp = when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return json.dumps({"log": f"{text}\n", "stream": "stdout", "time": stamp}, separators=(",", ":")).encode() + b"\n"


class Server:
    """An engine whose container web logs into a file, and the archives of containers that went before it."""

    def __init__(self, root: Path) -> None:
        self.root, self.engine, self.log = root, Engine(str(root)), root / "web-json.log"
        self.engine.run("web", "web:1", "sha256:1")
        self.log.touch()
        self.engine.running["web"] |= {"LogPath": str(self.log)}
        self.engine.running["web"]["HostConfig"]["LogConfig"] = {"Type": "json-file"}

    def kept(self, when: datetime, *lines: bytes, container: str = "web", identifier: str = "0123456789ab") -> Path:
        directory = self.root / kept_logs.DIRECTORY
        directory.mkdir(exist_ok=True)
        path = directory / f"{when.strftime(kept_logs.REMOVED)}_{container}_{identifier}.json.gz"
        path.write_bytes(gzip.compress(b"".join(lines)))
        return path

    def ask(self, **options: Any) -> dict[str, Any]:
        asked = {"app": "", "since": "", "before": "", "slow": 1.0, "lines": 0, "wait": 0.0, "seen": {}, "secrets_file": "", **options}
        return query.answer(self.engine.client, query.Query(path=str(self.root), project=PROJECT, **asked), NOW)


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("1h30m", NOW - timedelta(minutes=90)),
        ("2d", NOW - timedelta(days=2)),
        ("2026-11-20", NOW.replace(hour=0)),
        ("2026-11-20 10:30", NOW.replace(hour=10, minute=30)),
        ("2026-11-20T10:30:05Z", NOW.replace(hour=10, minute=30, second=5)),
        ("2026-11-20T10:30:05.123+03:00", NOW.replace(hour=7, minute=30, second=5)),
    ],
)
def test_moments(text: str, expected: datetime) -> None:
    assert moment("logs_since", text, NOW) == expected


@pytest.mark.parametrize("text", ["", "1", "h", "yesterday", "1h ago", "-1h", "2026-13-01", "26.11.2026", "99999999999999d"])
def test_no_moments(text: str) -> None:
    with pytest.raises(NoMoment, match="logs_since: expected how long ago, such as 30m"):
        moment("logs_since", text, NOW)


def test_a_line_of_release_one_is_found_beside_those_of_today(server: Server) -> None:
    old = server.kept(NOW - timedelta(days=3), line(NOW - timedelta(days=4), "ERROR of 1"), identifier="a" * 12)
    server.kept(NOW - timedelta(days=2), line(NOW - timedelta(days=2, hours=1), "info of 2"), identifier="b" * 12)
    server.log.write_bytes(line(NOW - timedelta(minutes=5), "ERROR of 7"))
    found = server.ask(since="1w")
    assert [(one["signature"], one["count"], one["archives"]) for one in found["events"]] == [("ERROR of <n>", 2, [str(old)])]
    assert found["events"][0]["example"] == ["ERROR of 7"] and len(found["archives"]) == 2


def test_archives_from_before_are_not_even_opened(server: Server) -> None:
    server.kept(NOW - timedelta(days=3), b"not to be read").write_bytes(b"not even gzip")
    assert server.ask(since="1h")["archives"] == []


def test_a_damaged_archive_is_read_as_far_as_it_goes(server: Server) -> None:
    path = server.kept(NOW, *(line(NOW, f"ERROR {number}") for number in range(20000)))
    whole = path.read_bytes()
    for damaged in (whole[:-200], whole + whole[:10] + b"\xff" * 200):  # After its header a stream has no block that begins so.
        path.write_bytes(damaged)
        assert server.ask()["events"][0]["count"] > 1000


@pytest.mark.parametrize("since", [0, 1, 4999, 9998, 20000])
def test_what_is_older_is_skipped_without_reading_it(server: Server, since: int) -> None:
    began = NOW - timedelta(seconds=10000)
    lines = [line(began + timedelta(seconds=number), f"number {number} {'x' * 90}") for number in range(10000)]
    lines[4990] = b'{"log":"torn by a power lo\n'
    server.log.write_bytes(b"".join(lines))
    span = Span(began + timedelta(seconds=since))
    found = [text_of(one).split()[1] for one in source.of_container(server.engine.client, server.engine.running["web"], span)]
    assert [one for one in found if one != b"by"] == [f"{number}".encode() for number in range(since, 10000) if number != 4990]


def test_rotated_files_come_first(server: Server) -> None:
    server.log.with_name(f"{server.log.name}.2.gz").write_bytes(gzip.compress(line(NOW - timedelta(minutes=9), "ERROR a")))
    server.log.with_name(f"{server.log.name}.1").write_bytes(line(NOW - timedelta(minutes=8), "  more of a"))
    server.log.write_bytes(line(NOW - timedelta(minutes=7), "  still a"))
    assert [one["example"] for one in server.ask()["events"]] == [["ERROR a", "  more of a", "  still a"]]


def test_the_end_of_a_time(server: Server) -> None:
    server.log.write_bytes(line(NOW - timedelta(hours=3), "ERROR early") + line(NOW - timedelta(hours=1), "ERROR late"))
    assert [one["signature"] for one in server.ask(since="4h", before="2h")["events"]] == ["ERROR early"]


def test_the_last_lines_of_several_containers_come_in_their_order_however_old(server: Server) -> None:
    server.kept(NOW - timedelta(days=9), line(NOW - timedelta(days=9), "a"), line(NOW - timedelta(days=8), "b"))
    server.log.write_bytes(line(NOW - timedelta(days=7), "c password=hidden"))
    assert [one["text"] for one in server.ask(lines=2)["lines"]] == ["b", "c password=********"]


def test_lines_that_come_are_those_after_the_last_one_seen(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.log.write_bytes(line(NOW, "seen"))
    seen = server.ask(lines=1)["lines"][0]["time"]
    later = [line(NOW + timedelta(seconds=1), "a"), line(NOW + timedelta(seconds=1, microseconds=1), "b")]
    monkeypatch.setattr(tail.time, "sleep", lambda _seconds: server.log.open("ab").write(b"".join(later)))
    found = server.ask(wait=5.0, seen={"web": seen})
    assert [one["text"] for one in found["lines"]] == ["a", "b"]
    assert server.ask(wait=0.0, lines=5, seen=found["seen"])["lines"][-1]["text"] == "b"


def test_nothing_comes(server: Server) -> None:
    assert server.ask(wait=0.01) | {"lines": []} == server.ask(wait=0.01)


def test_a_log_that_only_the_engine_can_read_has_an_end(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library follows what it streams, for as long as the container runs, unless it is told otherwise."""
    asked: dict[str, Any] = {}
    monkeypatch.setattr(server.engine.api, "logs", lambda _id, **how: asked.update(how) or iter([b"2026-11-20T12:00:00Z a\n"]))
    inspected = {"Id": "1", "HostConfig": {"LogConfig": {"Type": "local"}}}
    assert len(list(source.of_container(server.engine.client, inspected, Span(NOW)))) == 1
    assert asked["stream"] and asked["follow"] is False


def test_a_log_that_cannot_be_read_hides_no_other(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.engine.run("mail", "mail:1", "sha256:2")
    server.engine.running["mail"]["HostConfig"]["LogConfig"] = {"Type": "syslog"}
    server.log.write_bytes(line(NOW, "ERROR x"))
    monkeypatch.setattr(server.engine.api, "logs", lambda *_arguments, **_options: 1 / 0)
    found = report.read(server.engine.client, str(server.root), PROJECT, {"web", "mail"}, Span(NOW - timedelta(hours=1)))
    assert found.problems and found.problems[0].startswith("The log of mail cannot be read: ") and len(found.groups.events) == 1


RELEASE = Release(
    proxy=Proxy(containers=("nginx_container",)),
    apps=(App(name="shop", containers=("web", "books_db"), databases=(Database(container="books_db", name="Books", user="u"),)),),
)
PRESENT = {"web": {"Config": {"Labels": {"com.docker.compose.service": "backend"}}}, "other": {"Config": {"Labels": None}}}


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("", {"web", "books_db", "nginx_container", "other", "gone"}),
        ("shop", {"web", "books_db"}),
        ("proxy", {"nginx_container"}),
        ("backend", {"web"}),
        ("Books", {"books_db"}),
        ("gone", {"gone"}),
    ],
)
def test_whose_logs_are_meant(what: str, names: set[str]) -> None:
    assert containers_called(what, RELEASE, PRESENT, ["gone"]) == names


def test_nobody_is_called_that() -> None:
    with pytest.raises(
        NobodysLogs, match=r"logs_app: expected an app, proxy, a database, .*got 'shpo'\. Known are proxy, shop and books_db, "
    ):
        containers_called("shpo", RELEASE, PRESENT, [])
