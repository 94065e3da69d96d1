"""Killing config_tree before each single operation that it makes on the file system, and looking at what comes of it.

The run happens in a forked child that ends with os._exit in place of the n-th operation: as with SIGKILL no except,
finally or atexit of the code under test runs, so what is on disk is what a crash leaves.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import promote
from ansible_collections.rarebooks.platform.plugins.module_utils._tree.desired import TreeError
from config_tree_support import MANIFEST, STAGED, Tree, contents, snapshot
from crashes import OPERATIONS, killed_before

OLD = {"changed": "1\n", "same": "1\n", "d/same": "1\n", "d/stale": "1\n", "gone/deep/stale": "1\n", "env": "@secret(word)@"}
NEW = {"changed": "2\n", "same": "1\n", "d/same": "1\n", "new/deep/file": "2\n", "env": "new @secret(word)@"}
PRIVATE = {"key.pem": "private\n"}


@pytest.fixture(scope="module", autouse=True)
def quick_disk() -> Iterator[None]:
    """Losing power is not what these tests do, and waiting for the disk is most of a run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: None)
        yield


def tree_at(base: Path) -> Tree:
    base.mkdir()
    tree = Tree(base)
    tree.secrets.write_text('{"word": "s3cr3t-word"}')
    return tree


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    tree = tree_at(tmp_path_factory.mktemp("old") / "base")
    tree.run(OLD)
    (tree.root / "d/theirs").write_text("not ours\n")
    return tree


@pytest.fixture(scope="module")
def new(old: Tree, tmp_path_factory: pytest.TempPathFactory) -> Tree:
    tree = copy_of(old, tmp_path_factory.mktemp("new"))
    tree.run(NEW, PRIVATE)
    return tree


def copy_of(tree: Tree, where: Path) -> Tree:
    shutil.rmtree(where)
    shutil.copytree(tree.root.parent, where, symlinks=True)
    return Tree(where)


def crashes(origin: Tree, where: Path, run: Callable[[Tree], Any]) -> Iterator[tuple[int, Tree]]:
    """Yield a copy of a tree for each operation before which a run of it can be killed."""
    where.mkdir()
    for operation in range(1, 1000):
        tree = copy_of(origin, where)
        if not killed_before(operation, lambda tree=tree: run(tree)):  # type: ignore[misc]
            return
        yield operation, tree
    raise AssertionError("the run never came to an end")


def test_each_crash_leaves_the_old_tree_or_the_committed_new_one(old: Tree, new: Tree, tmp_path: Path) -> None:
    before, after = contents(old.root), contents(new.root)
    outcomes = []
    for operation, tree in crashes(old, tmp_path / "work", lambda tree: tree.run(NEW, PRIVATE)):
        committed = (tree.root / STAGED / "journal.json").exists()
        if not committed:
            live = {path: entry for path, entry in contents(tree.root).items() if not path.startswith(STAGED)}
            assert live in (before, after), f"a mixture without a journal, killed before operation {operation}"
        if promote.interrupted(str(tree.root)):
            promote.recover(str(tree.root))
        outcome = contents(tree.root)
        assert outcome == after if committed else outcome in (before, after), f"killed before operation {operation}"
        outcomes.append(outcome == after)
    assert outcomes == sorted(outcomes), "once committed, a later crash may not bring the old tree back"
    assert outcomes.count(False) > 10
    assert outcomes.count(True) > 10


def test_after_each_crash_the_next_run_is_predicted_and_converges(old: Tree, new: Tree, tmp_path: Path) -> None:
    after = contents(new.root)
    for operation, tree in crashes(old, tmp_path / "work", lambda tree: tree.run(NEW, PRIVATE)):
        untouched = snapshot(tree.root)
        predicted = tree.run(NEW, PRIVATE, check=True)
        assert snapshot(tree.root) == untouched, f"check mode wrote, killed before operation {operation}"
        result = tree.run(NEW, PRIVATE)
        assert predicted == result, f"killed before operation {operation}"
        assert contents(tree.root) == after, f"killed before operation {operation}"
        assert not tree.run(NEW, PRIVATE)["changed"]


def test_a_crash_is_overcome_also_by_a_run_with_another_aim(old: Tree, tmp_path: Path) -> None:
    before = contents(old.root)
    for operation, tree in crashes(old, tmp_path / "work", lambda tree: tree.run(NEW, PRIVATE)):
        predicted = tree.run(OLD, check=True)
        assert predicted == tree.run(OLD), f"killed before operation {operation}"
        assert contents(tree.root) == before, f"killed before operation {operation}"


def test_the_recovery_itself_may_be_killed_at_any_operation(old: Tree, new: Tree, tmp_path: Path) -> None:
    after = contents(new.root)
    work = crashes(old, tmp_path / "work", lambda tree: tree.run(NEW, PRIVATE))
    _, committed = next(found for found in work if (found[1].root / STAGED / "journal.json").exists())
    for operation, tree in crashes(committed, tmp_path / "again", lambda tree: tree.run(NEW, PRIVATE)):
        tree.run(NEW, PRIVATE)
        assert contents(tree.root) == after, f"killed before operation {operation} of the recovery"


def test_a_first_run_may_be_killed_at_any_operation(tmp_path: Path) -> None:
    bare = tree_at(tmp_path / "bare")
    for operation, tree in crashes(bare, tmp_path / "work", lambda tree: tree.run(NEW, PRIVATE)):
        tree.run(NEW, PRIVATE)
        files = {path for path in contents(tree.root) if not (tree.root / path).is_dir()}
        assert files == {*NEW, *PRIVATE, MANIFEST}, f"killed before operation {operation}"


def test_recovered_changes_are_reported_so_that_a_caller_still_acts_on_them(old: Tree, tmp_path: Path) -> None:
    work = crashes(old, tmp_path / "work", lambda tree: tree.run(NEW, PRIVATE))
    tree = next(tree for _, tree in work if (tree.root / "changed").read_text() == "2\n")
    result = tree.run(NEW, PRIVATE)
    assert (result["changed"], result["recovered"]) == (True, True)
    assert result["created"] == ["key.pem", "new/deep/file"]
    assert result["updated"] == ["changed", "env"]
    assert result["removed"] == ["d/stale", "gone/deep/stale"]


def test_a_recovery_does_not_follow_a_link_that_came_in_the_way(old: Tree, tmp_path: Path) -> None:
    work = crashes(old, tmp_path / "work", lambda tree: tree.run(NEW, PRIVATE))
    _, tree = next(found for found in work if (found[1].root / STAGED / "journal.json").exists())
    (tmp_path / "elsewhere/deep").mkdir(parents=True)
    (tree.root / "new").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TreeError, match=r"expected new to be a directory, got a symbolic link"):
        tree.run(NEW, PRIVATE)
    assert not list((tmp_path / "elsewhere/deep").iterdir())
    (tree.root / "new").unlink()
    for name in ("gone", "d"):
        (tree.root / name).rename(tmp_path / "elsewhere" / name)
        (tree.root / name).symlink_to(tmp_path / "elsewhere" / name)
    (tmp_path / "elsewhere/gone/deep/stale").unlink()
    before = contents(tmp_path / "elsewhere")
    promote.recover(str(tree.root))
    assert contents(tmp_path / "elsewhere") == before


def test_a_discarded_journal_goes_before_the_files_it_speaks_of(old: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = crashes(old, tmp_path / "work", lambda tree: tree.run(NEW, PRIVATE))
    _, tree = next(found for found in work if (found[1].root / STAGED / "journal.json").exists())
    left: list[str] = []
    monkeypatch.setattr(shutil, "rmtree", lambda path: left.extend(os.listdir(path)))
    promote.discard(str(tree.root))
    assert sorted(left) == ["manifest.json", "tree"]


def test_the_journal_comes_after_everything_it_promises_is_durable(old: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    tree = copy_of(old, tmp_path / "work")
    staged, journal, manifest = (str(tree.root / name) for name in (STAGED, f"{STAGED}/journal.json", MANIFEST))
    unsynced: set[str] = set()
    promoted: list[str] = []
    real = {name: getattr(os, name) for name in OPERATIONS}

    def entry_changed(path: str) -> None:
        unsynced.discard(path)
        unsynced.add(os.path.dirname(path))

    def check(step: str) -> None:
        lost = {path for path in unsynced if os.path.lexists(path) and path.startswith(staged) == (step == "commit")}
        assert not lost, f"{step} comes before these are durable"

    def fsync(descriptor: int) -> None:
        unsynced.discard(os.readlink(f"/proc/self/fd/{descriptor}"))

    def mkdir(path: str, mode: int = 0o777) -> None:
        entry_changed(path)
        real["mkdir"](path, mode)

    def create(path: str, flags: int, *args: Any, **kwargs: Any) -> int:
        if flags & os.O_CREAT:
            unsynced.add(path)
        return int(real["open"](path, flags, *args, **kwargs))

    def rename(source: str, target: str) -> None:
        if target in (journal, manifest):
            check("commit" if target == journal else "the manifest")
        if source in unsynced:
            unsynced.add(target)
        entry_changed(source)
        unsynced.add(os.path.dirname(target))
        promoted.append(os.path.relpath(target, tree.root))
        real["rename"](source, target)

    def unlink(path: str, **kwargs: Any) -> None:
        if path == journal:
            check("the end")
        entry_changed(path)
        real["unlink"](path, **kwargs)

    for name, function in {"fsync": fsync, "mkdir": mkdir, "open": create, "rename": rename, "unlink": unlink}.items():
        monkeypatch.setattr(os, name, function)
    tree.run(NEW, PRIVATE)
    promoted = promoted[promoted.index(f"{STAGED}/journal.json") + 1 :]
    assert promoted == ["changed", "env", "key.pem", "new/deep/file", MANIFEST]
