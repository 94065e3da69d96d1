"""Every archive that must be refused, built byte by byte, since no honest tool would make it."""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import tempfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._source.entries import Limits
from ansible_collections.rarebooks.platform.plugins.module_utils._source.names import ArchiveError
from ansible_collections.rarebooks.platform.plugins.module_utils._source.read import inspect, unpack
from hypothesis import given, settings
from hypothesis import strategies as st

SMALL = Limits(max_entries=20, max_size=100_000, max_ratio=50)


@dataclass(frozen=True)
class Entry:
    """One entry of a zip; each field may lie."""

    name: str
    data: bytes = b"content\n"
    method: int = 8
    flags: int = 0x800
    mode: int = 0
    size: int | None = None
    crc: int | None = None
    header_name: str | None = None

    def parts(self, offset: int) -> tuple[bytes, bytes]:
        """Return the local header with its data, and the directory record."""
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = deflate.compress(self.data) + deflate.flush() if self.method == 8 else self.data
        size = len(self.data) if self.size is None else self.size
        crc = zlib.crc32(self.data) if self.crc is None else self.crc
        encoding = "utf-8" if self.flags & 0x800 else "cp437"
        name, header_name = (text.encode(encoding) for text in (self.name, self.header_name or self.name))
        common = struct.pack("<HHHHHIII", 20, self.flags, self.method, 0, 0x21, crc, len(packed), size)
        local = b"PK\x03\x04" + common + struct.pack("<HH", len(header_name), 0) + header_name + packed
        tail = struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, self.mode << 16, offset)
        return local, b"PK\x01\x02" + struct.pack("<H", 20) + common + tail + name


def raw_zip(*entries: Entry) -> bytes:
    """Return the bytes of a zip."""
    body, directory = b"", b""
    for entry in entries:
        local, record = entry.parts(len(body))
        body += local
        directory += record
    end = struct.pack("<HHHHIIH", 0, 0, len(entries), len(entries), len(directory), len(body), 0)
    return body + directory + b"PK\x05\x06" + end


GOOD = (Entry("Dockerfile"), Entry("MayMessenger.sln"), Entry("src/App/A.cs"))
WHOLE = raw_zip(*GOOD)

REFUSED = {
    "not a zip": (b"<html>404</html>", "not a zip. Expected a zip archive, got a file beginning with b'<htm'"),
    "empty file": (b"", "not a zip"),
    "truncated": (WHOLE[:-40], "the zip is truncated or damaged"),
    "truncated inside": (WHOLE[:60], "the zip is truncated or damaged"),
    "crc": (raw_zip(*GOOD, Entry("x", crc=1)), "the zip is damaged. Expected entries whose checksums hold, got 'x'"),
    "flipped bit": (WHOLE.replace(b"Dockerfile", b"Dockerfilf", 1), "the zip is damaged"),
    "two names": (raw_zip(*GOOD, Entry("x", header_name="../x")), "the zip is damaged"),
    "declares too little": (raw_zip(*GOOD, Entry("x", b"a" * 100, size=10)), "the zip is damaged"),
    "declares too much": (raw_zip(*GOOD, Entry("x", b"a" * 100, size=200)), "Expected 200 bytes as declared, got 100"),
    "encrypted": (raw_zip(*GOOD, Entry("x", flags=0x801)), "an entry is encrypted"),
    "strongly encrypted": (raw_zip(*GOOD, Entry("x", flags=0x840)), "an entry is encrypted"),
    "bzip2": (raw_zip(*GOOD, Entry("x", method=12)), "compressed in an unusual way"),
    "traversal": (raw_zip(*GOOD, Entry("../x")), "an entry leaves the archive's folder. Expected paths without '..'"),
    "traversal inside": (raw_zip(*GOOD, Entry("src/../../x")), "leaves the archive's folder"),
    "traversal by backslash": (raw_zip(*GOOD, Entry("src\\..\\..\\x")), r"got 'src\\..\\..\\x'"),
    "traversal of a folder": (raw_zip(*GOOD, Entry("../", b"")), "leaves the archive's folder"),
    "traversal among the ignored": (raw_zip(*GOOD, Entry("__MACOSX/../../x")), "leaves the archive's folder"),
    "absolute": (raw_zip(*GOOD, Entry("/etc/passwd")), "an entry has an absolute path"),
    "absolute by backslash": (raw_zip(*GOOD, Entry("\\x")), "an entry has an absolute path"),
    "drive": (raw_zip(*GOOD, Entry("C:\\x")), r"an entry has an absolute path"),
    "drive relative": (raw_zip(*GOOD, Entry("c:x")), r"an entry has an absolute path"),
    "unc": (raw_zip(*GOOD, Entry("\\\\host\\share\\x")), "an entry has an absolute path"),
    "symlink": (raw_zip(*GOOD, Entry("x", b"/etc", mode=stat.S_IFLNK | 0o777)), "got a symbolic link at 'x'"),
    "device": (raw_zip(*GOOD, Entry("x", mode=stat.S_IFBLK | 0o600)), "got a block device at 'x'"),
    "pipe": (raw_zip(*GOOD, Entry("x", mode=stat.S_IFIFO | 0o600)), "got a named pipe at 'x'"),
    "unknown kind": (raw_zip(*GOOD, Entry("x", mode=0o070000)), "got an unknown kind of file at 'x'"),
    "nul": (raw_zip(*GOOD, Entry("x\0.txt")), r"a name holds a control or invisible character. Expected printable names, got 'x\x00"),
    "escape": (raw_zip(*GOOD, Entry("x\x1b[2J")), "a name holds a control or invisible character"),
    "right to left": (
        raw_zip(*GOOD, Entry("src/sc.\u202egnp")),
        r"a name holds a control or invisible character. Expected printable names, got 'src/sc.\u202egnp'",
    ),
    "isolate": (raw_zip(*GOOD, Entry("a\u2066b")), "a name holds a control or invisible character"),
    "no width": (raw_zip(*GOOD, Entry("Docker\u200bfile")), "a name holds a control or invisible character"),
    "excluded, but away": (raw_zip(*GOOD, Entry("bin/../../x")), "an entry leaves the archive's folder"),
    "nothing but what is left out": (raw_zip(Entry("bin/A.dll"), Entry(".git/HEAD")), "the archive is empty"),
    "no name": (raw_zip(*GOOD, Entry("./.")), "an entry has no name"),
    "long name": (raw_zip(*GOOD, Entry("x" * 256)), "an entry's path is too long"),
    "deep": (raw_zip(*GOOD, Entry("d/" * 40 + "x")), "an entry's path is too long"),
    "twice": (raw_zip(*GOOD, Entry("Dockerfile")), "a file is there twice. Expected each path once, got 'Dockerfile'"),
    "twice once normalised": (raw_zip(*GOOD, Entry("src\\App//./A.cs")), "a file is there twice"),
    "case": (raw_zip(*GOOD, Entry("dockerfile")), "differ only by upper and lower case, which are one file on Windows"),
    "case of a folder": (raw_zip(*GOOD, Entry("SRC/B.cs")), "got 'src' and 'SRC'"),
    "file then folder": (raw_zip(*GOOD, Entry("Dockerfile/x")), "a name is a file and a folder at once"),
    "folder then file": (raw_zip(*GOOD, Entry("src/App")), "a name is a file and a folder at once"),
    "empty folder then file": (raw_zip(*GOOD, Entry("x/", b""), Entry("x")), "a name is a file and a folder at once"),
    "too many": (raw_zip(*GOOD, *(Entry(f"f{n}") for n in range(18))), "too many entries. Expected at most 20, got 21"),
    "too big": (raw_zip(*GOOD, Entry("x", os.urandom(100_001), method=0)), "the archive itself is too big"),
    "bomb": (raw_zip(*GOOD, Entry("x", bytes(90_000))), "the archive is packed suspiciously tight"),
    "bomb that lies": (raw_zip(*GOOD, Entry("x", bytes(90_000), size=1 << 20)), "packed suspiciously tight"),
    "unpacks to too much": (
        raw_zip(*GOOD, *(Entry(f"f{n}", os.urandom(300) * 40) for n in range(10))),
        "the archive unpacks to too much. Expected at most 100000 bytes, got ",
    ),
    "no files": (raw_zip(Entry("src/", b"")), "the archive is empty"),
    "missing paths": (
        raw_zip(Entry("README.md"), Entry("src/", b"")),
        "required paths are missing: Dockerfile, MayMessenger.sln, src/. Expected Dockerfile, MayMessenger.sln, src/ "
        "at the top or inside one wrapping folder, got 'README.md'",
    ),
    "wrapped twice": (raw_zip(*(replace(entry, name=f"a/b/{entry.name}") for entry in GOOD)), "got 'a/b'"),
    "wrapped beside a file": (raw_zip(Entry("x"), *(replace(entry, name=f"a/{entry.name}") for entry in GOOD)), "missing"),
}


@pytest.mark.parametrize("content, message", REFUSED.values(), ids=REFUSED)
def test_refused_with_one_message(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "source.zip"
    path.write_bytes(content)
    with pytest.raises(ArchiveError) as refusal:
        inspect(str(path), limits=SMALL)
    text = str(refusal.value)
    assert message in text
    assert text.startswith(f"{path}: ") and "Expected" in text and "got" in text and "\n" not in text


def test_the_good_archive_of_this_table_is_good(tmp_path: Path) -> None:
    path = tmp_path / "source.zip"
    path.write_bytes(WHOLE)
    digest = hashlib.sha256(WHOLE).hexdigest()
    assert list(inspect(str(path), digest.upper(), limits=SMALL).manifest) == sorted(entry.name for entry in GOOD)
    with pytest.raises(ArchiveError, match=f"sha256 is not the one given. Expected {'0' * 64}, got {digest}"):
        inspect(str(path), "0" * 64)
    with pytest.raises(ArchiveError, match="the checksum given is no sha256"):
        inspect(str(path), "abc")
    with pytest.raises(ArchiveError, match=r"cannot read the archive.*No such file"):
        inspect(f"{path}.old")


NAMES = st.one_of(
    st.sampled_from(["../x", "a/..", "/x", "C:\\x", "a\\b", "a/b", "a", "A", "a/", "./a", "..\\..\\x", "b/c/../d", "\0"]),
    st.text(st.sampled_from("ab./\\:\0é "), max_size=12),
)
ENTRIES = st.builds(
    Entry,
    name=NAMES,
    data=st.one_of(st.binary(max_size=50), st.just(bytes(60_000))),
    method=st.sampled_from([0, 8, 8, 8, 12, 99]),
    flags=st.sampled_from([0x800, 0x800, 0x801, 0x808, 0x820, 0xFFFF]),
    mode=st.sampled_from([0, 0, 0o100644, 0o100777, 0o104755, 0o040755, 0o120777, 0o060600]),
    size=st.one_of(st.none(), st.none(), st.integers(0, 2**32 - 1)),
    crc=st.one_of(st.none(), st.none(), st.integers(0, 2**32 - 1)),
    header_name=st.one_of(st.none(), st.none(), NAMES),
)


@settings(max_examples=400, deadline=None)
@given(
    entries=st.lists(ENTRIES, max_size=5),
    damage=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=3),
)
def test_refused_or_unpacked_exactly_and_only_inside(entries: list[Entry], damage: list[tuple[int, int]]) -> None:
    content = bytearray(raw_zip(Entry("ok"), *entries))
    for position, value in damage:
        content[position % len(content)] = value
    with tempfile.TemporaryDirectory() as work:
        path, inside = Path(work, "source.zip"), Path(work, "deep", "inside")
        path.write_bytes(content)
        inside.mkdir(parents=True)
        try:
            archive = inspect(str(path), required=[], limits=SMALL)
        except ArchiveError:
            with pytest.raises(ArchiveError):
                unpack(str(path), str(inside), [], SMALL)
        else:
            unpack(str(path), str(inside), [], SMALL)
            found = {p for p in inside.rglob("*") if p.is_symlink() or not p.is_dir()}
            assert {str(p.relative_to(inside)): f"0{stat.S_IMODE(p.lstat().st_mode):o} {_sha256(p)}" for p in found} == (archive.manifest)
            assert all(stat.S_ISREG(p.lstat().st_mode) for p in found)
        assert {str(p.relative_to(work)) for p in Path(work).rglob("*") if inside not in p.parents} == {
            "source.zip", "deep", "deep/inside",
        }  # fmt: skip


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
