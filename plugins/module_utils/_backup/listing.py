# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The backups of a server: sealed ones, damaged ones, and those that the old guide's commands made."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .._engine.compose import COMPOSE_FILE
from .._release.live import Live, file_entry
from .._tree import plan
from . import images as backup_images
from .integrity import Dumps, verify
from .manifest import ID, MANIFEST, BackupError, Manifest, load, moment_of, store

if TYPE_CHECKING:
    from docker import DockerClient

# backups/docker-compose.yml.backup.<id> and its twin beside it.
FLAT = re.compile(rf"(docker-compose\.yml|nginx_prod\.conf)\.backup\.({ID.pattern})")
# Where the files of both old layouts belong in the tree.
LEGACY_FILES = {
    "docker-compose.yml": COMPOSE_FILE,
    "nginx_prod.conf": "nginx/nginx_prod.conf",
    "nginx/nginx_prod.conf": "nginx/nginx_prod.conf",
    ".env": ".env",
}


@dataclass(frozen=True)
class Found:
    """A backup as it lies there. Of a sealed one there is the manifest or what is wrong with it, of an old one its files."""

    id: str
    kind: str
    directory: str
    manifest: Manifest | None = None
    damage: str = ""
    # Path in the tree: where the file lies.
    files: dict[str, str] | None = None


def find_all(root: str) -> list[Found]:
    """Return every backup, oldest first. Dumps are not read: see check()."""
    directory = store(root)
    names = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
    flat: dict[str, dict[str, str]] = {}
    found = []
    for name in names:
        path = os.path.join(directory, name)
        match = FLAT.fullmatch(name)
        if match:
            flat.setdefault(match.group(2), {})[LEGACY_FILES[match.group(1)]] = path
        elif ID.fullmatch(name) and os.path.isdir(path):
            found.append(_in_directory(name, path))
    sealed = {one.id for one in found}
    found += [Found(identifier, "legacy", directory, files=files) for identifier, files in flat.items() if identifier not in sealed]
    return sorted(found, key=lambda one: one.id)


def _in_directory(identifier: str, path: str) -> Found:
    if moment_of(identifier) is None:
        return Found(identifier, "sealed", path, damage=f"{path}: expected a time as its name, got {identifier}: no deploy made it")
    files = {target: os.path.join(path, name) for name, target in LEGACY_FILES.items() if os.path.isfile(os.path.join(path, name))}
    if COMPOSE_FILE in files and not os.path.exists(os.path.join(path, MANIFEST)):
        return Found(identifier, "legacy", path, files=files)
    try:
        return Found(identifier, "sealed", path, load(path))
    except BackupError as error:
        return Found(identifier, "sealed", path, damage=str(error))


def get(root: str, identifier: str) -> Found:
    """Return one backup, or refuse a name that is none."""
    found = {one.id: one for one in find_all(root)}
    if identifier not in found:
        known = ", ".join(f"{one.id} (damaged)" if one.damage else one.id for one in found.values()) or "none"
        raise BackupError(f"Backup {identifier}: expected one of {known} in {store(root)}. Nothing has been changed.")
    return found[identifier]


def check(backup: Found, dumps: Dumps = Dumps.CONTENTS, known: str = "") -> tuple[Manifest, str]:
    """Return a sealed backup's manifest once every file of it is known to be whole, and the mark of that proof: see verify()."""
    if backup.manifest is None:
        raise BackupError(f"{backup.damage}. Nothing has been changed. Choose another backup.")
    try:
        return backup.manifest, verify(backup.directory, backup.manifest, dumps, known)
    except BackupError as error:
        raise BackupError(f"{error}. Nothing has been changed. Choose another backup.") from None


def as_found(backup: Found) -> Found:
    """Return a backup as one that is damaged where a file of it is; of its dumps, which take long to read, the sizes are compared."""
    try:
        if backup.manifest is not None:
            verify(backup.directory, backup.manifest, Dumps.SIZES)
    except BackupError as error:
        return replace(backup, manifest=None, damage=str(error))
    return backup


def is_whole(client: DockerClient, backup: Found, release: str) -> bool:
    """Say whether a backup holds a release so that one could go back to it; its dumps are not read."""
    if backup.manifest is None or backup.manifest.release != release:
        return False
    try:
        verify(backup.directory, backup.manifest, Dumps.IGNORED)
        backup_images.check(client, backup.manifest)
    except BackupError:
        return False
    return True


def newest_dumps(backups: Iterable[Found]) -> dict[str, str]:
    """Return the newest backup with a dump of each database, by container; backups come oldest first."""
    return {
        container: one.id
        for one in backups
        if one.manifest is not None
        for container, entry in one.manifest.databases.items()
        if entry["dump"]
    }


def differences(manifest: Manifest, live: Live) -> list[str]:
    """Return what of the live release is not as in a backup: paths, and containers whose image is another."""
    now = {path: {**file_entry(existing), "gid": 0} for path, existing in live.files.items()}
    then = {path: {**entry, "gid": 0} for path, entry in manifest.files.items()}
    # The list of what is ours differs with any file, and tells nobody anything.
    paths = [path for path in sorted((now.keys() | then.keys()) - {plan.MANIFEST}) if now.get(path) != then.get(path)]
    images = {name: image["id"] for name, image in manifest.images.items()}
    live_images = {name: image.id for name, image in live.images.items()}
    names = [name for name in sorted(images.keys() | live_images.keys()) if images.get(name) != live_images.get(name)]
    return paths + [f"image of {name}" for name in names]


def apps_changed(manifest: Manifest, live: Live) -> list[str]:
    """Return the apps of either release that have a container which is not the same in both."""
    then = {name: (image["id"], image["config"]) for name, image in manifest.images.items()}
    now = {name: (image.id, image.config) for name, image in live.images.items()}
    apps = {app.name: app.containers for app in [*manifest.apps, *live.description.apps]}
    return sorted(app for app, containers in apps.items() if any(then.get(name) != now.get(name) for name in containers))
