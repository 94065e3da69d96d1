"""The log of a container that is replaced is kept, to its last word, and never at the price of the release."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import kept_logs
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.compose import ComposeError, Project
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.kept_logs import KeptLogs
from backup_support import PROJECT, Engine

ROOT = Path(__file__).parents[5]
LINE = b'{"log":"%s\\n","stream":"stdout","time":"2026-11-26T10:44:00Z"}\n'


class Stack:
    """An engine whose containers have logs, and the directory of their project."""

    def __init__(self, path: Path) -> None:
        self.root, self.engine, self.logs = path / "stack", Engine(), KeptLogs()
        self.root.mkdir()
        self._path = path

    def settings(self, text: str) -> None:
        path = self.root / kept_logs.SETTINGS
        path.parent.mkdir()
        path.write_text(text)

    def run(self, name: str, driver: str = "json-file") -> Path:
        """Start a container; return the file of its log."""
        self.engine.run(name, f"{name}:1", f"sha256:{name}")
        identifier = self.engine.running[name]["Id"]
        log = self._path / f"{identifier}-json.log"
        log.write_bytes(LINE % f"{name} of before".encode())
        self.engine.running[name]["LogPath"] = str(log) if driver == "json-file" else ""
        self.engine.running[name]["HostConfig"]["LogConfig"] = {"Type": driver, "Config": {}}
        return log

    def replace(self, name: str) -> None:
        """Do what an engine does: the container's log goes with it."""
        log = Path(self.engine.running[name]["LogPath"] or "/nowhere")
        with log.open("ab") if log.exists() else (self._path / "none").open("ab") as stream:
            stream.write(LINE % f"the last word of {name}".encode())
        log.unlink(missing_ok=True)
        self.engine.make(name, f"{name}:1", labels=self.engine.running[name]["Config"]["Labels"])

    def project(self, *replaced: str, code: int = 0) -> Project:
        def run_command(_argv: list[str], **_options: Any) -> tuple[int, str, str]:
            for name in replaced:
                self.replace(name)
            return code, "", "broken" if code else ""

        return Project(self.engine.client, run_command, str(self.root), PROJECT, logs=self.logs)

    def archives(self) -> dict[str, bytes]:
        return {one.container: gzip.decompress(Path(one.path).read_bytes()) for one in kept_logs.listing(str(self.root))}


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    return Stack(tmp_path)


def test_a_replaced_container_leaves_its_whole_log(stack: Stack) -> None:
    log = stack.run("web")
    stack.run("db")
    log.with_name(f"{log.name}.1").write_bytes(LINE % b"earlier")
    log.with_name(f"{log.name}.2.gz").write_bytes(gzip.compress(LINE % b"earliest"))
    stack.project("web").recreate(["web"])
    assert stack.archives() == {
        "web": b"".join(LINE % word for word in (b"earliest", b"earlier", b"web of before", b"the last word of web"))
    }
    assert [one.path for one in kept_logs.listing(str(stack.root))] == stack.logs.kept and stack.logs.problems == []


@pytest.mark.parametrize("way", ["up", "recreate", "create", "up_container", "remove"])
def test_every_way_that_a_container_goes_keeps_it(stack: Stack, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.run("web")
    project = stack.project("web")
    monkeypatch.setattr(project, "services", lambda: [{"service": "web", "container_name": "web"}])
    if way == "remove":
        monkeypatch.setattr(type(stack.engine.containers.get("web")), "remove", lambda _self, **_options: stack.replace("web"))
    {
        "up": project.up,
        "recreate": lambda: project.recreate(["web"]),
        "create": project.create,
        "up_container": lambda: project.up_container("web"),
        "remove": lambda: project.remove(["web"]),
    }[way]()
    assert b"the last word of web" in stack.archives()["web"]


def test_it_is_kept_while_compose_still_waits_for_others(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_logs, "EVERY", 0.001)
    stack.run("web")
    with stack.logs.replacing(stack.engine.client, PROJECT, str(stack.root)):
        stack.replace("web")
        until = time.monotonic() + 10
        while not stack.archives() and time.monotonic() < until:
            time.sleep(0.001)
        assert b"the last word of web" in stack.archives()["web"]
    assert len(stack.logs.kept) == 1 and stack.logs.problems == []


def test_it_is_for_root_alone(stack: Stack) -> None:
    stack.run("web")
    stack.project("web").recreate(["web"])
    assert (stack.root / "logs").stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in (stack.root / "logs").iterdir()] == [0o600]


def test_nothing_is_kept_of_containers_that_stay(stack: Stack) -> None:
    stack.run("web")
    stack.project().recreate(["web"])
    assert not (stack.root / "logs").exists()


def test_also_where_compose_gives_up_half_way(stack: Stack) -> None:
    stack.run("web")
    with pytest.raises(ComposeError):
        stack.project("web", code=1).recreate(["web"])
    assert b"the last word of web" in stack.archives()["web"]


def test_a_log_that_cannot_be_kept_is_told_and_fails_nothing(stack: Stack) -> None:
    stack.run("web")
    (stack.root / "logs").write_text("a file where the directory should be")
    stack.project("web").recreate(["web"])
    assert len(stack.logs.problems) == 1 and stack.logs.problems[0].startswith(
        "The log of web, which this run replaced, could not be kept: "
    )


def test_an_engine_that_says_nothing_of_its_containers_fails_nothing(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_logs, "containers_of", lambda *_arguments: 1 / 0)
    stack.run("web")
    stack.project("web").recreate(["web"])
    assert stack.archives() == {} and "division by zero" in stack.logs.problems[0]


def test_what_only_the_engine_can_read_is_copied_before(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.run("web", "local")
    stack.run("mute", "none")
    lines = [b"2026-11-26T10:44:00Z a\n", b"2026-11-26T10:44:01Z b\n"]

    def logs(_id: str, stream: bool = False, follow: bool | None = None, **_how: Any) -> Iterator[bytes]:
        """Go on for ever like the library, which follows what it streams unless it is told otherwise."""
        return cycle(lines) if stream and follow is None else iter(lines)

    monkeypatch.setattr(stack.engine.api, "logs", logs)
    stack.project("web", "mute").recreate(["web", "mute"])
    assert stack.archives() == {"web": b"2026-11-26T10:44:00Z a\n2026-11-26T10:44:01Z b\n"}


def test_of_a_log_without_a_bound_the_end_is_kept(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    log = stack.run("web")
    one = LINE % b"0123456789"
    log.with_name(f"{log.name}.1").write_bytes(one * 10)
    log.write_bytes(one * 4)
    monkeypatch.setattr(kept_logs, "MOST_OF_ONE", len(one) * 8 - 5)
    stack.project("web").recreate(["web"])
    text = stack.archives()["web"]
    assert text.count(one) == 6 and text.startswith(b"{")


def test_the_oldest_go_where_the_bound_is_reached(stack: Stack) -> None:
    directory = stack.root / "logs"
    directory.mkdir()
    stack.settings('{"host": "shop", "logs_max_size": 2}')
    for day in (24, 25, 26):
        (directory / f"202611{day}_104400_web_0123456789ab.json.gz").write_bytes(b"x" * kept_logs.MIB)
    (directory / "somebody-elses.log").write_bytes(b"x" * kept_logs.MIB * 3)
    (directory / f"{kept_logs.TEMPORARY}killed").write_bytes(b"x")
    kept_logs.prune(str(stack.root))
    assert sorted(path.name[:8] for path in directory.iterdir()) == ["20261125", "20261126", "somebody"]


def test_a_damaged_bound_is_the_usual_one(stack: Stack) -> None:
    stack.settings("{")
    assert kept_logs.max_size(str(stack.root)) == 512 * kept_logs.MIB


def test_the_bound_is_read_where_the_role_writes_it() -> None:
    variables = yaml.safe_load((ROOT / "roles/stack/vars/main.yml").read_text())
    assert variables["__stack_recovery_path"].removeprefix("{{ stack_path }}/") == str(Path(kept_logs.SETTINGS).parent)
    assert Path(kept_logs.SETTINGS).name in variables["__stack_recovery_files"]
    assert kept_logs.Settings(**{"logs_max_size": 7}).logs_max_size == 7 and "logs_max_size" in variables["__stack_recovery_settings"]


def test_the_usual_bound_is_the_documented_one() -> None:
    assert yaml.safe_load((ROOT / "roles/stack/defaults/main.yml").read_text())["stack_logs_max_size"] == kept_logs.Settings().logs_max_size
