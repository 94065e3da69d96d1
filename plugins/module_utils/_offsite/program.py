# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Running a program that reads and writes more than memory holds, and that never outlives the one that runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

SECONDS_TO_END = 10.0


@dataclass(frozen=True)
class Done:
    """How a program ended."""

    code: int
    stdout: bytes
    stderr: bytes


def run(
    argv: Sequence[str], environment: Mapping[str, str], seconds: float | None, given: Iterable[bytes] | None, into: IO[bytes] | None
) -> Done:
    """Run a program, with its output in files, so that neither side waits for the other one; with it end those that it has started."""
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        stdin = subprocess.DEVNULL if given is None else subprocess.PIPE
        with subprocess.Popen(  # noqa: S603  # pylint: disable=ansible-bad-function
            argv, env=environment, stdin=stdin, stdout=into or stdout, stderr=stderr, start_new_session=True
        ) as process:
            try:
                if given is not None and process.stdin is not None:
                    _feed(process.stdin, given)
                code = process.wait(seconds)
            finally:
                _end(process)
        stdout.seek(0)
        stderr.seek(0)
        return Done(code, stdout.read(), stderr.read())


def _feed(stdin: IO[bytes], blocks: Iterable[bytes]) -> None:
    """Write blocks and the end of them. If their source fails there is no end: what came so far would be taken for all."""
    with suppress(BrokenPipeError):  # Why it stopped to read, it says itself.
        for block in blocks:
            stdin.write(block)
        stdin.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that nobody waits for any more, with those that it has started, some of which heed no interrupt."""
    if process.poll() is not None:
        return
    # At an interrupt restic takes its locks away, in versions before 0.17 at that one alone.
    os.killpg(process.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(SECONDS_TO_END)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
