# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The names of a zip's entries as text: where the zip does not say that they are UTF-8, they are what the packing system used."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib

from .names import REPACK, ArchiveError

_UTF_8_FLAG = 0x800
_UNICODE_PATH = 0x7075
# create_system of archivers on Windows: FAT, HPFS, NTFS, VFAT.
_WINDOWS = (0, 6, 10, 11, 14)
_WAY_OUT = f"Pack with 7-Zip and the parameter cu=on, or with PowerShell's Compress-Archive. {REPACK}"
# Russian Windows packs with the code page of its console, cp866, whose letters other encodings use as well. Names in those of
# Western Europe have them by ones and twos amid ASCII letters ("r\u0412sum\u0412" was "r\u00e9sum\u00e9"), and those in cp1251
# have none of the first half of the alphabet without something that is no letter.
_RUSSIAN = frozenset("\u0401\u0451\u2116").union(map(chr, range(0x410, 0x450)))
_TELLING = frozenset(map(chr, range(0x410, 0x440)))
_AMID = re.compile(r"[A-Za-z][^\x00-\x7f]{1,2}(?![^\x00-\x7f])|(?<![^\x00-\x7f])[^\x00-\x7f]{1,2}[A-Za-z]")


def name_of(where: str, info: zipfile.ZipInfo) -> str:
    """Return an entry's name, or refuse one whose encoding can only be guessed."""
    # Not filename: zipfile cuts it at a NUL and, since Python 3.12, may take it from an extra field.
    name = info.orig_filename
    if info.flag_bits & _UTF_8_FLAG or name.isascii():
        return name
    raw = name.encode("cp437")  # As zipfile has read it, for want of better knowledge.
    for found in (_unicode_path(info.extra, raw), *_guesses(raw, info.create_system)):
        if found is not None:
            return found
    expected = "UTF-8, or Russian names of a Russian Windows"
    raise ArchiveError(where, "a name is in an encoding that the zip does not state", expected, ascii(raw), _WAY_OUT)


def _guesses(raw: bytes, create_system: int) -> list[str | None]:
    # Either may pass for the other by chance, hence the one first that the system at hand is known for.
    return [_russian(raw), _utf_8(raw)] if create_system in _WINDOWS else [_utf_8(raw)]


def _utf_8(raw: bytes) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _russian(raw: bytes) -> str | None:
    name = raw.decode("cp866")
    letters = {character for character in name if not character.isascii()}
    is_russian = letters <= _RUSSIAN and letters & _TELLING and not _AMID.search(name)
    return name if is_russian else None


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """Return the name that an extra field tells in UTF-8, where it belongs to this name."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == _UNICODE_PATH and len(field) == length > 5 and struct.unpack_from("<BI", field) == (1, zlib.crc32(raw)):
            return _utf_8(field[5:])
    return None
