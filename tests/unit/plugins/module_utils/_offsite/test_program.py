"""A program that nobody waits for any more does not go on, and neither does what it has started."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base.process import start_of
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import program


def test_what_does_not_answer_is_ended_with_what_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"sleep 60 & echo $$ $! > {pids}; wait"
    with pytest.raises(subprocess.TimeoutExpired):
        program.run(["sh", "-c", script], os.environ, 0.5, None, None)
    first, second = (int(pid) for pid in pids.read_text().split())
    deadline = time.monotonic() + 10
    while start_of(first) or start_of(second):
        assert time.monotonic() < deadline, "it goes on"
        time.sleep(0.01)


def test_it_is_given_blocks_and_says_how_it_ended() -> None:
    done = program.run(["sh", "-c", "cat; echo wrong >&2; exit 3"], os.environ, None, [b"one ", b"two"], None)
    assert (done.code, done.stdout, done.stderr) == (3, b"one two", b"wrong\n")


def test_one_that_stops_reading_says_itself_why() -> None:
    done = program.run(["sh", "-c", "exec <&-; echo full >&2; exit 1"], os.environ, None, (b"x" * 65536 for _ in range(64)), None)
    assert (done.code, done.stderr) == (1, b"full\n")
