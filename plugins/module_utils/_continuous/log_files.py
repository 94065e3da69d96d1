# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of the write-ahead log as a receiver writes them: names that count, complete ones, and one that is being written."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

PARTIAL = ".partial"
_SEGMENT = re.compile(r"[0-9A-F]{24}")
_HISTORY = re.compile(r"[0-9A-F]{8}\.history")
_PER_LOG = 1 << 32
# What initdb lets a segment's size be, 1 MiB to 1 GiB.
SIZES = frozenset(1 << power for power in range(20, 31))


@dataclass(frozen=True)
class LogFile:
    """One file. Name is that of the segment also while it is not complete; changed is when it was last written, in nanoseconds."""

    path: str
    size: int
    changed: int

    @property
    def name(self) -> str:
        return os.path.basename(self.path).removesuffix(PARTIAL)

    @property
    def partial(self) -> bool:
        return self.path.endswith(PARTIAL)


def files_in(directory: str) -> list[LogFile]:
    """Return the segments of a directory in their order, and what tells of its timelines."""
    found = []
    with suppress(FileNotFoundError), os.scandir(directory) as entries:
        for entry in entries:
            if _SEGMENT.fullmatch(entry.name.removesuffix(PARTIAL)) or _HISTORY.fullmatch(entry.name):
                with suppress(FileNotFoundError):  # It was completed meanwhile, and has another name.
                    status = entry.stat()
                    found.append(LogFile(entry.path, status.st_size, status.st_mtime_ns))
    return sorted(found, key=lambda one: (one.name, one.partial))


def complete(files: Iterable[LogFile]) -> list[LogFile]:
    """Return what is not written to any more."""
    return [one for one in files if not one.partial]


def partial(files: Iterable[LogFile]) -> LogFile | None:
    """Return what is being written to."""
    return next((one for one in files if one.partial), None)


def is_segment(name: str) -> bool:
    """Say whether a name is that of a segment, and not of a timeline's history."""
    return _SEGMENT.fullmatch(name) is not None


def name_of(timeline: int, lsn: str, size: int) -> str:
    """Return the name of the segment that holds a place in the log, such as 0/2000028."""
    high, low = place_of(lsn)
    return f"{timeline:08X}{high:08X}{low // size:08X}"


def place_of(lsn: str) -> tuple[int, int]:
    """Return a place in the log, such as 0/2000028, as numbers that can be compared."""
    high, low = (int(part, 16) for part in lsn.split("/"))
    return high, low


def following(name: str, size: int) -> str:
    """Return the name of the next segment of the same timeline."""
    timeline, log, number = name[:8], int(name[8:16], 16), int(name[16:], 16) + 1
    if number == _PER_LOG // size:
        log, number = log + 1, 0
    return f"{timeline}{log:08X}{number:08X}"


def first_missing(names: Iterable[str], start: str, size: int) -> tuple[str, str]:
    """Return the first segment from start on that is not there though a later one is, and the one before; nothing where none is missing."""
    there = {one for one in names if is_segment(one) and one[:8] == start[:8]}
    last = max(there, default="")
    name, before = start, ""
    while name <= last or not before:
        if name not in there:
            return name, before
        name, before = following(name, size), name
    return "", ""
