# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which backups are kept, and removing the others with what belongs to them and nothing else."""

from __future__ import annotations

import os
import shutil
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.rarebooks.platform.plugins.module_utils import _backup_images
from ansible_collections.rarebooks.platform.plugins.module_utils._backup_list import Found, is_good
from ansible_collections.rarebooks.platform.plugins.module_utils._files import sync_directory
from ansible_collections.rarebooks.platform.plugins.module_utils._ledger import TIME
from ansible_collections.rarebooks.platform.plugins.module_utils._release_live import Live

REMOVING = ".removing-"


def superfluous(
    backups: list[Found], ledger: list[dict[str, Any]], live_release: str, keep: int, days: int, now: datetime
) -> list[str]:
    """Return the ids of the backups to remove, of all backups oldest first.

    Kept are the newest of each of the last releases, as many as keep says, and everything younger than so many days. Never
    removed are the newest good one, the newest of the live release, damaged ones and those of the guide: they are for a person to
    judge. A backup that no run came to use is superseded by a newer one of the same release, whatever its age: repeated
    failures would otherwise fill the disk with copies of one state.
    """
    sealed = {one.id: one.manifest for one in backups if one.manifest is not None}
    used = {entry["backup"] for entry in ledger if entry["result"] in ("deployed", "rolled back")}
    newest: dict[str, str] = {}
    for identifier, manifest in sealed.items():
        newest[manifest.release] = identifier
    good = [identifier for identifier, manifest in sealed.items() if is_good(manifest, ledger)]
    kept = set(sorted(newest.values(), reverse=True)[:keep]) | set(good[-1:])
    limit = (now - timedelta(days=days)).strftime(TIME)
    kept |= {identifier for identifier, manifest in sealed.items()
             if identifier == newest.get(live_release) or manifest.created > limit}
    kept -= {identifier for identifier, manifest in sealed.items()
             if newest[manifest.release] != identifier and identifier not in used}
    return [identifier for identifier in sealed if identifier not in kept | set(good[-1:])]


def remove(directory: str, identifier: str) -> None:
    """Remove a backup: first its name, so that a half-removed one is never taken for a backup."""
    doomed = os.path.join(directory, f"{REMOVING}{identifier}")
    os.rename(os.path.join(directory, identifier), doomed)
    sync_directory(directory)
    shutil.rmtree(doomed)


def finish_removals(directory: str) -> None:
    """Remove what an interrupted removal left."""
    for name in os.listdir(directory) if os.path.isdir(directory) else []:
        if name.startswith(REMOVING):
            shutil.rmtree(os.path.join(directory, name))


def drop_images(client: Any, project: str, backups: list[Found], live: Live) -> list[str]:
    """Remove the tags of backups that are gone, and images built here that nothing uses; return the tags."""
    identifiers = {one.id for one in backups}
    dropped = _backup_images.drop(client, _backup_images.tags_without_backup(client, project, identifiers))
    used = {image.id for image in live.images.values()}
    used |= {image["id"] for one in backups if one.manifest for image in one.manifest.images.values()}
    if any(one.kind == "sealed" and one.manifest is None for one in backups):
        return dropped  # A damaged manifest cannot tell which images it needs.
    return dropped + _backup_images.drop(client, _backup_images.unused_builds(client, project, used))
