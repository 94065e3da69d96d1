"""Packing: the same files give the same bytes, and what could not be unpacked alike elsewhere is refused."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._source.entries import Limits
from ansible_collections.rarebooks.platform.plugins.module_utils._source.local import inspect_source
from ansible_collections.rarebooks.platform.plugins.module_utils._source.names import ArchiveError
from ansible_collections.rarebooks.platform.plugins.module_utils._source.pack import build, pack
from ansible_collections.rarebooks.platform.plugins.module_utils._source.read import inspect

FILES = {
    "Dockerfile": "FROM scratch\n",
    "MayMessenger.sln": "\ufeffsolution\n",
    "run.sh": "echo\n",
    "src/App/A.cs": "class A {}\n" * 100,
    "src/App/Ж.cs": "",
    "src-gen/x": "",
}
EXCLUDED = (
    ".git/HEAD", ".vs/x.suo", "src/App/bin/A.dll", "src/App/obj/A.pdb", "web/node_modules/a/b.js", "A.csproj.user",
)  # fmt: skip


def _fill(directory: Path, names: list[str], moment: int) -> Path:
    for name in names:
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FILES.get(name, "junk"), encoding="utf-8")
        path.chmod(0o600 if moment % 2 else 0o755)
        os.utime(path, (moment, moment))
    return directory


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return _fill(tmp_path / "source", list(FILES), 1_700_000_000)


def test_same_files_same_bytes(tmp_path: Path, source: Path) -> None:
    other = _fill(tmp_path / "elsewhere", [*reversed(FILES), *EXCLUDED], 1_600_000_001)
    (other / "empty").mkdir()
    pack(str(source), str(tmp_path / "a.zip"))
    pack(str(other), str(tmp_path / "b.zip"))
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes() == build(str(source))


def test_what_is_in_the_zip(tmp_path: Path, source: Path) -> None:
    pack(str(source), str(tmp_path / "a.zip"))
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == sorted(FILES)
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        modes = {info.filename: info.external_attr >> 16 for info in archive.infolist()}
    assert modes.pop("run.sh") == stat.S_IFREG | 0o755
    assert set(modes.values()) == {stat.S_IFREG | 0o644}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "source"]


def test_a_failed_pack_leaves_the_old_zip(tmp_path: Path, source: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"old")
    (source / "link").symlink_to("Dockerfile")
    with pytest.raises(ArchiveError):
        pack(str(source), str(tmp_path / "a.zip"))
    assert (tmp_path / "a.zip").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "source"]


def test_patterns(source: Path) -> None:
    _fill(source, list(EXCLUDED), 0)
    (source / "obj.txt").write_text("")
    (source / "docs").mkdir()
    (source / "docs/bin").write_text("a file of a folder's name stays")
    (source / ".vs/link").symlink_to("/etc")
    packed = build(str(source), exclude=[".git", ".vs/", "bin/", "obj/", "node_modules/", "*.user", "?.cs", "src-gen"])
    path = source.parent / "a.zip"
    path.write_bytes(packed)
    assert set(inspect(str(path), required=[]).manifest) == {
        "Dockerfile", "MayMessenger.sln", "run.sh", "obj.txt", "docs/bin",
    }  # fmt: skip


def _symlink(source: Path) -> None:
    (source / "src/away").symlink_to("/etc/passwd")


def _symlink_to_a_folder(source: Path) -> None:
    (source / "src/same").symlink_to("App")


def _fifo(source: Path) -> None:
    os.mkfifo(source / "pipe")


def _backslash(source: Path) -> None:
    (source / "a\\b").write_text("")


def _newline(source: Path) -> None:
    (source / "a\nb").write_text("")


def _right_to_left(source: Path) -> None:
    (source / "sc.\u202egnp").write_text("")


def _no_text(source: Path) -> None:
    Path(os.fsdecode(os.fsencode(source) + b"/a\xff")).write_text("")


def _case(source: Path) -> None:
    (source / "dockerfile").write_text("")


def _missing(source: Path) -> None:
    (source / "Dockerfile").unlink()


@pytest.mark.parametrize(
    "spoil, message",
    [
        (_symlink, "not a regular file. Expected files and folders only, got a symbolic link at 'src/away'"),
        (_symlink_to_a_folder, "got a symbolic link at 'src/same'"),
        (_fifo, "got a special file at 'pipe'"),
        (_backslash, r"a name cannot be packed. Expected names without a backslash, got 'a\\b'"),
        (_newline, "a name holds a control or invisible character"),
        (_right_to_left, "a name holds a control or invisible character"),
        (_no_text, "a name holds a control or invisible character"),
        (_case, "differ only by upper and lower case"),
        (_missing, "required paths are missing: Dockerfile"),
    ],
)
def test_a_directory_that_is_refused(source: Path, spoil: object, message: str) -> None:
    assert callable(spoil)
    spoil(source)
    with pytest.raises(ArchiveError) as refusal:
        inspect_source(str(source))
    assert str(refusal.value).startswith(f"{source}: ") and message in str(refusal.value)


def test_a_wrong_directory_is_noticed_before_it_is_packed(source: Path) -> None:
    with pytest.raises(ArchiveError, match=r"the directory holds too much. Expected at most 3 files"):
        build(str(source), limits=Limits(max_entries=3))
    with pytest.raises(ArchiveError, match="the directory holds too much"):
        build(str(source), limits=Limits(max_size=1000))
    with pytest.raises(ArchiveError, match=r"cannot read the source.*No such file"):
        build(str(source / "nowhere"))


def test_a_directory_and_its_zip_are_one_source(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack(str(source), str(tmp_path / "a.zip"))
    of_zip = inspect_source(str(tmp_path / "a.zip"))
    assert inspect_source(str(source)) == of_zip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert inspect_source("source") == inspect_source("~/source") == inspect_source("a.zip", of_zip.sha256)
    with pytest.raises(ArchiveError, match="a checksum cannot be held against a directory"):
        inspect_source(str(source), of_zip.sha256)
