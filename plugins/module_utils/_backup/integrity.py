# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Proof that a backup is whole: every file of it has the size and the SHA-256 that its manifest names."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from enum import Enum
from typing import Any

from .._base.files import sha256
from .manifest import DUMPS, FILES, BackupError, Manifest, dump

CHUNK = 1 << 20


class Dumps(Enum):
    """How far dumps are looked at. To read them takes as long as they are large."""

    IGNORED = "ignored"
    SIZES = "sizes"
    CONTENTS = "contents"


def verify(directory: str, manifest: Manifest, dumps: Dumps = Dumps.CONTENTS, known: str = "") -> str:
    """Compare every file of a backup with its manifest, all of them before anything is complained of; return the mark of this proof.

    Known is the mark of an earlier one. Where nothing was written to any of the files since, nothing is read again.
    """
    mark = _mark(directory, manifest, dumps)
    if mark and mark == known:
        return mark
    wrong = [
        f"{path} {complaint}"
        for path, entry, contents in _entries(directory, manifest, dumps)
        if (complaint := _complaint(path, entry, contents))
    ]
    if wrong:
        raise BackupError("; ".join(wrong))
    return mark


def _entries(directory: str, manifest: Manifest, dumps: Dumps) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Yield each file to look at, what the manifest says of it, and whether to read it."""
    for path, entry in sorted(manifest.files.items()):
        if "link" not in entry:
            yield os.path.join(directory, FILES, path), entry, True
    for path, entry in sorted(manifest.dumps.items() if dumps is not Dumps.IGNORED else ()):
        yield os.path.join(directory, DUMPS, path), entry, dumps is Dumps.CONTENTS


def _mark(directory: str, manifest: Manifest, dumps: Dumps) -> str:
    """Return what tells this proof from any other: a file that is written to has another time of change, which nobody can set."""
    seen: list[Any] = [dump(manifest).decode()]
    try:
        for path, _entry, contents in _entries(directory, manifest, dumps):
            found = os.stat(path)
            seen.append([path, contents, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns])
    except OSError:
        return ""  # What is wrong with it is for the comparison to say.
    return sha256(json.dumps(seen).encode())


def _complaint(path: str, entry: dict[str, Any], contents: bool) -> str:
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            return "is no file"  # To open a pipe would wait for somebody to write to it.
        size, digest = measure(path) if contents else (found.st_size, entry["sha256"])
    except (FileNotFoundError, NotADirectoryError):
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if size != entry["size"]:
        return f"was changed or truncated: expected {entry['size']} bytes, got {size}"
    return "" if digest == entry["sha256"] else "was changed: its SHA-256 is not the sealed one"


def measure(path: str) -> tuple[int, str]:
    """Return size and SHA-256 of a file of any size."""
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as stream:
        while block := stream.read(CHUNK):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()
