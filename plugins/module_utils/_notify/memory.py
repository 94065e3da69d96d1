# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the watch remembers between two runs.

It lies outside of the stack's directory, in which so nothing changes by itself. One process at a time has it open. While its disk is
full, which is to be told all the more, it lies in memory.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field

from .._base import state
from .._base.files import make_directory, write_durably
from .changes import Known
from .message import Written

SPARE = "/run/rarebooks.platform"


@dataclass
class Waiting:
    """A message that a target did not take yet."""

    target: str
    since: str
    message: Written


@dataclass
class Failing:
    """Since when, and why, something does not take what it is sent."""

    since: str
    error: str


@dataclass
class Memory:
    """Everything that is remembered. Entries are those of the ledger that were told; -1 where none were looked at yet."""

    entries: int = -1
    looked: str = ""
    findings: dict[str, Known] = field(default_factory=dict)
    failing: dict[str, Failing] = field(default_factory=dict)
    waiting: list[Waiting] = field(default_factory=list)


def load(path: str) -> Memory:
    """Return what is remembered; a damaged file is forgotten, since it decides nothing."""
    places = [place for place in (path, spare(path)) if os.path.exists(place)]
    if not places:
        return Memory()
    try:
        return state.load(max(places, key=os.path.getmtime), Memory, "") or Memory()
    except state.StateError:
        return Memory()


def spare(path: str) -> str:
    """Return where it lies while its own disk takes nothing."""
    return os.path.join(SPARE, os.path.basename(path))


def keep(path: str, memory: Memory) -> None:
    """Write it where there is room."""
    data = json.dumps(asdict(memory)).encode() + b"\n"
    try:
        write_durably(path, data, 0o600)
    except OSError:
        make_directory(SPARE, 0o700)
        write_durably(spare(path), data, 0o600)
    else:
        with suppress(FileNotFoundError):
            os.unlink(spare(path))


@contextmanager
def opened(path: str) -> Iterator[Memory]:
    """Return what is remembered, and keep what becomes of it."""
    make_directory(os.path.dirname(path), 0o700)
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        memory = load(path)
        yield memory
        keep(path, memory)
    finally:
        os.close(descriptor)
