"""The watch tells what it finds twice, once; nothing while a run is at work; and that it cannot look."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base.sentence import say
from ansible_collections.rarebooks.platform.plugins.module_utils._notify import dead_man, memory, targets, tell
from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease, ledger
from ansible_collections.rarebooks.platform.plugins.module_utils._verify import watch
from ansible_collections.rarebooks.platform.plugins.module_utils._verify.finding import Finding, failed, passed, warning
from notify_support import Stack

WELL = passed("containers", "backend", say("{x}", x="runs"))
ILL = failed("containers", "backend", say("{x}", x="does not run"), "ansible-playbook manage.yml")
LOW = warning("server", "disk", say("{x}", x="is nearly full"), "")
DEPLOY = ledger.Run("one", "deploy", "alice@laptop", started="2026-11-24T12:00:00Z")


class Watched(Stack):
    """A stack that is watched, of which each look finds the next of some findings."""

    def place(self, stale_after: float = 20) -> lease.Place:
        return lease.Place(str(self.path), str(self.path / "run"), stale_after)

    def watch(self, *looks: list[Finding] | Exception, **settings: Any) -> list[str]:
        """Watch once, and return the titles of what was told."""
        left = list(looks)

        def look() -> list[Finding]:
            found = left.pop(0)
            if isinstance(found, Exception):
                raise found
            return found

        watch.watch(self.settings(**settings), self.place(), look)
        assert not left, "it did not look as often as expected"
        return self.sent()


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    found = Watched(tmp_path)
    monkeypatch.setattr(targets, "send", found.take)
    found.aim_at("json://one")
    return found


@pytest.fixture
def pings(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    calls: list[bool] = []

    def ping(_url: str, well: bool, _text: str) -> str:
        calls.append(well)
        return ""

    monkeypatch.setattr(dead_man, "ping", ping)
    return calls


def test_a_healthy_server_is_silent(stack: Watched) -> None:
    assert [stack.watch([WELL]) for _time in range(20)] == [[]] * 20


def test_a_change_is_looked_at_again_and_told_once(stack: Watched) -> None:
    assert stack.watch([ILL], [ILL]) == ["books: broken: backend"]
    assert stack.watch([ILL]) == []
    assert stack.watch([WELL], [WELL]) == ["books: all right again: backend"]


def test_errors_in_a_log_are_told_when_they_go_on(stack: Watched) -> None:
    log = failed("logs", "backend", say("{x}", x="2 x in 5 minutes"), "")
    assert stack.watch([log]) == stack.watch([passed("logs", "containers", say("{x}", x="none"))]) == []
    assert stack.watch([log]) == []
    assert stack.watch([log, ILL], [log, ILL]) == ["books: broken: backend", "books: broken: backend"]


def test_the_log_of_the_minute_between_two_looks_is_for_the_next_run(stack: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = [datetime(2026, 11, 26, 12, minute, tzinfo=timezone.utc) for minute in (0, 1)]
    monkeypatch.setattr(watch, "datetime", SimpleNamespace(now=lambda _zone: moments.pop(0)))
    stack.watch([ILL], [ILL])
    assert memory.load(stack.settings().memory).looked == "2026-11-26T12:00:00Z"


def test_a_full_disk_is_told_once_though_nothing_can_be_remembered_there(
    stack: Watched, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write = memory.write_durably

    def full(path: str, data: bytes, mode: int) -> None:
        if path == stack.settings().memory:
            raise OSError(28, "No space left on device")
        write(path, data, mode)

    monkeypatch.setattr(memory, "SPARE", str(tmp_path / "tmpfs"))
    stack.watch([WELL])
    monkeypatch.setattr(memory, "write_durably", full)
    assert stack.watch([ILL], [ILL]) == ["books: broken: backend"]
    assert stack.watch([ILL]) == []
    monkeypatch.setattr(memory, "write_durably", write)
    assert stack.watch([ILL]) == [] and not os.listdir(tmp_path / "tmpfs")
    assert stack.watch([WELL], [WELL]) == ["books: all right again: backend"]


def test_a_flicker_is_not_told(stack: Watched) -> None:
    assert stack.watch([ILL], [WELL]) == stack.watch([WELL]) == []


def test_the_message_says_what_and_what_next(stack: Watched) -> None:
    watch.watch(stack.settings(language="ru"), stack.place(), lambda: [LOW, ILL])
    (sent,) = stack.taken
    assert (sent.title, sent.kind) == ("books: сломано: backend", "failure")
    assert sent.body.splitlines()[:3] == ["✗ backend: does not run", "Дальше: ansible-playbook manage.yml", "! disk: is nearly full"]


def test_nothing_is_told_while_a_run_is_at_work(stack: Watched) -> None:
    lease.take(stack.place(), DEPLOY, "switching")
    assert stack.watch() == []
    lease.give_back(stack.place(), DEPLOY.token)
    assert stack.watch([ILL], [ILL]) == ["books: broken: backend"]


def test_what_is_seen_while_a_run_begins_does_not_count(stack: Watched) -> None:
    def look() -> list[Finding]:
        lease.take(stack.place(), DEPLOY, "switching")
        return [ILL]

    assert watch.observe(stack.place(), look) is None


def test_a_run_that_died_is_told(stack: Watched) -> None:
    lease.take(stack.place(), DEPLOY, "switching")
    os.unlink(stack.place().file(DEPLOY.token))
    assert stack.watch([WELL], [WELL]) == ["books: broken: run"]
    lease.take(stack.place(), DEPLOY, "again")
    lease.give_back(stack.place(), DEPLOY.token)
    assert stack.watch([WELL], [WELL]) == ["books: all right again: run"]


def test_a_run_that_hangs_does_not_silence_the_watch(stack: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    lease.take(stack.place(), DEPLOY, "switching")
    monkeypatch.setattr(watch, "LONGEST_RUN", -1)
    assert stack.watch([ILL], [ILL]) == ["books: broken: backend, run"]


def test_that_it_cannot_look_is_told_and_nothing_else_changes(stack: Watched) -> None:
    stack.watch([ILL, LOW], [ILL, LOW])
    assert stack.watch(KeyError("x"), KeyError("x")) == ["books: broken: verification"]
    assert stack.watch([ILL, LOW], [ILL, LOW]) == ["books: all right again: verification"]


def test_a_watch_that_had_failed_says_that_it_looks_again(stack: Watched) -> None:
    with memory.opened(stack.settings().memory) as remembered:
        assert [bool(tell.of_the_watch(remembered)) for _time in range(2)] == [False, True]
    assert stack.watch([WELL]) == ["books: all right again: watch"]
    assert stack.watch([WELL]) == []


def test_runs_are_told_as_well(stack: Watched) -> None:
    stack.watch([WELL])
    ledger.append(str(stack.path), ledger.entry(DEPLOY, "deployed", 1.0))
    assert stack.watch([WELL]) == ["books: deployed, and the new release serves"]


def test_the_dead_mans_switch_knows_what_was_told(stack: Watched, pings: list[bool]) -> None:
    url = {"dead_man_url": "https://hc.example.org/uuid"}
    stack.watch([WELL], **url)
    stack.watch([ILL], [WELL], **url)
    assert pings == [True, True]
    stack.watch([ILL, LOW], [ILL, LOW], **url)
    stack.watch([LOW, WELL], [LOW, WELL], **url)
    lease.take(stack.place(), DEPLOY, "switching")
    stack.watch(**url)
    assert pings[2:] == [False, True, True]


@pytest.mark.parametrize(
    ("looked", "minutes"), [("", 1), ("2026-11-26T11:59:58Z", 1), ("2026-11-26T11:54:30Z", 5), ("2026-11-26T12:10:00Z", 1)]
)
def test_each_look_reads_the_log_that_no_other_has_read(looked: str, minutes: int) -> None:
    assert watch.since(looked, datetime(2026, 11, 26, 12, 0, tzinfo=timezone.utc)) == minutes


def test_metrics_are_of_the_last_look(stack: Watched) -> None:
    stack.watch([ILL], [LOW], textfile_dir=str(stack.path))
    rows = (stack.path / "rarebooks.prom").read_text()
    assert 'area="server",subject="disk"} 1' in rows and 'subject="backend"} 2' not in rows
    stack.watch([WELL], textfile_dir=str(stack.path / "gone"))
    assert memory.load(stack.settings().memory).failing["textfile"].error == f"{stack.path}/gone: No such file or directory"
