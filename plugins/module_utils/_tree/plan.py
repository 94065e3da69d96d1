# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What has to happen to a live tree: a comparison that reads everything and changes nothing."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from .._base import files as base_files
from .._base import state
from .desired import PRIVATE_MODE, RESERVED, File, TreeError

MANIFEST = ".config_tree.json"
STAGED = ".config_tree.staged"

# Inside the staging directory. The journal is the commit point: with it a run rolls forward, without it nothing was.
STAGED_TREE = "tree"
STAGED_MANIFEST = "manifest.json"
JOURNAL = "journal.json"

CREATED, UPDATED, REMOVED = "created", "updated", "removed"


@dataclass(frozen=True)
class Owned:
    """What we remember of a file that we wrote; source only where it refers to secrets, for a diff without values."""

    sha256: str
    mode: str
    source: str | None = None


@dataclass(frozen=True)
class Existing:
    """What stands at a path now; target is where a symbolic link leads. Whose group it has makes no difference."""

    data: bytes
    mode: int
    uid: int
    target: str | None = None
    gid: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Plan:
    """The outcome of the comparison. Changes maps each path that is not as desired to what happens to it."""

    root: str
    files: list[File]
    owned: dict[str, Owned]
    changes: dict[str, str]
    before: dict[str, Existing]
    owned_before: dict[str, Owned]
    needed: bool


def manifest_of(files: list[File]) -> dict[str, Owned]:
    """Return what to remember of the desired files."""
    return {
        file.path: Owned(
            file.sha256,
            f"{file.mode:04o}",
            file.source if file.has_references and not file.private else None,
        )
        for file in files
    }


def dump(content: object) -> bytes:
    """Return our own files' text: sorted, so that equal content is equal bytes."""
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()


def dump_manifest(owned: dict[str, Owned]) -> bytes:
    """Return the manifest's text."""
    return dump({path: asdict(entry) for path, entry in owned.items()})


def read_journal(root: str) -> dict[str, str] | None:
    """Return the changes of a run that committed and did not finish; None where there is no such run."""
    path = os.path.join(root, STAGED, JOURNAL)
    content = base_files.read_if_exists(path)
    try:
        return None if content is None else _journal(content)
    except state.Misfit as error:
        raise TreeError(
            f"{path}: expected the journal of an interrupted run, got something unusable: {error}. "
            f"Remove {os.path.dirname(path)}, then run again: the tree is compared and completed"
        ) from None


def _journal(content: bytes) -> dict[str, str]:
    changes = state.decode(content, dict[str, str])
    check_owned_paths(changes)
    for path, change in changes.items():
        if change not in (CREATED, UPDATED, REMOVED):
            raise state.Misfit(f"{path}: expected one of {CREATED}, {UPDATED}, {REMOVED}, got {change!r}")
    return changes


def check_owned_paths(paths: Iterable[str]) -> None:
    """Raise Misfit for a path at which a file of ours cannot be: a list that names it is not to be acted upon."""
    known = list(paths)
    state.check_paths(known)
    for path in known:
        if path.startswith(RESERVED):
            raise state.Misfit(f"{path!r} names one of this module's own files")


class LiveTree:
    """The tree as it is, or, while an interrupted run is still to be finished, as it will be after that."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.pending = read_journal(root) or {}
        manifest = os.path.join(root, STAGED, STAGED_MANIFEST)
        if not (self.pending and os.path.lexists(manifest)):
            manifest = os.path.join(root, MANIFEST)
        self.manifest = look(manifest)
        self.owned = {} if self.manifest is None else load_manifest(manifest, self.manifest.data)

    def read(self, path: str) -> Existing | None:
        """Return what stands at a path, None for nothing, and for what can only be reached through a link."""
        change = self.pending.get(path)
        if change == REMOVED:
            return None
        staged = os.path.join(self.root, STAGED, STAGED_TREE, path)
        if change is not None and os.path.lexists(staged):
            return look(staged)
        return look(os.path.join(self.root, path)) if reachable(self.root, path) else None


def look(path: str) -> Existing | None:
    """Read a regular file or a link; anything else is nothing that we could have written."""
    try:
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            return Existing(b"", 0, status.st_uid, os.readlink(path), status.st_gid)
        if not stat.S_ISREG(status.st_mode):
            return None
        with open(path, "rb") as stream:
            return Existing(stream.read(), stat.S_IMODE(status.st_mode), status.st_uid, gid=status.st_gid)
    except (FileNotFoundError, NotADirectoryError):
        return None


def load_manifest(path: str, content: bytes) -> dict[str, Owned]:
    """Return what a manifest says; path is for the message where it says nothing."""
    try:
        owned = state.decode(content, dict[str, Owned])
        check_owned_paths(owned)
    except state.Misfit as error:
        raise TreeError(
            f"{path}: expected the list of files that this module wrote, got something unusable: {error}. Put back the one "
            "that the newest backup holds (files/.config_tree.json), or remove it; then stale files are no longer known as "
            "ours and stay. Nothing was changed"
        ) from None
    return owned


def reachable(root: str, path: str) -> bool:
    """Say whether all directories between root and path are real ones."""
    current = root
    for part in path.split("/")[:-1]:
        current = os.path.join(current, part)
        try:
            if not stat.S_ISDIR(os.lstat(current).st_mode):
                return False
        except FileNotFoundError:
            return False
    return True


def check_obstacles(root: str, paths: Iterable[str]) -> None:
    """Refuse, all at once, whatever stands where a file or its directory has to be and is not ours to replace."""
    obstacles = sorted({obstacle for path in paths if (obstacle := _obstacle(root, path))})
    if obstacles:
        raise TreeError(f"Something is in the way in {root}: {'; '.join(obstacles)}. Move it away, then run again. Nothing was changed.")


def _obstacle(root: str, path: str) -> str | None:
    try:
        device = os.stat(root).st_dev
        parts = path.split("/")
        for depth in range(1, len(parts)):
            directory = "/".join(parts[:depth])
            status = os.lstat(os.path.join(root, directory))
            if not stat.S_ISDIR(status.st_mode):
                return f"expected {directory} to be a directory, got {_kind(status.st_mode)}"
            if status.st_dev != device:
                # A file cannot be renamed across; better to know before the commit than after it.
                return f"expected {directory} on the file system of {root}, got a mount of another one"
        location = os.path.join(root, path)
        status = os.lstat(location)
        if stat.S_ISREG(status.st_mode) or (stat.S_ISLNK(status.st_mode) and not os.path.isdir(location)):
            return None
        return f"expected {path} to be a file, got {_kind(status.st_mode)}"
    except FileNotFoundError:
        return None


def _kind(mode: int) -> str:
    names = {stat.S_IFDIR: "a directory", stat.S_IFLNK: "a symbolic link", stat.S_IFREG: "a file"}
    return names.get(stat.S_IFMT(mode), "a special file")


def make(files: list[File], live: LiveTree, owned: dict[str, Owned] | None = None) -> Plan:
    """Compare the desired files with the live ones, by content, mode and owner.

    Owned is what the new manifest says; without it the desired files are ours, no more and no less.
    """
    check_obstacles(live.root, [file.path for file in files])
    changes: dict[str, str] = {}
    before: dict[str, Existing] = {}
    wanted = {file.path: Existing(file.data, file.mode, file.uid, file.target) for file in files}
    for path in sorted(wanted.keys() | live.owned.keys()):
        existing = live.read(path)
        if existing is not None:
            before[path] = existing
        if existing != wanted.get(path):
            changes[path] = CREATED if existing is None else UPDATED if path in wanted else REMOVED
    owned = manifest_of(files) if owned is None else owned
    needed = bool(changes) or owned != live.owned or not os.path.isdir(live.root) or _manifest_drifted(live)
    return Plan(live.root, files, owned, changes, before, live.owned, needed)


def _manifest_drifted(live: LiveTree) -> bool:
    manifest = live.manifest
    return manifest is not None and (manifest.mode, manifest.uid) != (PRIVATE_MODE, os.geteuid())
