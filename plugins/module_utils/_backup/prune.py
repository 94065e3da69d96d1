# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which backups are kept, and removing the others with what belongs to them and nothing else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .._base.files import sync_directory
from .._base.times import TIME
from .._release.live import Live
from . import images
from .listing import Found
from .manifest import Manifest
from .verdict import verdict

if TYPE_CHECKING:
    from docker import DockerClient

REMOVING = ".removing-"
# Where no bound is given, the backups may take this part of the disk they lie on.
PART_OF_DISK = 4


@dataclass(frozen=True)
class Rule:
    """What is kept: so many of the last releases, everything younger than so many days, and in all at most so many bytes."""

    keep: int
    days: int
    most: int
    # Whether containers run that were made by hand: then the newest backup of what was made by hand stays, the only way back to it.
    adopted: bool = False


def bound(directory: str, mebibytes: int) -> tuple[int, int]:
    """Return the bytes that the backups in a directory may take in all, where 0 means a part of the disk, and those that are free there."""
    while not os.path.isdir(directory):
        directory = os.path.dirname(directory)
    disk = shutil.disk_usage(directory)
    return mebibytes << 20 if mebibytes else disk.total // PART_OF_DISK, disk.free


def size_of(backup: Found) -> int:
    """Return the bytes that a backup takes; of one whose manifest does not tell, those of its files."""
    if backup.manifest is not None:
        return backup.manifest.size
    if backup.kind == "legacy":
        return sum(os.lstat(path).st_size for path in (backup.files or {}).values())
    return sum(os.lstat(os.path.join(parent, name)).st_size for parent, _directories, names in os.walk(backup.directory) for name in names)


def expired(backups: list[Found], ledger: list[dict[str, Any]], live_release: str, rule: Rule, now: datetime) -> list[str]:
    """Return the ids of the backups to remove, of all backups oldest first.

    Never removed are those of essential(), damaged ones and those of the guide: they are for a person to decide about. A backup that no
    run came to use is superseded by a newer one of the same release, whatever its age: repeated failures would otherwise fill the
    disk with copies of one state. The others are kept in the order of kept_first(), as long as the bound is not passed.
    """
    sealed = {one.id: one.manifest for one in backups if one.manifest is not None and not os.path.islink(one.directory)}
    needed = essential(backups, sealed, ledger, live_release)
    if rule.adopted:
        needed |= set([identifier for identifier, manifest in sealed.items() if manifest.by_hand][-1:])
    candidates = [*sorted(needed, reverse=True), *kept_first(sealed, rule, now)]
    gone = superseded(sealed, ledger) - needed
    kept: set[str] = set()
    left = rule.most
    for identifier in dict.fromkeys(candidates):
        size = sealed[identifier].size
        if identifier in needed or (identifier not in gone and size <= left):
            kept.add(identifier)
            left -= size
    return [identifier for identifier in sealed if identifier not in kept]


def essential(backups: Iterable[Found], sealed: dict[str, Manifest], ledger: list[dict[str, Any]], live_release: str) -> set[str]:
    """Return what no bound removes: the newest one, the newest good one, that of the live release, the newest dump of each database."""
    needed = {max(sealed)} if sealed else set()
    needed |= set([one.id for one in backups if one.id in sealed and verdict(one, ledger).usable][-1:])
    needed |= set([identifier for identifier, manifest in sealed.items() if manifest.release == live_release][-1:])
    dumped = {
        container: identifier for identifier, manifest in sealed.items() for container, entry in manifest.databases.items() if entry["dump"]
    }
    return needed | set(dumped.values())


def kept_first(sealed: dict[str, Manifest], rule: Rule, now: datetime) -> list[str]:
    """Return what the rule keeps besides, in the order in which it gets what the bound leaves: the last releases, then what is young."""
    newest = {manifest.release: identifier for identifier, manifest in sealed.items()}
    limit = (now - timedelta(days=rule.days)).strftime(TIME)
    young = [identifier for identifier, manifest in sealed.items() if manifest.created > limit]
    return sorted(newest.values(), reverse=True)[: rule.keep] + sorted(young, reverse=True)


def superseded(sealed: dict[str, Manifest], ledger: Iterable[dict[str, Any]]) -> set[str]:
    """Return the backups that no run came to use and of whose release there is a newer one.

    One of a run that was cut off or could not go back may hold the only dump of rows that it had taken out of the live database.
    """
    used = {entry["backup"] for entry in ledger if entry["result"] in ("deployed", "rolled back", "done", "interrupted", "broken")}
    newest = {manifest.release: identifier for identifier, manifest in sealed.items()}
    return {identifier for identifier, manifest in sealed.items() if newest[manifest.release] != identifier and identifier not in used}


def crowded(kept: list[Found], most: int) -> str:
    """Return a warning where the backups come near their bound, so that releases go sooner than by number and age; else nothing."""
    total = sum(map(size_of, kept))
    if total * 10 < most * 8:
        return ""
    return (
        f"The backups take {total >> 20} MiB of the {most >> 20} MiB that they may (stack_backup_max_size). Beyond that the oldest are "
        "removed before stack_backup_keep and stack_backup_keep_days say so; the newest good one and the newest dump of each database "
        "always stay."
    )


def remove(directory: str, identifier: str) -> None:
    """Remove a backup: first its name, so that a half-removed one is never taken for a backup."""
    to_remove = os.path.join(directory, f"{REMOVING}{identifier}")
    os.rename(os.path.join(directory, identifier), to_remove)
    sync_directory(directory)
    shutil.rmtree(to_remove)


def finish_removals(directory: str) -> None:
    """Remove what an interrupted removal left."""
    for name in os.listdir(directory) if os.path.isdir(directory) else []:
        if name.startswith(REMOVING):
            shutil.rmtree(os.path.join(directory, name))


def drop_images(client: DockerClient, project: str, backups: list[Found], live: Live) -> list[str]:
    """Remove the tags of backups that are gone, and images built or pulled by deploys that nothing uses; return the names."""
    identifiers = {one.id for one in backups}
    dropped = images.drop(client, images.tags_without_backup(client, project, identifiers))
    used = {image.id for image in live.images.values()}
    used |= {image["id"] for one in backups if one.manifest for image in one.manifest.images.values()}
    if any(one.kind == "sealed" and one.manifest is None for one in backups):
        return dropped  # A damaged manifest cannot tell which images it needs.
    dropped += images.drop(client, images.unused_builds(client, project, used))
    return dropped + images.drop_pulled(client, live.root, used)
