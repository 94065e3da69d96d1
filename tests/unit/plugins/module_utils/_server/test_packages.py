"""Who has the locks of apt and dpkg, tried with a process that has one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._server import packages

# As apt locks: fcntl(2), not flock(2).
LOCK = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True); input()"


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", LOCK, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline() == b"\n"
        yield str(path), process
        process.kill()


def test_the_holder_is_named(locked: tuple[str, subprocess.Popen[bytes]]) -> None:
    path, process = locked
    name = Path(f"/proc/{process.pid}/comm").read_text().strip()
    assert packages.holder(["/no/such/file", path]) == f"{name} (pid {process.pid})"


def test_free_locks(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    assert packages.holder([str(tmp_path / "lock"), str(tmp_path / "nothing")]) == ""
    assert packages.wait(0, [str(tmp_path / "lock")])[0] == ""


def test_time_runs_out(locked: tuple[str, subprocess.Popen[bytes]]) -> None:
    path, process = locked
    name, waited = packages.wait(0.05, [path], interval=0.01)
    assert name.endswith(f"(pid {process.pid})") and waited >= 0.05


def test_it_is_known_for_whom_was_waited(locked: tuple[str, subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch) -> None:
    path, process = locked

    def sleep(_seconds: float) -> None:
        process.kill()
        process.wait()

    monkeypatch.setattr(packages.time, "sleep", sleep)
    name, _waited = packages.wait(600, [path])
    assert name.endswith(f"(pid {process.pid})") and packages.holder([path]) == ""
