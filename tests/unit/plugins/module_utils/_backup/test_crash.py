"""Power lost, or a kill, at any operation while a backup is sealed, restored or removed: never half a backup, never a mixture."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import listing, prune
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import store
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import target as switch_target
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import transaction
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import plan as tree_plan
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import promote
from backup_support import Engine, sealed
from crashes import killed_before

BEFORE = {"docker-compose.yml": "old\n", "nginx/a.conf": "old\n", "nginx/deep/gone.conf": "old\n"}
AFTER = {"docker-compose.yml": "new\n", "nginx/a.conf": "new\n", "nginx/new.conf": "new\n"}


@pytest.fixture(scope="module", autouse=True)
def quick_disk() -> Iterator[None]:
    """Waiting for the disk is most of such a run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: None)
        yield


def plant(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def tree(root: Path) -> dict[str, str]:
    """Return the files of the tree, without our own and the backups."""
    skipped = ("backups", tree_plan.STAGED, tree_plan.MANIFEST)
    names = {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}
    return {name: path.read_text() for name, path in names.items() if not name.startswith(skipped)}


def seal(root: Path) -> None:
    sealed(root, Engine(str(root)))


def crashes(origin: Path, where: Path, run: Callable[[Path], Any]) -> Iterator[tuple[int, Path]]:
    """Yield a copy of a server for each operation before which a run on it can be killed."""
    for operation in range(1, 1000):
        shutil.rmtree(where, ignore_errors=True)
        shutil.copytree(origin, where, symlinks=True)
        if not killed_before(operation, lambda: run(where)):
            return
        yield operation, where
    raise AssertionError("the run never came to an end")


def test_there_is_a_whole_backup_or_none(tmp_path: Path) -> None:
    plant(tmp_path / "origin", BEFORE)
    survived = 0
    for operation, root in crashes(tmp_path / "origin", tmp_path / "work", seal):
        found = listing.find_all(str(root))
        for backup in found:
            listing.check(backup)
        assert tree(root) == BEFORE, f"the live tree was touched, killed before operation {operation}"
        survived += 1
        # The next run seals as if nothing had been, and clears away what the dead one left.
        seal(root)
        assert len(listing.find_all(str(root))) == len(found) + 1
        assert not [name for name in os.listdir(store(str(root))) if name.startswith(".")]
    assert survived > 20 and len(listing.find_all(str(tmp_path / "work"))) == 1


def restore(root: Path) -> None:
    (backup,) = listing.find_all(str(root))
    target = switch_target.from_backup(backup, listing.check(backup)[0], only_what_served=False)
    transaction.recover_tree(str(root))
    plan = tree_plan.make(target.files, tree_plan.LiveTree(str(root)), target.owned)
    promote.apply(plan, lambda _tree: None)


def test_a_restore_leaves_the_old_tree_or_the_new_one_and_the_next_completes_it(tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    plant(origin, BEFORE)
    seal(origin)
    shutil.rmtree(origin / "nginx")
    plant(origin, AFTER)
    # A file that is ours goes with the restore; without this mark it would be somebody's and stay.
    (origin / tree_plan.MANIFEST).write_text('{"nginx/new.conf": {"sha256": "", "mode": "0644"}}')
    mixtures = 0
    for operation, root in crashes(origin, tmp_path / "work", restore):
        committed = (root / tree_plan.STAGED / tree_plan.JOURNAL).exists()
        if not committed:
            assert tree(root) in (AFTER, BEFORE), f"a mixture without a journal, killed before operation {operation}"
        mixtures += tree(root) not in (AFTER, BEFORE)
        restore(root)
        assert tree(root) == BEFORE, f"killed before operation {operation}"
    assert mixtures > 0, "no crash came between two renames, so this proved nothing"


def test_a_half_removed_backup_is_none(tmp_path: Path) -> None:
    plant(tmp_path / "origin", BEFORE)
    seal(tmp_path / "origin")
    (identifier,) = (backup.id for backup in listing.find_all(str(tmp_path / "origin")))

    def remove(root: Path) -> None:
        prune.remove(store(str(root)), identifier)

    for _operation, root in crashes(tmp_path / "origin", tmp_path / "work", remove):
        for backup in listing.find_all(str(root)):
            listing.check(backup)
        prune.finish_removals(store(str(root)))
        assert set(os.listdir(store(str(root)))) <= {identifier}
