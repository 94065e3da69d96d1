# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What there is to seal: the live release, or, where a switch was cut off, the one that was live before it.

After a switch that was cut off files and containers may be a mixture of two releases, and nobody wants to go back to that. The
journal knows which backup the switch began with: its files and images are sealed again, with the data of today.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._base.files import read_if_exists
from .._release import journal
from .._release import live as release_live
from .._release.description import Release
from .._release.live import Image, Live
from .._tree.plan import Existing
from . import listing
from .integrity import Dumps, verify
from .manifest import FILES, BackupError, Manifest

if TYPE_CHECKING:
    from docker import DockerClient


def read(root: str, project: str, client: DockerClient, successor: Release | None = None) -> Live:
    """Return what is to be sealed. Of a release that says nothing of itself, the successor is what is known."""
    live = release_live.read(root, project, client, successor)
    pending = journal.unfinished(root)
    if pending is None or not pending.backup:
        return live
    backup = listing.get(root, pending.backup)
    if backup.manifest is None:
        raise BackupError(f"{backup.damage}. A switch was cut off that began with this backup. {_ADVICE}")
    try:
        verify(backup.directory, backup.manifest, Dumps.IGNORED)
    except BackupError as error:
        raise BackupError(f"{error}. A switch was cut off that began with this backup. {_ADVICE}") from None
    return of_backup(live, backup.directory, backup.manifest)


_ADVICE = (
    "Nothing has been changed by this run. If the file can be had elsewhere, put it back; otherwise remove the journal on the server "
    f"({journal.FILE} in the directory of the release), then run again: what is live now is sealed instead."
)


def of_backup(live: Live, directory: str, manifest: Manifest) -> Live:
    """Return the release of a backup as if it were live, with the containers that answer now."""
    images = {name: Image(one["name"], one["id"], one["config"]) for name, one in manifest.images.items()}
    files = {path: _existing(os.path.join(directory, FILES, path), entry) for path, entry in manifest.files.items()}
    # Who served is what was found when the switch began: one that was cut off tells nothing of the release before it.
    stated = manifest.description if manifest.description.apps else live.description
    return Live(live.root, files, stated, images, frozenset(manifest.serving), live.answering)


def _existing(path: str, entry: Mapping[str, Any]) -> Existing:
    mode, target = int(entry["mode"], 8), entry.get("link")
    data = b"" if target is not None else read_if_exists(path) or b""
    return Existing(data, mode, entry["uid"], target, entry["gid"])
