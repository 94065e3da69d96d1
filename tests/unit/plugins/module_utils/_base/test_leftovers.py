"""A write killed between creating and renaming leaves a file with secrets in it: the next run that takes the lease removes it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base import files, leftovers
from crashes import killed_before


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "backups").mkdir()
    return tmp_path


@pytest.mark.parametrize("directory", [".", "backups"])
def test_what_a_killed_write_leaves_is_removed(root: Path, directory: str) -> None:
    path = root / directory / "secrets.json"
    path.write_text("old")
    left = 0
    for operation in range(1, 10):
        if not killed_before(operation, lambda: files.write_durably(str(path), b"a secret", 0o600)):
            break
        left += len([one for one in path.parent.iterdir() if one.name.startswith(".")])
        leftovers.remove(str(root))
        assert sorted(os.listdir(path.parent)) == sorted({path.name, *(["backups"] if directory == "." else [])})
    assert left > 0 and path.read_text() == "a secret"


def test_what_is_not_ours_stays(root: Path) -> None:
    theirs = {".tmp-notes": 0o600, ".tmp-abcdefgh": 0o644, ".rarebooks-tmp-notes.txt": 0o600, "tmp": 0o600}
    for name, mode in theirs.items():
        (root / name).write_text("theirs")
        (root / name).chmod(mode)
    (root / ".rarebooks-tmp-abcd1234").symlink_to("/etc/passwd")
    (root / "backups/.sealing-x").symlink_to("/etc")
    assert leftovers.remove(str(root)) == []


def test_what_0_3_left_and_half_a_backup_are_removed(root: Path) -> None:
    (root / ".tmp-ab_12cde").write_text("a secret")
    (root / ".tmp-ab_12cde").chmod(0o600)
    for name in (".sealing-20261124_120000", ".removing-20261124_120000"):
        (root / "backups" / name / "files").mkdir(parents=True)
    (root / "backups/20261124_120000").mkdir()
    assert len(leftovers.remove(str(root))) == 3
    assert sorted(os.listdir(root)) == ["backups"] and os.listdir(root / "backups") == ["20261124_120000"]


def test_a_server_without_a_stack_is_no_error(tmp_path: Path) -> None:
    assert leftovers.remove(str(tmp_path / "nothing")) == []
