"""Every form in which an honest archive may arrive, and the one form it is read into."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._source.read import DEFAULT_LIMITS, Archive, digest_of, inspect, unpack

BOM = b"\xef\xbb\xbf"
SOURCE = {
    "Dockerfile": b"FROM scratch\n",
    "MayMessenger.sln": b"Microsoft Visual Studio Solution File\r\n",
    "entrypoint.sh": b"#!/bin/sh\nexec dotnet App.dll\n",
    "src/App/Program.cs": b"class Program {}\n",
    "src/App/run": b"#!/usr/bin/env python3\n",
    "src/App/empty": b"",
    "src/App/logo.png": b"\x89PNG\r\n\x1a\n",
}


def _zip(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, mode: int = 0) -> Archive:
    """Write a zip as a tool of some system would, and read it back."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo("", (2026, 1, 2, 3, 4, 6))
            info.filename = info.orig_filename = name
            info.create_system = 3 if mode else 0
            info.external_attr = mode << 16
            archive.writestr(info, content, method)
    path.write_bytes(buffer.getvalue())
    return inspect(str(path))


@pytest.fixture
def plain(tmp_path: Path) -> Archive:
    return _zip(tmp_path / "plain.zip", SOURCE)


FORMS = {
    "other order": dict(reversed(SOURCE.items())),
    "backslashes": {name.replace("/", "\\"): content for name, content in SOURCE.items()},
    "wrapping folder": {f"backend/{name}": content for name, content in SOURCE.items()},
    "wrapping folder, backslashes, folder entry": {
        "backend\\": b"",
        **{f"backend\\{name}".replace("/", "\\"): content for name, content in SOURCE.items()},
    },
    "dots and double slashes": {f"./{name}".replace("/", "//"): content for name, content in SOURCE.items()},
    "BOM": {name: content if name.endswith(".png") else BOM + content for name, content in SOURCE.items()},
    "folders listed": {"src/": b"", "src/App/": b"", "src/Empty/": b"", **SOURCE},
    "made on a Mac": {"__MACOSX/._Dockerfile": b"\0", ".DS_Store": b"\0", "src/.DS_Store": b"\0", **SOURCE},
    "built by Visual Studio": {
        ".vs/backend/v17/.suo": b"\0",
        "src/App/bin/Debug/App.dll": b"MZ",
        "src\\App\\obj\\App.pdb": b"\0",
        "src/App/obj/": b"",
        "src/App/App.csproj.user": b"<Project/>",
        ".git/HEAD": b"ref: x",
        **SOURCE,
    },
    "wrapped beside what Visual Studio leaves": {
        ".vs/backend/v17/.suo": b"\0",
        **{f"backend/{name}": content for name, content in SOURCE.items()},
    },
    "wrapped on a Mac": {
        "__MACOSX/backend/._Dockerfile": b"\0",
        **{f"backend/{name}": content for name, content in SOURCE.items()},
    },
}


@pytest.mark.parametrize("files", FORMS.values(), ids=FORMS)
def test_every_form_has_the_digest_of_the_plain_one(tmp_path: Path, plain: Archive, files: dict[str, bytes]) -> None:
    archive = _zip(tmp_path / "other.zip", files)
    assert archive.manifest == plain.manifest
    assert archive.digest == plain.digest
    assert archive.sha256 != plain.sha256


@pytest.mark.parametrize("mode", [0, stat.S_IFREG | 0o644, stat.S_IFREG | 0o777, stat.S_IFREG | 0o000, 0o600])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_modes_and_compression_do_not_enter_the_digest(tmp_path: Path, plain: Archive, mode: int, method: int) -> None:
    assert _zip(tmp_path / "other.zip", SOURCE, method, mode).digest == plain.digest


CHANGES = {
    "content": {**SOURCE, "Dockerfile": b"FROM scratch \n"},
    "content of the same size": {**SOURCE, "Dockerfile": b"FROM scratcH\n"},
    "a file more": {**SOURCE, "src/App/New.cs": b""},
    "a file less": {name: content for name, content in SOURCE.items() if name != "src/App/empty"},
    "a file moved": {name.replace("empty", "void"): content for name, content in SOURCE.items()},
    "line ends": {**SOURCE, "Dockerfile": b"FROM scratch\r\n"},
    "BOM inside": {**SOURCE, "Dockerfile": b"FROM" + BOM + b" scratch\n"},
}


@pytest.mark.parametrize("files", CHANGES.values(), ids=CHANGES)
def test_another_source_has_another_digest(tmp_path: Path, plain: Archive, files: dict[str, bytes]) -> None:
    assert _zip(tmp_path / "other.zip", files).digest != plain.digest


def test_the_digest_sees_which_path_has_which_mode_and_content() -> None:
    digests = [
        digest_of(manifest) for manifest in ({"a": "0644 1", "b": "0644 2"}, {"a": "0644 2", "b": "0644 1"}, {"a": "0755 1", "b": "0644 2"})
    ]
    assert len(set(digests)) == 3
    assert digest_of({"ab": "c"}) != digest_of({"a": "bc"})
    assert digest_of({"b": "0644 2", "a": "0644 1"}) == digests[0]


@pytest.mark.parametrize(
    "content, expected",
    [
        (BOM + b"#!/bin/sh\n", b"#!/bin/sh\n"),
        (BOM, b""),
        (BOM + BOM + b"x", BOM + b"x"),
        (BOM + "страница".encode() * 20_000, "страница".encode() * 20_000),
        (BOM + b"x" * 70_000 + b"\xff", BOM + b"x" * 70_000 + b"\xff"),
        (b"\xff\xfex\0", b"\xff\xfex\0"),
    ],
)
def test_a_bom_is_dropped_from_text_only(tmp_path: Path, content: bytes, expected: bytes) -> None:
    path = tmp_path / "source.zip"
    archive = _zip(path, {**SOURCE, "file": content}, zipfile.ZIP_STORED)
    (tmp_path / "out").mkdir()
    unpack(str(path), str(tmp_path / "out"), [], DEFAULT_LIMITS)
    assert (tmp_path / "out/file").read_bytes() == expected
    assert archive.size == sum(map(len, SOURCE.values())) + len(expected)


def test_programs_are_executable_by_name_or_content(tmp_path: Path) -> None:
    files = {**SOURCE, "tool": b"\x7fELF\x02", "rust.rs": b"#![no_std]\n", "run.SH.txt": b"", "x.sh": b""}
    archive = _zip(tmp_path / "source.zip", files, mode=stat.S_IFREG | 0o777)
    programs = {path for path, value in archive.manifest.items() if value.startswith("0755")}
    assert programs == {"entrypoint.sh", "src/App/run", "tool", "x.sh"}
    assert {value[:5] for value in archive.manifest.values()} == {"0755 ", "0644 "}


def test_unpacked_files_are_those_inspected(tmp_path: Path) -> None:
    path = tmp_path / "source.zip"
    _zip(path, FORMS["wrapping folder, backslashes, folder entry"])
    (tmp_path / "out").mkdir()
    unpack(str(path), str(tmp_path / "out"), ["Dockerfile"], DEFAULT_LIMITS)
    found = {p.relative_to(tmp_path / "out").as_posix(): p for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert {name: p.read_bytes() for name, p in found.items()} == SOURCE
    assert {name for name, p in found.items() if p.stat().st_mode & 0o111} == {"entrypoint.sh", "src/App/run"}


def test_what_is_required_decides_what_is_unwrapped(tmp_path: Path) -> None:
    path = tmp_path / "source.zip"
    _zip(path, SOURCE)
    assert "src/App/Program.cs" in inspect(str(path), required=["src/"]).manifest
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("src/App/A.cs", "")
    assert list(inspect(str(path), required=["src/"]).manifest) == ["src/App/A.cs"]
    assert list(inspect(str(path), required=["App/"]).manifest) == ["App/A.cs"]


def test_names_are_taken_as_the_archive_says(tmp_path: Path) -> None:
    archive = _zip(tmp_path / "source.zip", {**SOURCE, "docs/схема é.txt": b""})
    assert "docs/схема é.txt" in archive.manifest


def test_russian_names_of_explorer(tmp_path: Path) -> None:
    path = tmp_path / "source.zip"
    _zip(path, {**SOURCE, "docs/схема.txt": b"1"})
    flagged = inspect(str(path))
    content = path.read_bytes()
    # As Explorer and 7-Zip write it on a Russian Windows: cp866, and no flag. Both headers state the name.
    old, new = "docs/схема.txt".encode(), "docs/схема.txt".encode("cp866")
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**SOURCE, "docs/" + "x" * 5 + ".txt": b"1"}.items():
            info = zipfile.ZipInfo(name)
            info.create_system = 0
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)
    assert old in content
    path.write_bytes(path.read_bytes().replace(b"docs/xxxxx.txt", new))
    assert inspect(str(path)).manifest == flagged.manifest


def test_scripts_with_the_line_ends_of_windows_are_named(tmp_path: Path) -> None:
    files = {
        **SOURCE,
        "docker/start.sh": BOM + b"#!/bin/sh\r\nexec app\r\n",
        "src/App/tool": b"#!/usr/bin/env python3\r\nprint()\r\n",
        "lib.sh": b"set -e\r\n",
        "fine.sh": b"#!/bin/sh\necho '\r\n'\r\n",
        "A.cs": b"class A {}\r\n",
        "empty.sh": b"",
    }
    archive = _zip(tmp_path / "source.zip", files)
    assert archive.windows_scripts == ("docker/start.sh", "lib.sh", "src/App/tool")
