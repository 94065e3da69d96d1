# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writing and reading files so that a crash leaves the old or the new content, never a mixture."""

from __future__ import annotations

import hashlib
import os
import tempfile

# A file that is being written: where a kill leaves one, it is known as ours.
TEMPORARY = ".rarebooks-tmp-"


def sha256(data: bytes) -> str:
    """Return the hexadecimal SHA-256 of data."""
    return hashlib.sha256(data).hexdigest()


DIRECTORY_MODE = 0o755


def sync_directory(path: str) -> None:
    """Make renames and removals in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: str, mode: int = DIRECTORY_MODE) -> list[str]:
    """Create a directory and its missing parents with just this mode, whatever the umask; return the created ones, outermost first."""
    missing = []
    while not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    missing.reverse()
    for directory in missing:
        umask = os.umask(0)  # a chmod afterwards would leave a narrow directory behind where a crash comes between
        try:
            os.mkdir(directory, mode)
        finally:
            os.umask(umask)
        sync_directory(os.path.dirname(directory))
    return missing


def write_durably(path: str, data: bytes, mode: int, owner: tuple[int, int] | None = None) -> None:
    """Create or replace a file: written under a temporary name beside it, synced, renamed, directory synced.

    The file never exists with wider permissions than mode, not even for a moment. Owner is user and group, ours where none is given.
    """
    directory = os.path.dirname(path)
    descriptor, temporary = tempfile.mkstemp(prefix=TEMPORARY, dir=directory)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            if owner is not None:
                os.fchown(stream.fileno(), *owner)
            os.fchmod(stream.fileno(), mode)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    sync_directory(directory)


def read_if_exists(path: str) -> bytes | None:
    """Return a file's content, or None where there is no such file."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
