"""When a container counts as idle, and when as silent."""

from __future__ import annotations

import subprocess
import sys

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base import process as base_process
from ansible_collections.rarebooks.platform.plugins.module_utils._base.process import Work, work_of
from ansible_collections.rarebooks.platform.plugins.module_utils._health.activity import Activity

IDLE, BUSY = Work(10.0, 1000), Work(10.5, 1000)


class Server:
    """Processes whose work the test decides."""

    def __init__(self) -> None:
        self.works: dict[int, Work | None] = {1: IDLE, 2: IDLE}
        self.activity = Activity(self.works.get)

    def look(self, now: float, log: str = "started", processes: tuple[int, ...] = (1, 2)) -> tuple[float, float]:
        self.activity.look(processes, log, now)
        return self.activity.idle(now), self.activity.silent(now)


@pytest.fixture
def server() -> Server:
    server = Server()
    assert server.look(100) == (0, 0)
    return server


def test_nothing_moves(server: Server) -> None:
    assert [server.look(now) for now in (105, 110)] == [(5, 5), (10, 10)]


@pytest.mark.parametrize(
    ("work", "idle"),
    [
        (Work(10.24, 1000), 5),  # less than a twentieth of a core
        (Work(10.25, 1000), 0),
        (Work(10.0, 1000 + 5 * 256 * 1024), 0),
        (Work(10.0, 1000 + 5 * 256 * 1024 - 1), 5),
        (None, 0),  # it cannot be read: nobody knows
    ],
)
@pytest.mark.parametrize("process", [1, 2])
def test_work(process: int, work: Work | None, idle: float, server: Server) -> None:
    server.works[process] = work
    assert server.look(105) == (idle, idle)


def test_small_work_of_many_adds_up(server: Server) -> None:
    server.works.update({1: Work(10.2, 1000), 2: Work(10.2, 1000)})
    assert server.look(105) == (0, 0)


def test_another_process_is_a_movement(server: Server) -> None:
    server.works[3] = IDLE
    assert server.look(105, processes=(1, 3)) == (0, 0)


def test_a_line_in_the_log_breaks_the_silence_and_is_no_work(server: Server) -> None:
    assert server.look(105, "started\nwaiting") == (5, 0)
    assert server.look(110, "started\nwaiting") == (10, 5)


def test_work_of_a_real_process_counts_its_children() -> None:
    # Longer than what is asserted: the kernel counts in ticks of 0.01 s and rounds user and system time down, each by itself.
    burn = "import time\nwhile time.process_time() < 0.4: pass\nprint('done', flush=True)\ninput()"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout and parent.stdin and parent.stdout.readline() == b"done\n"
        work = work_of(parent.pid)
        assert work and work.cpu >= 0.3
        parent.stdin.close()
    assert work_of(parent.pid) is None and work_of(1 << 30) is None


def test_what_goes_to_disks_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    io = "rchar: 5\nwchar: 6\nread_bytes: 10\nwrite_bytes: 20\ncancelled_write_bytes: 7\n"
    real = base_process.read_proc
    monkeypatch.setattr(base_process, "read_proc", lambda path: io if path.endswith("/io") else real(path))
    with subprocess.Popen(["sleep", "60"]) as process:
        assert work_of(process.pid) == Work(0.0, 30)
        process.kill()
