"""What a comparison finds, and in front of what it stops."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import plan as tree_plan
from ansible_collections.rarebooks.platform.plugins.module_utils._tree.desired import File, TreeError


def public(path: str, text: str = "1\n") -> File:
    return File(path, text, text.encode(), False)


def plan_of(root: Path, *files: File) -> tree_plan.Plan:
    return tree_plan.make(list(files), tree_plan.LiveTree(str(root)))


def own(root: Path, *files: File) -> None:
    """Put files there as an earlier run would have."""
    for file in files:
        location = root / file.path
        location.parent.mkdir(parents=True, exist_ok=True)
        location.write_bytes(file.data)
        location.chmod(file.mode)
    manifest = root / tree_plan.MANIFEST
    manifest.write_bytes(tree_plan.dump_manifest(tree_plan.manifest_of(list(files))))
    manifest.chmod(0o600)


def test_each_kind_of_change(tmp_path: Path) -> None:
    own(tmp_path, public("same"), public("text"), public("mode"), public("stale"), public("d/stale"), public("gone"))
    (tmp_path / "mode").chmod(0o640)
    (tmp_path / "gone").unlink()
    (tmp_path / "theirs").touch()
    plan = plan_of(tmp_path, public("same"), public("text", "2\n"), public("mode"), public("new"))
    assert plan.changes == {
        "d/stale": "removed",
        "mode": "updated",
        "new": "created",
        "stale": "removed",
        "text": "updated",
    }
    assert plan.needed


def test_nothing_is_needed_where_all_is_as_desired(tmp_path: Path) -> None:
    own(tmp_path, public("a"), public("d/b"))
    plan = plan_of(tmp_path, public("a"), public("d/b"))
    assert (plan.changes, plan.needed) == ({}, False)


def test_the_manifest_is_part_of_the_state(tmp_path: Path) -> None:
    own(tmp_path, public("a"))
    (tmp_path / tree_plan.MANIFEST).chmod(0o644)
    assert plan_of(tmp_path, public("a")).needed
    (tmp_path / tree_plan.MANIFEST).unlink()
    assert plan_of(tmp_path, public("a")).needed
    assert not plan_of(tmp_path).needed


def test_the_manifest_remembers_no_value_of_a_secret(tmp_path: Path) -> None:
    files = [File("env", "P=@secret(w)@", b"P=value", False), File("key", "@secret(w)@ key", b"value key", True)]
    own(tmp_path, *files)
    manifest = (tmp_path / tree_plan.MANIFEST).read_text()
    assert "value" not in manifest
    assert {path: (entry["mode"], entry["source"]) for path, entry in json.loads(manifest).items()} == {
        "env": ("0600", "P=@secret(w)@"),
        "key": ("0600", None),
    }


@pytest.mark.parametrize(
    ("kind", "path", "message"),
    [
        ("directory", "a", "expected a to be a file, got a directory"),
        ("link to a directory", "a", "expected a to be a file, got a symbolic link"),
        ("fifo", "a", "expected a to be a file, got a special file"),
        ("file", "a/b", "expected a to be a directory, got a file"),
        ("link to a directory", "a/b", "expected a to be a directory, got a symbolic link"),
        ("dangling link", "a/b/c", "expected a to be a directory, got a symbolic link"),
    ],
)
def test_obstacles_are_refused_and_stay(tmp_path: Path, kind: str, path: str, message: str) -> None:
    root, place = tmp_path / "tree", tmp_path / "tree/a"
    root.mkdir()
    (tmp_path / "elsewhere").mkdir()
    make: dict[str, Callable[[], None]] = {
        "directory": place.mkdir,
        "file": place.touch,
        "fifo": lambda: os.mkfifo(place),
        "link to a directory": lambda: place.symlink_to(tmp_path / "elsewhere"),
        "dangling link": lambda: place.symlink_to("nowhere"),
    }
    make[kind]()
    before = place.lstat()
    with pytest.raises(TreeError) as caught:
        plan_of(root, public(path), public("fine"))
    assert str(caught.value) == (f"Something is in the way in {root}: {message}. Move it away, then run again. Nothing was changed.")
    assert place.lstat() == before


@pytest.mark.parametrize("target", ["nowhere", "file"])
def test_a_link_in_a_files_place_is_replaced(tmp_path: Path, target: str) -> None:
    (tmp_path / "file").write_text("1\n")
    (tmp_path / "a").symlink_to(target)
    plan = plan_of(tmp_path, public("a"))
    assert plan.changes == {"a": "updated"}
    assert plan.before["a"].target == target


def test_another_file_system_is_refused_before_the_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mount").mkdir()
    real = os.lstat

    def lstat(path: str) -> os.stat_result:
        status = real(path)
        if str(path).endswith("/mount"):
            return os.stat_result((status.st_mode, status.st_ino, status.st_dev + 1, *status[3:10]))
        return status

    monkeypatch.setattr(os, "lstat", lstat)
    with pytest.raises(TreeError, match=r"expected mount on the file system of .*, got a mount of another one"):
        plan_of(tmp_path, public("mount/a"))


@pytest.mark.parametrize("content", ["", "[1]", '{"a": {"unknown": 1}}', '{"a": "x"}'])
def test_an_unreadable_manifest_is_not_taken_for_an_empty_one(tmp_path: Path, content: str) -> None:
    manifest = tmp_path / tree_plan.MANIFEST
    manifest.write_text(content)
    with pytest.raises(TreeError, match=rf"^{manifest}: expected the list .*Put back the one .* or remove it"):
        plan_of(tmp_path, public("a"))


def test_an_unreadable_journal_is_named(tmp_path: Path) -> None:
    (tmp_path / tree_plan.STAGED).mkdir()
    (tmp_path / tree_plan.STAGED / tree_plan.JOURNAL).write_text("[")
    with pytest.raises(TreeError, match=r"journal\.json: expected the journal .*Remove "):
        plan_of(tmp_path, public("a"))
