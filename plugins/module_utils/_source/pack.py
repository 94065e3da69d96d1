# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Packing a directory so that the same files always give the same bytes."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from collections.abc import Iterator, Sequence

from .._base.files import write_durably
from .entries import Limits
from .names import EXCLUDE, ArchiveError, clean_name, is_excluded
from .read import DEFAULT_LIMITS, mode_of

_EPOCH = (1980, 1, 1, 0, 0, 0)
_RENAME = "Rename it, or exclude it."


def pack(directory: str, destination: str, exclude: Sequence[str] = EXCLUDE, limits: Limits = DEFAULT_LIMITS) -> None:
    """Write the archive of a directory, all or nothing."""
    write_durably(destination, build(directory, exclude, limits), 0o644)


def build(directory: str, exclude: Sequence[str] = EXCLUDE, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Return the archive of a directory; in memory, since the limits bound it and a source is a few megabytes."""
    buffer = io.BytesIO()
    try:
        with zipfile.ZipFile(buffer, "w") as archive:
            for path in _files_within(directory, exclude, limits):
                with open(os.path.join(directory, path), "rb") as stream:
                    data = stream.read()
                info = zipfile.ZipInfo(path, _EPOCH)
                info.create_system = 3
                info.external_attr = (stat.S_IFREG | mode_of(path, data)) << 16
                archive.writestr(info, data, zipfile.ZIP_DEFLATED, compresslevel=9)
    except OSError as error:
        got = f"{error.strerror} at {error.filename}"
        advice = "Check the path and its permissions."
        raise ArchiveError(directory, "cannot read the source", "a readable directory", got, advice) from error
    return buffer.getvalue()


def _files_within(directory: str, exclude: Sequence[str], limits: Limits) -> list[str]:
    """Return the sorted paths of a directory's files; the limits are looked at first, should it be the wrong one."""
    paths: list[str] = []
    size = 0
    for path, status in _walk(directory, "", exclude):
        paths.append(path)
        size += status.st_size
        if len(paths) > limits.max_entries or size > limits.max_size:
            raise ArchiveError(
                directory,
                "the directory holds too much",
                f"at most {limits.max_entries} files of {limits.max_size} bytes together",
                f"{len(paths)} files of {size} bytes and more to come",
                "Check that this is the source; if it is, raise max_entries or max_size.",
            )
    return sorted(paths)


def _walk(directory: str, prefix: str, exclude: Sequence[str]) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(os.path.join(directory, prefix)) as entries:
        for entry in entries:
            is_folder = entry.is_dir(follow_symlinks=False)
            if is_excluded(entry.name, is_folder, exclude):
                continue
            path = f"{prefix}/{entry.name}" if prefix else entry.name
            if clean_name(directory, path) != path:
                expected, got = "names without a backslash", ascii(path)
                raise ArchiveError(directory, "a name cannot be packed", expected, got, _RENAME)
            if is_folder:
                yield from _walk(directory, path, exclude)
            elif entry.is_file(follow_symlinks=False):
                yield path, entry.stat(follow_symlinks=False)
            else:
                got = f"{'a symbolic link' if entry.is_symlink() else 'a special file'} at {path!a}"
                advice = "Replace it by what it stands for, or exclude it."
                raise ArchiveError(directory, "not a regular file", "files and folders only", got, advice)
