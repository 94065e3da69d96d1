"""The controller's part of lease: whom it takes for dead, which commit it names, when it beats and when it stops.

What needs real processes stands in test_lease_playbook.py.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.rarebooks.platform.plugins.action import lease
from ansible_collections.rarebooks.platform.plugins.module_utils._base import process as base_process
from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease as run_lease
from ansible_collections.rarebooks.platform.plugins.module_utils._run.lease import Run

GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, **{
    f"GIT_{who}_{what}": "anna@example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}}  # fmt: skip


class Controller(lease.ActionModule):
    """The action with a server that is this machine, or one that answers what the test wants."""

    def __init__(self, directory: Path, *answers: dict[str, Any]) -> None:
        self.answers, self.calls, self.started = list(answers), [], []  # type: ignore[var-annotated]
        self.commands: list[str] = []
        self.before_command = lambda: None
        self._task = SimpleNamespace(args={}, check_mode=False, async_val=0, no_log=False)
        self._loader = SimpleNamespace(get_basedir=lambda: str(directory))

    def _execute_module(self, module_name: str, module_args: dict[str, Any], **_rest: Any) -> dict[str, Any]:
        assert module_name == "rarebooks.platform.lease"
        self.calls.append(dict(module_args))
        return self.answers.pop(0)

    def _start_heartbeat(self, path: str, run: Run, host: str) -> None:
        self.started.append((path, run, host))

    def _low_level_execute_command(self, cmd: str, *_rest: Any, **_options: Any) -> dict[str, Any]:
        self.commands.append(cmd)
        self.before_command()
        done = subprocess.run(["/bin/sh", "-c", cmd], capture_output=True, text=True, check=False)
        return {"rc": done.returncode, "stdout": done.stdout}

    def act(self, **args: Any) -> dict[str, Any]:
        self._task.args = {"path": "/opt/rarebooks", **args}
        result: dict[str, Any] = self.run(task_vars={"inventory_hostname": "shop"})
        return result


@pytest.fixture(autouse=True)
def plain_base(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ActionBase, "run", lambda *_arguments: {})


def ended() -> tuple[int, int]:
    """Return number and start of a process that has ended."""
    process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    identity = process.pid, base_process.start_of(process.pid)
    process.communicate()
    return identity


def holder(controller: str, pid: int, start: int, busy: bool = False) -> dict[str, Any]:
    run = Run("theirs", controller=controller, pid=pid, pid_start=start).to_dict()
    return {"failed": True, "msg": "held", "holder": {**run, "step": "images", "age": 1.0, "busy": busy}}


def test_taking_names_the_run_and_starts_the_heartbeat(tmp_path: Path) -> None:
    action = Controller(tmp_path, {"changed": False, "heartbeat": "/run/x/beat"})
    assert action.act(state="taken", action="rollback", step="checking") == {"changed": False, "heartbeat": "/run/x/beat"}
    (call,) = action.calls
    run = Run.from_dict(call["run"])
    assert (run.action, run.by, run.controller) == ("rollback", lease.who(), lease.controller())
    assert run.pid == os.getppid() and base_process.alive(run.pid, run.pid_start)
    assert len(run.token) == 32 and run.commit == "" and run.started.endswith("Z") and "@" in run.by
    assert (call["step"], call["dead_token"]) == ("checking", "")
    assert action.started == [("/run/x/beat", run, "shop")]


@pytest.mark.parametrize("args", [{"state": "held", "run": {"token": "t"}}, {"state": "released", "result": "failed"}])
def test_the_other_states_are_passed_on(tmp_path: Path, args: dict[str, Any]) -> None:
    action = Controller(tmp_path, {"changed": False, "heartbeat": ""})
    action.act(**args)
    assert action.calls == [{"path": "/opt/rarebooks", **args}] and action.started == []


def test_check_mode_starts_no_heartbeat(tmp_path: Path) -> None:
    action = Controller(tmp_path, {"changed": False, "heartbeat": ""})
    action.act(state="taken")
    assert action.started == []


def test_a_holder_that_died_on_this_machine_is_reported_dead(tmp_path: Path) -> None:
    action = Controller(tmp_path, holder(lease.controller(), *ended()), {"changed": False, "heartbeat": "/beat"})
    assert "failed" not in action.act(state="taken")
    first, second = action.calls
    assert (first["dead_token"], second["dead_token"]) == ("", "theirs") and first["run"] == second["run"]
    assert len(action.started) == 1


def living() -> tuple[int, int]:
    return os.getpid(), base_process.start_of(os.getpid())


@pytest.mark.parametrize("case", ["alive", "elsewhere", "elsewhere unknown", "busy"])
def test_any_other_holder_is_believed(tmp_path: Path, case: str) -> None:
    here = lease.controller()
    answer = {
        "alive": lambda: holder(here, *living()),
        "elsewhere": lambda: holder("another machine", *ended()),
        "elsewhere unknown": lambda: holder("", *ended()),
        "busy": lambda: holder(here, *ended(), busy=True),
    }[case]()
    action = Controller(tmp_path, answer)
    assert action.act(state="taken")["failed"]
    assert len(action.calls) == 1 and action.started == []


def test_without_an_identity_nobody_is_taken_for_dead() -> None:
    unknown = holder("", *ended())["holder"]
    assert not lease.is_dead(Run(controller=""), unknown)


def test_a_number_that_another_process_has_now_is_a_dead_holder() -> None:
    pid, start = living()
    here = lease.controller()
    assert lease.is_dead(Run(controller=here), holder(here, pid, start + 1)["holder"])


def test_a_process_that_nobody_has_reaped_is_dead() -> None:
    process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    start = base_process.start_of(process.pid)
    assert base_process.alive(process.pid, start)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not base_process.alive(process.pid, start)
    process.communicate()


def test_the_commit_and_whether_there_is_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GIT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    checkout = tmp_path / "checkout"
    (checkout / "playbooks").mkdir(parents=True)
    assert lease.commit(str(checkout)) == ""
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", *command], cwd=checkout, check=True)
    clean = lease.commit(str(checkout / "playbooks"))
    assert len(clean) == 12 and int(clean, 16)
    (checkout / "new.yml").write_text("")
    assert lease.commit(str(checkout / "playbooks")) == f"{clean}+changes"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert lease.commit(str(checkout)) == ""


class Beating:
    """A heartbeat in this process: no time passes but that of the naps."""

    def __init__(self, action: Controller, monkeypatch: pytest.MonkeyPatch) -> None:
        self.action, self.time, self.living = action, 0.0, True
        monkeypatch.setattr(lease, "time", SimpleNamespace(sleep=self._sleep, monotonic=lambda: self.time))
        monkeypatch.setattr(lease.process, "alive", lambda *_identity: self.living)

    def _sleep(self, seconds: float) -> None:
        self.time += seconds
        assert self.time < 1000, "it goes on for ever"


@pytest.fixture
def beat(tmp_path: Path) -> Path:
    path = tmp_path / "a beat's file"
    path.write_text("1.0\n")
    return path


@pytest.fixture
def beating(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Beating:
    return Beating(Controller(tmp_path), monkeypatch)


def test_it_beats_every_interval_until_the_lease_is_given_back(beating: Beating, beat: Path) -> None:
    seen: list[tuple[float, str]] = []

    def look() -> None:
        seen.append((beating.time, beat.read_text()))
        if len(seen) == 3:
            beat.unlink()

    beating.action.before_command = look
    beating.action._keep_alive(str(beat), Run(), "shop")
    assert [at for at, _content in seen] == [run_lease.INTERVAL * number for number in (1, 2, 3)]
    assert seen[0][1] == "1.0\n" and float(seen[1][1].split()[0]) == pytest.approx(base_process.uptime(), abs=60)
    assert not beat.exists(), "a beat brought the file back"
    # The lease may also be given back between the look and the write.
    beating.action.before_command = lambda: None
    assert beating.action._command(beating.action.commands[0].partition(";")[2]) == (1, "") and not beat.exists()


def test_a_beat_brings_along_what_the_run_is_at(beating: Beating, beat: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    progress, kept = Path(run_lease.Place.progress(str(beat))), list[tuple[str, str]]()
    monkeypatch.setattr(lease._progress, "keep", lambda *what: kept.append(what))

    def look() -> None:
        if len(beating.action.commands) == 2:
            progress.write_text("rarebooks.platform: waiting for db\n")
        if len(beating.action.commands) == 3:
            beat.unlink()

    beating.action.before_command = look
    beating.action._keep_alive(str(beat), Run(), "shop")
    # Neither a missing line nor one that is there makes a beat fail.
    assert kept == [("shop", ""), ("shop", "rarebooks.platform: waiting for db\n"), ("shop", "")]
    assert beating.time == 3 * run_lease.INTERVAL
    beating.living = False
    beating.action._keep_alive(str(beat), Run(), "shop")
    assert not progress.exists()


def test_it_removes_the_file_when_the_main_process_is_gone(beating: Beating, beat: Path) -> None:
    beating.living = False
    beating.action._keep_alive(str(beat), Run(), "shop")
    assert not beat.exists() and len(beating.action.commands) == 1 and beating.time == 0


def test_it_gets_over_a_connection_that_fails_for_a_while(beating: Beating, beat: Path) -> None:
    def fail_three_times() -> None:
        if len(beating.action.commands) <= 3:
            raise OSError("no route")
        if len(beating.action.commands) == 5:
            beat.unlink()

    beating.action.before_command = fail_three_times
    beating.action._keep_alive(str(beat), Run(), "shop")
    assert len(beating.action.commands) == 5
    assert beating.time == 3 * lease.RETRY + 2 * run_lease.INTERVAL


def test_it_does_not_try_for_ever(beating: Beating, beat: Path) -> None:
    def fail() -> None:
        raise OSError("no route")

    beating.action.before_command = fail
    beating.action._keep_alive(str(beat), Run(), "shop")
    assert len(beating.action.commands) == lease.RETRIES + 1
    beating.living = False
    beating.action._keep_alive(str(beat), Run(), "shop")
    assert len(beating.action.commands) == 2 * lease.RETRIES + 1
