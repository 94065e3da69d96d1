# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bringing a planned tree into place, so that a crash at any point leaves the old tree or a run that completes the new.

The order carries the guarantee. Everything that the new tree consists of is durable under the staging directory before
the journal appears; the journal is the commit point; after it each step can be repeated. Files are renamed one by one,
directories never: a container that has one of them mounted would go on reading the old one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress

from .._base.files import make_directory, sync_directory, write_durably
from .desired import PRIVATE_MODE, File, TreeError
from .plan import (
    JOURNAL,
    MANIFEST,
    REMOVED,
    STAGED,
    STAGED_MANIFEST,
    STAGED_TREE,
    Plan,
    check_obstacles,
    dump,
    dump_manifest,
    reachable,
    read_journal,
)

STAGED_MODE = 0o700


def apply(plan: Plan, validate: Callable[[str], None]) -> None:
    """Stage the tree, let validators refuse it, then promote it; before the commit any failure leaves nothing behind."""
    made = make_directory(plan.root)
    try:
        validate(stage(plan))
        commit(plan)
    except Exception:
        if interrupted(plan.root):
            discard(plan.root)
        for directory in reversed(made):
            os.rmdir(directory)
        raise
    try:
        roll_forward(plan.root, plan.changes)
    except OSError as error:
        raise TreeError(
            f"{plan.root}: the new tree is committed, but could not be put into place completely: {error}. "
            "Remove the cause, then run again: the next run completes it"
        ) from None


def write_tree(directory: str, files: Iterable[File]) -> None:
    """Write the complete tree into a directory."""
    make_directory(directory)
    for file in files:
        location = os.path.join(directory, file.path)
        make_directory(os.path.dirname(location))
        if file.target is None:
            write_durably(location, file.data, file.mode)
        else:
            os.symlink(file.target, location)
            sync_directory(os.path.dirname(location))
        if file.uid != os.geteuid() or file.gid is not None:
            os.chown(location, file.uid, -1 if file.gid is None else file.gid, follow_symlinks=False)


def stage(plan: Plan) -> str:
    """Write the complete desired tree beside the live one, readable to nobody else; return where."""
    staged = os.path.join(plan.root, STAGED)
    make_directory(staged, STAGED_MODE)
    tree = os.path.join(staged, STAGED_TREE)
    write_tree(tree, plan.files)
    write_durably(os.path.join(staged, STAGED_MANIFEST), dump_manifest(plan.owned), PRIVATE_MODE)
    return tree


def commit(plan: Plan) -> None:
    """Write the journal. From here on the tree becomes the new one, now or in the next run."""
    write_durably(os.path.join(plan.root, STAGED, JOURNAL), dump(plan.changes), PRIVATE_MODE)


def roll_forward(root: str, changes: dict[str, str]) -> None:
    """Do what the journal says, skipping what has been done already."""
    staged = os.path.join(root, STAGED)
    tree = os.path.join(staged, STAGED_TREE)
    outstanding = [path for path, change in sorted(changes.items()) if change != REMOVED and os.path.lexists(os.path.join(tree, path))]
    check_obstacles(root, outstanding)
    touched = {os.path.dirname(os.path.join(root, path)) for path in changes}
    for path in outstanding:
        location = os.path.join(root, path)
        make_directory(os.path.dirname(location))
        os.rename(os.path.join(tree, path), location)
    for path, change in sorted(changes.items()):
        if change == REMOVED:
            touched.add(_remove(root, path))
    for directory in sorted(touched):
        if os.path.isdir(directory):
            sync_directory(directory)
    with suppress(FileNotFoundError):
        os.rename(os.path.join(staged, STAGED_MANIFEST), os.path.join(root, MANIFEST))
    sync_directory(root)
    discard(root)


def _remove(root: str, path: str) -> str:
    """Remove a stale file and the directories it leaves empty, never through a link; return the directory that stays."""
    if reachable(root, path):
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(root, path))
    parent = os.path.dirname(path)
    while parent:
        if reachable(root, parent):
            try:
                os.rmdir(os.path.join(root, parent))
            except FileNotFoundError:
                pass
            except OSError:
                break  # not empty, or no longer a directory: not ours to remove
        parent = os.path.dirname(parent)
    return os.path.join(root, parent) if parent else root


def discard(root: str) -> None:
    """Remove the staging directory, the journal first: what follows must not look like a run to be completed."""
    staged = os.path.join(root, STAGED)
    with suppress(FileNotFoundError):
        os.unlink(os.path.join(staged, JOURNAL))
        sync_directory(staged)
    shutil.rmtree(staged)
    sync_directory(root)


def interrupted(root: str) -> bool:
    """Say whether an earlier run left its staging directory behind."""
    return os.path.lexists(os.path.join(root, STAGED))


def recover(root: str) -> None:
    """Complete an interrupted run that had committed, forget one that had not."""
    changes = read_journal(root)
    if changes is None:
        discard(root)
    else:
        roll_forward(root, changes)
