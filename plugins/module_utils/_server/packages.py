# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who installs packages on a server right now: the locks of apt and dpkg, and the processes that have them."""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Iterable

from .._base.process import name_of

LOCKS = (
    "/var/lib/dpkg/lock-frontend",
    "/var/lib/dpkg/lock",
    "/var/lib/apt/lists/lock",
    "/var/cache/apt/archives/lock",
)
# struct flock, fcntl(2): type, whence, start, length, process.
_FLOCK = "@hhqqi"


def holder_of(path: str) -> int:
    """Return the process that has the lock on a file; 0 where nobody has it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    try:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _whence, _start, _length, pid = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    finally:
        os.close(descriptor)
    return 0 if kind == fcntl.F_UNLCK else pid


def holder(paths: Iterable[str] = LOCKS) -> str:
    """Return the process that has one of the locks, by name and number; empty where they are free."""
    for path in paths:
        pid = holder_of(path)
        if pid:
            return f"{name_of(pid) or 'a process'} (pid {pid})"
    return ""


def wait(timeout: float, paths: Iterable[str] = LOCKS, interval: float = 1.0) -> tuple[str, float]:
    """Wait until the locks are free; return who has had them, or still has where time ran out, and for how long that was."""
    began, last = time.monotonic(), ""
    while True:
        now = holder(paths)
        waited = time.monotonic() - began
        if not now or waited >= timeout:
            return now or last, waited
        last = now
        time.sleep(interval)
