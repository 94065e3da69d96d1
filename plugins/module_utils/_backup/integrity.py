# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Proof that a backup is whole: every file of it has the size and the SHA-256 that its manifest names."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import Any

from .manifest import DUMPS, FILES, BackupError, Manifest

CHUNK = 1 << 20


def verify(directory: str, manifest: Manifest, dumps: bool = True) -> None:
    """Compare every file of a backup with its manifest, all of them before anything is complained of."""
    wrong = [
        f"{directory}/{FILES}/{path} {complaint}"
        for path, entry in sorted(manifest.files.items())
        if "link" not in entry and (complaint := _complaint(os.path.join(directory, FILES, path), entry))
    ]
    wrong += [
        f"{directory}/{DUMPS}/{path} {complaint}"
        for path, entry in sorted(manifest.dumps.items() if dumps else ())
        if (complaint := _complaint(os.path.join(directory, DUMPS, path), entry))
    ]
    if wrong:
        raise BackupError("; ".join(wrong))


def _complaint(path: str, entry: dict[str, Any]) -> str:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return "is no file"  # To open a pipe would wait for somebody to write to it.
        size, digest = measure(path)
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
