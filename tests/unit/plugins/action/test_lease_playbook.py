"""The lease as a run takes it: real processes, a real heartbeat, and a controller that is really killed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.rarebooks.platform.plugins.module_utils._run.lease import Place
from ansible_collections.rarebooks.platform.plugins.module_utils._run.progress import telling

ROOT = Path(__file__).resolve().parents[4]
# Seconds on a machine with much else to do; what is waited for comes within a second on an idle one.
PATIENCE = 120

PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}"
  tasks:
    - rarebooks.platform.lease:
        path: {path}
        directory: {path}/leases
        state: taken
        step: checking
      register: lease
    - ansible.builtin.command: cat {path}/until
      when: hold | default(false)
    - rarebooks.platform.lease:
        path: {path}
        directory: {path}/leases
        state: released
        run: "{{{{ lease.run }}}}"
        result: unchanged
"""


def wait_until(holds: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


class Server:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.play = path / "play.yml"
        self.play.write_text(PLAY.format(path=path))
        os.mkfifo(path / "until")

    def start(self, check: bool = False, **variables: Any) -> subprocess.Popen[str]:
        mode = ["--check"] if check else []
        settings = {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_COLLECTIONS_PATH": f"{ROOT}/collections"}
        return subprocess.Popen(
            [Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", "-e", json.dumps(variables), *mode, self.play],
            env={**os.environ, **settings, "RAREBOOKS_STEPS_HEARTBEAT": "1"},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip

    def run(self, check: bool = False) -> tuple[int, str]:
        process = self.start(check)
        output, _none = process.communicate(timeout=60)
        return process.returncode, output

    def beats(self) -> list[Path]:
        found = []
        # Not the temporary file that becomes the lease, which has a name of its own kind.
        for path in (self.path / "leases").glob("[!.]*.*"):
            # It may be removed, or be written anew, between being listed and being looked at.
            with suppress(FileNotFoundError):
                if path.suffix not in (".json", ".lock", ".progress") and path.stat().st_size:
                    found.append(path)
        return found

    def processes(self) -> list[int]:
        """Return the processes of runs, heartbeats and commands included: they keep the command line they were forked with."""
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                if str(self.path).encode() in Path(f"/proc/{name}/cmdline").read_bytes():
                    found.append(int(name))
            except OSError:
                continue
        return found

    def kill(self) -> None:
        """Kill all of them at once: none may see another one die, and tell of it."""
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for process in self.processes():
                with suppress(ProcessLookupError):
                    os.kill(process, number)

    def ledger(self) -> list[str]:
        path = self.path / "ledger.jsonl"
        return [json.loads(line)["result"] for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.kill()


def holding(server: Server) -> subprocess.Popen[str]:
    process = server.start(hold=True)
    wait_until(server.beats, "the first heartbeat")
    return process


def test_a_run_ends_at_once_and_leaves_no_process(server: Server) -> None:
    code, output = server.run()
    assert code == 0 and "changed=0" in output
    wait_until(lambda: not server.processes(), "the heartbeat to end")
    assert server.beats() == [] and server.ledger() == ["unchanged"]


def test_while_it_lives_it_beats_and_nobody_else_gets_in(server: Server) -> None:
    process = holding(server)
    (beat,) = server.beats()
    first = beat.read_text()
    wait_until(lambda: beat.read_text() not in (first, ""), "the next heartbeat")
    code, output = server.run()
    assert code == 2 and "is held by another run: deploy by " in output and "now at: checking" in output
    # Who only looks is not in the way, and nobody is in his.
    assert server.run(check=True)[0] == 0 and server.beats() == [beat]
    process.kill()


def test_what_a_step_is_at_is_on_the_screen(server: Server) -> None:
    process = holding(server)
    (beat,) = server.beats()
    place = Place(str(server.path), str(server.path / "leases"))
    with telling(place, beat.suffix[1:]) as tell:
        tell("waiting for db\x1b[2J (starting, 3 s)")
        assert process.stdout
        # One a second, and a heartbeat each five.
        seen = next(line for line in islice(process.stdout, PATIENCE) if "waiting" in line)
    assert re.fullmatch(r"localhost  \.\.\. +\d+\.\d s  waiting for db\[2J \(starting, 3 s\)\n", seen)
    (server.path / "until").write_text("")
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


def test_the_lease_dies_with_the_controller(server: Server) -> None:
    process = holding(server)
    process.kill()
    wait_until(lambda: not server.beats(), "the heartbeat's end to be told")
    assert server.run()[0] == 0
    assert server.ledger() == ["interrupted", "unchanged"]


def test_on_its_own_machine_a_dead_controller_is_known_also_without_its_heartbeat(server: Server) -> None:
    holding(server)
    server.kill()
    assert server.beats(), "somebody told of the end, so this proves nothing"
    assert server.run()[0] == 0
    assert server.ledger() == ["interrupted", "unchanged"]


def test_check_mode_takes_nothing(server: Server) -> None:
    before = sorted(server.path.rglob("*"))
    assert server.run(check=True)[0] == 0
    assert sorted(server.path.rglob("*")) == before


FAILING = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}"
  tasks:
    - rarebooks.platform.lease:
        path: {path}
        directory: {path}/leases
        state: taken
        step: preparing what the release needs
      register: lease
    - block:
        - {task}
      always:
        - rarebooks.platform.lease:
            path: {path}
            directory: {path}/leases
            state: released
            run: "{{{{ lease.run }}}}"
            result: failed
"""


@pytest.mark.parametrize(
    ("task", "error"),
    [
        ('{ansible.builtin.fail: {msg: "No image, hunter2-hunter2\\nmore"}, register: __stack_outcome}', "No image, ********"),
        ('{ansible.builtin.assert: {that: false, fail_msg: "Expected another"}, register: __docker_outcome}', "Expected another"),
    ],
)
def test_a_failure_before_the_switch_is_in_the_ledger_with_its_step(server: Server, task: str, error: str) -> None:
    (server.path / ".secrets.json").write_text('{"db": "hunter2-hunter2"}')
    (server.path / ".rarebooks-tmp-abcd1234").write_text("left by a killed run")
    server.play.write_text(FAILING.format(path=server.path, task=task))
    code, output = server.run()
    assert code == 2 and output.count("  FAILED  ") == 1
    (entry,) = [json.loads(line) for line in (server.path / "ledger.jsonl").read_text().splitlines()]
    assert (entry["result"], entry["step"], entry["error"]) == ("failed", "preparing what the release needs", error)
    assert not (server.path / ".rarebooks-tmp-abcd1234").exists()


@pytest.mark.parametrize(("begun", "result"), [(True, "failed"), (False, "refused")])
def test_a_deploy_that_failed_after_it_began_to_change_the_server_was_not_refused(server: Server, begun: bool, result: str) -> None:
    """Whatever it changes, such as Docker's settings alone: nobody is told of what was refused."""
    tasks = ROOT / "roles/stack/tasks"
    begin, *_rest = yaml.safe_load((tasks / "prepare.yml").read_text())
    taken = {"rarebooks.platform.lease": {"state": "taken", "step": "checking"}, "register": "stack_lease"}
    failing = {"ansible.builtin.fail": {"msg": "No package"}, "register": "__stack_outcome"}
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}", "__stack_changes": False},
        "module_defaults": {"rarebooks.platform.lease": {"path": str(server.path), "directory": f"{server.path}/leases"}},
        "tasks": [taken, {"block": [begin] * begun + [failing], "always": yaml.safe_load((tasks / "give_back.yml").read_text())}],
    }
    server.play.write_text(json.dumps([play]))
    assert server.run()[0] == 2
    (entry,) = [json.loads(line) for line in (server.path / "ledger.jsonl").read_text().splitlines()]
    assert (entry["result"], entry["step"]) == (result, "preparing what the release needs" if begun else "checking")


def test_what_is_not_to_be_shown_is_not_recorded_either(server: Server) -> None:
    task = '{ansible.builtin.fail: {msg: "hidden"}, register: __stack_outcome}'
    server.play.write_text(FAILING.format(path=server.path, task=task).replace("gather_facts", "no_log: true\n  gather_facts"))
    assert server.run()[0] == 2
    (entry,) = [json.loads(line) for line in (server.path / "ledger.jsonl").read_text().splitlines()]
    assert (entry["result"], entry["error"]) == ("failed", "")
