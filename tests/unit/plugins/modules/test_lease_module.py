"""The lease as a task sees it: one answer's keys, one entry a run, and a message that says what to do."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._base import process as base_process
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import PlatformError
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous import settings as continuous
from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease as run_lease
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger as run_ledger
from ansible_collections.rarebooks.platform.plugins.modules import lease

KEYS = {"changed", "run", "step", "interrupted", "recorded", "lost", "heartbeat"}
ONE = {"token": "token-1", "action": "deploy", "by": "anna@laptop", "controller": "here", "pid": 7, "pid_start": 8,
       "commit": "abc", "started": "2026-11-24T20:15:00Z"}  # fmt: skip
TWO = {**ONE, "token": "token-2", "action": "rollback", "by": "boris@desk"}


class Server:
    """A pretended server, and the module."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.stack, self.leases, self._capsys = root / "stack", root / "leases", capsys
        self.stack.mkdir()
        self.place = run_lease.Place(str(self.stack), str(self.leases))

    def run(self, state: str, run: dict[str, Any], **options: Any) -> dict[str, Any]:
        arguments = {"path": str(self.stack), "directory": str(self.leases), "state": state, "run": run, **options}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            lease.main()
        result: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        result.pop("invocation", None)
        assert result.keys() >= KEYS and not result["changed"]
        return result

    @property
    def ledger(self) -> list[dict[str, Any]]:
        return run_ledger.read(str(self.stack))[0]

    def die(self) -> None:
        """Let the holder's heartbeat be gone."""
        held = self.place.load()
        assert held
        Path(self.place.file(held.run.token)).unlink()


@pytest.fixture
def server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Server:
    return Server(tmp_path, capsys)


@pytest.fixture
def switch() -> Iterator[subprocess.Popen[bytes]]:
    """Return a process that goes on until it is killed."""
    process = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    yield process
    process.kill()
    process.communicate()


def leave_at_work(server: Server, process: subprocess.Popen[bytes]) -> None:
    """Let the first run's controller be dead, while its process on the server lives."""
    server.run("taken", ONE, step="checking")
    held = run_lease.begin_step(server.place, ONE["token"], "switching")
    held.process = {"pid": process.pid, "start": base_process.start_of(process.pid)}
    run_lease._save(server.place, held)
    server.die()


@pytest.mark.parametrize(
    "result, step, error",
    [("deployed", "", ""), ("unchanged", "", ""), ("rolled back", "", ""), ("failed", "tree", "no"), ("broken", "tree", "no")],
)
def test_a_run_from_beginning_to_end(server: Server, result: str, step: str, error: str) -> None:
    taken = server.run("taken", ONE, step="images")
    assert taken == {"changed": False, "run": ONE, "step": "images", "interrupted": None, "recorded": False, "lost": False,
                     "heartbeat": server.place.file("token-1"), "notes": []}  # fmt: skip
    assert Path(taken["heartbeat"]).exists()
    assert server.run("held", ONE, step="tree") == {**taken, "step": "tree", "heartbeat": ""}
    released = server.run("released", ONE, result=result, error=error and f"{error}\nmore", release="r", backup="b", to="t")
    assert released == {**taken, "step": "tree", "recorded": True, "heartbeat": ""}
    (entry,) = server.ledger
    assert entry.pop("duration") < 60 and entry.pop("ended") >= ONE["started"]
    assert entry == {"run": "token-1", "action": "deploy", "started": ONE["started"], "result": result, "by": "anna@laptop",
                     "commit": "abc", "release": "r", "backup": "b", "to": "t", "step": step, "error": error, "reasons": {},
                     "rehearsed": {}}  # fmt: skip
    assert server.place.load() is None and not Path(taken["heartbeat"]).exists()


def test_what_another_module_noted_goes_into_the_entry(server: Server) -> None:
    server.run("taken", ONE)
    run_lease.note(server.place, "token-1", release="noted", backup="noted")
    server.run("released", ONE, result="unchanged", backup="given")
    assert [(entry["release"], entry["backup"]) for entry in server.ledger] == [("noted", "given")]


def test_a_run_that_another_module_recorded_gets_no_second_entry(server: Server) -> None:
    server.run("taken", ONE)
    run_lease.note(server.place, "token-1", recorded=True)
    assert server.run("held", ONE, step="summary")["recorded"]
    assert server.run("released", ONE, result="failed")["recorded"]
    server.run("taken", TWO)
    run_lease.note(server.place, "token-2", recorded=True)
    server.die()
    assert server.run("taken", ONE)["interrupted"]["token"] == "token-2"
    assert server.ledger == []


def test_a_refused_first_deploy_leaves_no_directory(server: Server) -> None:
    server.stack.rmdir()
    server.run("taken", ONE)
    assert not server.run("released", ONE, result="refused")["recorded"]
    assert not server.stack.exists()


def test_who_comes_second_is_told_everything(server: Server) -> None:
    server.run("taken", ONE, step="images")
    refused = server.run("taken", TWO, stale_after=100, wait=0)
    assert refused["failed"] and refused["run"] == {}
    holder = refused["holder"]
    assert 0 <= holder.pop("age") < 60
    assert holder == {**ONE, "step": "images", "busy": False}
    told_all = (str(server.stack), "deploy by anna@laptop", "started 2026-11-24T20:15:00Z", "now at: images", "Wait until", "again in 1")
    for told in told_all:
        assert told in refused["msg"], told
    assert "waited" not in refused["msg"]
    assert server.run("held", ONE, step="tree")["step"] == "tree" and server.ledger == []


def test_a_dead_run_is_recorded_by_its_successor_and_stops_when_it_wakes_up(server: Server) -> None:
    server.run("taken", ONE, step="images")
    server.run("held", ONE, step="tree")
    taken = server.run("taken", TWO, dead_token="token-1")
    assert not Path(server.place.file("token-1")).exists(), "its controller would go on beating"
    assert taken["interrupted"] == {**ONE, "step": "tree"}
    woken = server.run("held", ONE, step="start")
    assert woken["failed"] and woken["lost"] and "rollback by boris@desk" in woken["msg"]
    released = server.run("released", ONE, result="failed")
    assert released["lost"] and released["recorded"] and "failed" not in released
    assert server.run("released", TWO, result="rolled back")["lost"] is False
    assert [(entry["run"], entry["result"], entry["step"]) for entry in server.ledger] == [
        ("token-1", "interrupted", "tree"), ("token-2", "rolled back", ""),
    ]  # fmt: skip


def test_a_run_that_a_restart_cut_off_records_itself(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.run("taken", ONE, step="images")
    monkeypatch.setattr(run_lease, "boot", lambda: "another")
    assert server.run("held", ONE, step="tree")["lost"]
    assert server.run("released", ONE, result="failed", step="tree")["lost"]
    assert [(entry["result"], entry["step"]) for entry in server.ledger] == [("failed", "tree")]


def test_what_a_dead_controller_left_at_work_is_waited_for(
    server: Server, switch: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_at_work(server, switch)
    naps = []

    def end_at_third_nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            switch.kill()
            switch.wait()

    monkeypatch.setattr(time, "sleep", end_at_third_nap)
    assert server.run("taken", TWO)["interrupted"] == {**ONE, "step": "switching"}
    assert naps == [lease.POLL] * 3


def test_check_mode_does_not_wait(server: Server, switch: subprocess.Popen[bytes]) -> None:
    leave_at_work(server, switch)
    seen = server.run("taken", TWO, _ansible_check_mode=True)
    assert not seen.get("failed") and seen["holder"]["busy"] and seen["heartbeat"] == ""
    assert seen["notes"][0].startswith("Another run is at work on this server: deploy by ") and "now at: switching." in seen["notes"][0]


def test_and_not_for_ever(server: Server, switch: subprocess.Popen[bytes]) -> None:
    leave_at_work(server, switch)
    refused = server.run("taken", TWO, wait=0)
    assert refused["failed"] and refused["holder"]["busy"]
    assert f"process {switch.pid} on the server goes on" in refused["msg"] and "waited for 0 s" in refused["msg"]


def test_check_mode_inspects_and_writes_nothing(server: Server) -> None:
    def files() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in server.stack.parent.rglob("*") if path.is_file()}

    check = {"_ansible_check_mode": True}
    assert server.run("taken", ONE, **check)["heartbeat"] == ""
    assert not server.leases.exists()
    server.run("taken", ONE, step="images")
    before = files()
    assert server.run("taken", TWO, **check)["holder"]["token"] == "token-1"
    server.run("held", TWO, **check)
    server.run("held", ONE, step="tree", **check)
    server.run("released", ONE, result="deployed", **check)
    assert files() == before
    server.die()
    before = files()
    assert server.run("taken", TWO, **check)["interrupted"]["token"] == "token-1"
    assert files() == before


def test_a_ledger_that_cannot_be_written_does_not_hide_how_the_run_ended(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(lease.AnsibleModule, "warn", lambda _module, text: warnings.append(text))
    server.run("taken", ONE)
    (server.stack / run_ledger.FILE).mkdir()
    released = server.run("released", ONE, result="failed")
    assert not released.get("failed") and not released["recorded"] and not released["lost"]
    assert len(warnings) == 1 and "deploy by anna@laptop (failed) could not be recorded" in warnings[0]
    assert server.place.load() is None


def test_what_a_killed_restore_to_a_moment_left_is_removed_by_whoever_takes_it_next(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed: list[str] = []
    monkeypatch.setattr(continuous, "DIRECTORY", str(tmp_path / "continuous"))
    monkeypatch.setattr(lease.restores, "remove", removed.append)
    server.run("taken", ONE, _ansible_check_mode=True)
    assert removed == []
    server.run("taken", ONE)
    assert removed == [str(tmp_path / "continuous")]
    server.run("released", ONE, result="unchanged")
    warnings: list[str] = []
    monkeypatch.setattr(lease.AnsibleModule, "warn", lambda _module, text: warnings.append(text))
    monkeypatch.setattr(lease.restores, "remove", raising)
    server.run("taken", TWO)
    assert warnings == [f"What a killed restore to a moment left below {tmp_path}/continuous could not be removed: Docker is silent"]


def raising(_root: str) -> None:
    raise PlatformError("Docker is silent")


@pytest.mark.parametrize("state", ["taken", "held", "released"])
def test_without_a_token_there_is_advice(server: Server, state: str) -> None:
    refused = server.run(state, {"by": "anna@laptop"}, result="failed")
    assert refused["failed"] and "Register that task" in refused["msg"]


def test_a_released_lease_can_be_taken_and_files_are_for_root_alone(server: Server) -> None:
    for run in (ONE, TWO):
        server.run("taken", run)
        assert server.leases.stat().st_mode & 0o7777 == 0o700
        assert {path.stat().st_mode & 0o7777 for path in server.leases.iterdir()} == {0o600}
        server.run("released", run, result="unchanged")
    assert [entry["run"] for entry in server.ledger] == ["token-1", "token-2"]
