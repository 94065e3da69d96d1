"""Names of entries that the zip does not call UTF-8: those that are certain are read, the others are refused."""

from __future__ import annotations

import struct
import zipfile
import zlib

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._source.charset import name_of
from ansible_collections.rarebooks.platform.plugins.module_utils._source.names import ArchiveError

WINDOWS, UNIX = 0, 3


def _entry(raw: bytes, create_system: int = WINDOWS, extra: bytes = b"", flags: int = 0) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo()
    info.orig_filename = raw.decode("utf-8" if flags & 0x800 else "cp437")
    info.create_system, info.extra, info.flag_bits = create_system, extra, flags
    return info


def _unicode_path(name: str, raw: bytes) -> bytes:
    field = struct.pack("<BI", 1, zlib.crc32(raw)) + name.encode()
    return struct.pack("<HHI", 0x5455, 4, 0) + struct.pack("<HH", 0x7075, len(field)) + field


@pytest.mark.parametrize(
    "name",
    ["src/файл.cs", "Отчёт №5.txt", "src\\Модели\\База.cs", "Я.txt", "a и b.txt", "длинныйUI.cs", "v2_Ёж", "ска", "тип"],
)
def test_russian_names_of_windows(name: str) -> None:
    """Two of them happen to be UTF-8 as well."""
    assert name_of("x.zip", _entry(name.encode("cp866"))) == name


@pytest.mark.parametrize("create_system", [WINDOWS, 11, UNIX, 19])
@pytest.mark.parametrize("name", ["src/файл.cs", "résumé.txt", "図.png"])
def test_utf_8_without_its_flag(name: str, create_system: int) -> None:
    assert name_of("x.zip", _entry(name.encode(), create_system)) == name


@pytest.mark.parametrize("raw", [b"ascii.txt", "файл".encode()])
def test_what_the_flag_says_is_not_doubted(raw: bytes) -> None:
    assert name_of("x.zip", _entry(raw, flags=0x800)) == raw.decode()


def test_the_extra_field_is_believed_where_it_belongs_to_the_name() -> None:
    raw = "résumé.txt".encode("cp850")
    assert name_of("x.zip", _entry(raw, extra=_unicode_path("résumé.txt", raw))) == "résumé.txt"
    with pytest.raises(ArchiveError):
        name_of("x.zip", _entry(raw, extra=_unicode_path("résumé.txt", b"renamed since")))
    with pytest.raises(ArchiveError):
        name_of("x.zip", _entry(raw, extra=_unicode_path("résumé.txt", raw)[:-9]))


@pytest.mark.parametrize(
    "raw, create_system",
    [
        ("résumé.txt".encode("cp850"), WINDOWS),
        ("Größe.txt".encode("cp437"), WINDOWS),
        ("configuração.txt".encode("cp850"), WINDOWS),
        ("naïve".encode("cp437"), WINDOWS),
        ("файл".encode("cp866"), UNIX),
        ("файл".encode("cp1251"), WINDOWS),
        ("мама".encode("cp1251"), WINDOWS),
        (b"\xb0\xb1", WINDOWS),
    ],
)
def test_what_could_only_be_guessed_is_refused(raw: bytes, create_system: int) -> None:
    with pytest.raises(ArchiveError) as refusal:
        name_of("x.zip", _entry(raw, create_system))
    text = str(refusal.value)
    assert text.startswith("x.zip: a name is in an encoding that the zip does not state. Expected UTF-8, or Russian names of")
    assert "package.yml" in text and text.isascii()


def test_a_long_name_costs_no_time() -> None:
    name = "ж" * 60_000
    assert name_of("x.zip", _entry(name.encode("cp866"))) == name
    with pytest.raises(ArchiveError):
        name_of("x.zip", _entry(name.encode("cp866") + b"\xb0"))
