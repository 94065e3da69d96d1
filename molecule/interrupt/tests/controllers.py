"""Runs that may not live to their end, and a server that may lose its power."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import docker
import pytest
import server
from deployment import NAME, ROOT, SHARED_PAYLOADS, command, operator_environment
from visitor import PAGES, Visitor

JOURNAL = "/opt/rarebooks/.release.journal.json"
CALLBACKS = ":".join(filter(None, [str(ROOT / "molecule/interrupt/callbacks"), os.environ.get(SHARED_PAYLOADS)]))
BOUNDARIES = {SHARED_PAYLOADS: CALLBACKS, "ANSIBLE_CALLBACKS_ENABLED": "boundaries"}


def version(number: object, **more: Any) -> dict[str, Any]:
    """Return the variables of a release that differs from others in the messenger's environment and site."""
    environment = {"DEMO_VERSION": str(number), **more}
    return {"maymessenger_extra_environment": environment, "maymessenger_body_size": f"{number}m", "stack_backup_databases": "dump"}


class Controller:
    """A run that may not live to its end."""

    def __init__(self, variables: Mapping[str, Any], playbook: str = "deploy.yml", **environment: str) -> None:
        self.process = subprocess.Popen(
            command(variables, playbook=playbook),
            cwd=ROOT,
            env=operator_environment() | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def end(self) -> tuple[int, str]:
        """Wait for its end, and return exit code and output."""
        output, _none = self.process.communicate(timeout=600)
        return self.process.returncode, output

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the run and all its workers, as a terminal does."""
        os.killpg(self.process.pid, number)


Controlling = Callable[..., Controller]


@pytest.fixture
def controller() -> Iterator[Controlling]:
    started: list[Controller] = []

    def start(variables: Mapping[str, Any], playbook: str = "deploy.yml", **environment: str) -> Controller:
        started.append(Controller(variables, playbook, **environment))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.signal(signal.SIGKILL)


@pytest.fixture
def boundaries(controller: Controlling, tmp_path: Path) -> Callable[..., dict[int, str]]:
    """Return a function that runs a playbook to its end and returns the tasks that reached the server, by number."""

    def record(variables: Mapping[str, Any], playbook: str = "deploy.yml") -> dict[int, str]:
        path = tmp_path / "boundaries.json"
        code, output = controller(variables, playbook, **BOUNDARIES, BOUNDARIES_RECORD=str(path)).end()
        assert code == 0, output
        return {int(number): name for number, name in json.loads(path.read_text()).items()}

    return record


@pytest.fixture
def kill_before(controller: Controlling) -> Callable[..., None]:
    """Return a function that runs a playbook whose controller dies before its n-th task."""

    def kill(number: int, variables: Mapping[str, Any], playbook: str = "deploy.yml") -> None:
        code, output = controller(variables, playbook, **BOUNDARIES, BOUNDARIES_KILL_BEFORE=str(number)).end()
        assert code == -signal.SIGKILL, output

    return kill


@pytest.fixture
def assert_shop_answers(visitor: Callable[[], Visitor]) -> Callable[[], None]:
    def check() -> None:
        somebody = visitor()
        assert [somebody.ask(page) for page in PAGES] == ["200"] * len(PAGES)

    return check


def live_version() -> str:
    """Return which version is live, and nothing else of the file that says so: it holds secrets."""
    line = server.run("grep", "^DEMO_VERSION=", "/opt/rarebooks/env/maymessenger_backend.env")
    return line.strip().partition("=")[2]


def wait_on_server(condition: str) -> None:
    """Wait until a shell condition holds on the server."""
    server.run("timeout", "120", "sh", "-c", f"until {condition}; do sleep 0.1; done")


def power_cycle() -> None:
    """Take the power away, and give it back."""
    docker.from_env().containers.get(f"rarebooks-{NAME}").kill()
    subprocess.run([sys.executable, "-m", "demo.server", "up", NAME], cwd=ROOT, check=True)
