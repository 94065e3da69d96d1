# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of a zip that is not trusted, one by one, in normal form, within limits on what really comes out."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from .charset import name_of
from .names import REPACK, ArchiveError, Names, clean_name, is_excluded, wrapping_folder

CHUNK = 64 * 1024
_BOM = b"\xef\xbb\xbf"
_COPY = f"Copy the archive again; if it is damaged at its origin too: {REPACK}"
_BOMB = "If this really is the source, raise max_entries, max_size or max_ratio; if not, do not unpack it anywhere."
# Everything zipfile is known to raise over a damaged or hostile archive.
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError, OverflowError, OSError)
# Flags of traditional encryption, strong encryption and a masked directory.
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
}


@dataclass(frozen=True)
class Limits:
    """What an archive may cost: entries, bytes unpacked, and bytes unpacked for each byte of the archive."""

    max_entries: int = 10_000
    max_size: int = 500 * 1024 * 1024
    max_ratio: int = 200


def read_files(stream: BinaryIO, where: str, required: Sequence[str], limits: Limits) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield path and content of each file; a content must be consumed before the next file is asked for."""
    packed = stream.seek(0, os.SEEK_END)
    if packed > limits.max_size:
        most = f"at most {limits.max_size} bytes"
        raise ArchiveError(where, "the archive itself is too big", most, f"{packed} bytes", _BOMB)
    stream.seek(0)
    head = stream.read(4)
    try:
        archive = zipfile.ZipFile(stream)
    except _BROKEN as error:
        if head == b"PK\x03\x04":
            raise ArchiveError(where, "the zip is truncated or damaged", "a whole zip", str(error), _COPY) from error
        raise ArchiveError(where, "not a zip", "a zip archive", f"a file beginning with {head!r}") from error
    files = _entries(where, archive.infolist(), limits)
    if not files:
        raise ArchiveError(where, "the archive is empty", "the files of a source", "no file")
    strip = len(wrapping_folder(where, set(files), required))
    budget = _Budget(where, limits, packed)
    for path in sorted(files):
        yield path[strip:], _without_bom(_content(where, archive, files[path], budget))


def _entries(where: str, infos: list[zipfile.ZipInfo], limits: Limits) -> dict[str, zipfile.ZipInfo]:
    if len(infos) > limits.max_entries:
        raise ArchiveError(where, "too many entries", f"at most {limits.max_entries}", f"{len(infos)}", _BOMB)
    names = Names(where)
    files: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        raw = name_of(where, info)
        path = clean_name(where, raw)
        kind = stat.S_IFMT(info.external_attr >> 16)
        is_folder = kind == stat.S_IFDIR or raw.endswith(("/", "\\"))
        if is_excluded(path, is_folder):
            continue
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            got = f"{_KINDS.get(kind, 'an unknown kind of file')} at {raw!a}"
            raise ArchiveError(where, "an entry is no regular file", "files and folders only", got)
        if path:
            names.add(path, is_folder)
        elif not is_folder:
            raise ArchiveError(where, "an entry has no name", "a name for each file", ascii(raw))
        parts = path.split("/")
        if is_folder or parts[0] == "__MACOSX" or parts[-1] == ".DS_Store":
            continue
        if info.flag_bits & _ENCRYPTED:
            raise ArchiveError(where, "an entry is encrypted", "an archive without a password", ascii(raw))
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # The others decompress without a bound on memory, and not every server's Python has them.
            got = f"method {info.compress_type} at {raw!a}"
            raise ArchiveError(where, "an entry is compressed in an unusual way", "deflate or no compression", got)
        files[path] = info
    return files


class _Budget:
    """Counts the bytes that really come out of an archive, over all its files."""

    def __init__(self, where: str, limits: Limits, packed: int) -> None:
        self._where, self._limits, self._packed, self._spent = where, limits, packed, 0

    def spend(self, count: int) -> None:
        self._spent += count
        if self._spent > self._limits.max_size:
            most, got = f"at most {self._limits.max_size} bytes", f"{self._spent} bytes and more to come"
            raise ArchiveError(self._where, "the archive unpacks to too much", most, got, _BOMB)
        if self._spent > self._limits.max_ratio * self._packed:
            most = f"at most {self._limits.max_ratio} bytes for each byte of the archive"
            got = f"{self._spent} bytes and more to come out of {self._packed}"
            raise ArchiveError(self._where, "the archive is packed suspiciously tight", most, got, _BOMB)


def _content(where: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: _Budget) -> Iterator[bytes]:
    count = 0
    try:
        with archive.open(info) as stream:
            while chunk := stream.read(CHUNK):
                count += len(chunk)
                budget.spend(len(chunk))
                yield chunk
    except _BROKEN as error:
        got = f"{info.orig_filename!a}: {error}"
        raise ArchiveError(where, "the zip is damaged", "entries whose checksums hold", got, _COPY) from error
    if count != info.file_size:
        got = f"{count} bytes in {info.orig_filename!a}"
        raise ArchiveError(where, "the zip is damaged", f"{info.file_size} bytes as declared", got, _COPY)


def _without_bom(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Drop the UTF-8 BOM of a text file; what begins with one but is not valid UTF-8 is no text and stays as it is."""
    head = next(chunks, b"")
    if head.startswith(_BOM):
        head += b"".join(chunks)
        try:
            head.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            head = head[len(_BOM) :]
    yield head
    yield from chunks
