"""Durable writing: the old content or the new one, never wider permissions than asked for, nothing left behind."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base import files


def test_creates_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content, mode in ((b"old", 0o644), (b"new \xff", 0o600), (b"", 0o755)):
        files.write_durably(str(path), content, mode)
        assert path.read_bytes() == content and path.stat().st_mode & 0o7777 == mode
    assert os.listdir(tmp_path) == ["file"]


def test_the_mode_is_independent_of_the_umask(tmp_path: Path) -> None:
    umask = os.umask(0o077)
    try:
        files.write_durably(str(tmp_path / "file"), b"", 0o644)
    finally:
        os.umask(umask)
    assert (tmp_path / "file").stat().st_mode & 0o7777 == 0o644


@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_a_failure_leaves_the_old_content_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def fail(*_arguments: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="no space left"):
        files.write_durably(str(path), b"new", 0o600)
    assert os.listdir(tmp_path) == ["file"] and path.read_text() == "old"


def test_content_and_rename_are_synced_in_this_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    fsync, rename = os.fsync, os.rename

    def record_sync(descriptor: int) -> None:
        steps.append("directory" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "content")
        fsync(descriptor)

    def record_rename(source: str, target: str) -> None:
        steps.append("rename")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", record_sync)
    monkeypatch.setattr(os, "rename", record_rename)
    files.write_durably(str(tmp_path / "file"), b"new", 0o600)
    assert steps == ["content", "rename", "directory"]


def test_read_if_exists(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\x00content")
    assert files.read_if_exists(str(tmp_path / "file")) == b"\x00content"
    assert files.read_if_exists(str(tmp_path / "nothing")) is None
    assert files.read_if_exists(str(tmp_path / "file/below a file")) is None
    with pytest.raises(IsADirectoryError):
        files.read_if_exists(str(tmp_path))


def test_sha256() -> None:
    assert files.sha256(b"abc") == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o027, 0o077])
def test_directories_have_the_mode_they_are_made_with_whatever_the_umask(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        made = files.make_directory(str(tmp_path / "a" / "b"))
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert made == [str(tmp_path / "a"), str(tmp_path / "a" / "b")] and files.make_directory(str(tmp_path / "a")) == []
    assert [os.stat(path).st_mode & 0o777 for path in made] == [0o755, 0o755]
