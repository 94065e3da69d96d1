# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a killed run leaves of files and backups that it was writing: it may hold secrets, and nobody will ever finish it.

Only for whoever has just taken the lease: then no other run is at work, and nothing of this one is there yet.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress

from .files import TEMPORARY

# What mkstemp makes of our prefix; up to 0.3 that was one which others use too, so that only what is private counts.
NAME = re.compile(rf"{re.escape(TEMPORARY)}[a-z0-9_]{{8}}")
OLD_NAME = re.compile(r"\.tmp-[a-z0-9_]{8}")
BACKUPS, UNFINISHED = "backups", (".sealing-", ".removing-")


def remove(root: str) -> list[str]:
    """Remove what killed runs left in a stack's directory and among its backups; return the paths."""
    found = [*_files(root), *_files(os.path.join(root, BACKUPS)), *_unfinished(os.path.join(root, BACKUPS))]
    for path in found:
        with suppress(FileNotFoundError):
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
    return found


def _files(directory: str) -> Iterator[str]:
    for name in _names(directory):
        path = os.path.join(directory, name)
        if not NAME.fullmatch(name) and not OLD_NAME.fullmatch(name):
            continue
        status = os.lstat(path)
        private = status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) == 0o600
        if stat.S_ISREG(status.st_mode) and (private or NAME.fullmatch(name)):
            yield path


def _unfinished(directory: str) -> Iterator[str]:
    for name in _names(directory):
        path = os.path.join(directory, name)
        if name.startswith(UNFINISHED) and os.path.isdir(path) and not os.path.islink(path):
            yield path


def _names(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []
