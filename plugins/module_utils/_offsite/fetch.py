# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bringing a backup back from a repository, so that it is a local one: the same verification, the same ways back."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._backup import images as backup_images
from .._backup import integrity, seal
from .._backup.manifest import BackupError, Manifest, load, store
from .._base.errors import PlatformError, describe
from .._base.files import make_directory, sync_directory
from .._engine import image_pull
from .contents import BACKUP, FILE, IMAGE_FILE, IMAGE_TAG, STAGING, TAG, Contents, SavedImage, parse
from .repository import Repository, Snapshot

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass(frozen=True)
class Offsite:
    """A snapshot with the repository that it lies in."""

    repository: Repository
    snapshot: Snapshot

    def __str__(self) -> str:
        return f"snapshot {self.snapshot.id[:8]} in {self.repository}"

    @property
    def backup(self) -> str:
        """Return the id of the backup that it holds."""
        return self.snapshot.backup


def listed(repositories: Iterable[Repository], host: str = "") -> tuple[list[Offsite], dict[str, str]]:
    """Return the snapshots of a server in all repositories, in the order in which they were made, and why some could not be read."""
    found, errors = [], {}
    for repository in repositories:
        try:
            found += [Offsite(repository, one) for one in repository.snapshots(TAG, host=host) if one.backup]
        except PlatformError as error:
            errors[repository.shown] = describe(error)
    return sorted(found, key=lambda one: one.snapshot.order), errors


def find(repositories: Iterable[Repository], host: str, identifier: str = "") -> Offsite:
    """Return the snapshot that holds a backup, the newest one where none is named; from the first repository that has it."""
    return find_all(repositories, host, identifier)[0][0]


def find_all(repositories: Iterable[Repository], host: str, identifier: str = "") -> tuple[list[Offsite], dict[str, str]]:
    """Return the snapshots that hold a backup, the newest one where none is named, at least one, and why some repositories could not be
    read.
    """
    everywhere, errors = listed(repositories)
    found = [one for one in everywhere if one.snapshot.host == host and identifier in ("", one.backup)]
    if found:
        newest = found[-1].backup
        return [one for one in found if one.backup == newest], errors
    wanted = f"a snapshot of backup {identifier}" if identifier else "a snapshot"
    there = ", ".join(one.backup for one in everywhere if one.snapshot.host == host) or "none"
    others = sorted({one.snapshot.host for one in everywhere} - {host})
    parts = [f"Repositories: expected {wanted} of {host}, got {there}", *([f"those of {', '.join(others)}"] if others else [])]
    raise BackupError(" and ".join(parts) + ". Nothing has been changed." + "".join(f" {text}" for text in errors.values()))


def contents_of(one: Offsite, staging: str = STAGING) -> Contents:
    """Return what a snapshot says of itself, or refuse one that is of another backup than it is listed with."""
    told = parse(str(one), one.repository.read(one.snapshot.id, os.path.join(staging, FILE)))
    if told.backup != one.backup:
        raise BackupError(
            f"{one}: expected one of backup {one.backup}, as its tag says, got {told.backup}. Nothing has been changed. Choose another one."
        )
    return told


def fetch(client: DockerClient, root: str, one: Offsite, staging: str = STAGING, *, with_images: bool = True) -> Manifest:
    """Bring a backup to where the local ones lie, with the images that are missing if wanted; nothing half is ever seen there.

    One that is there and not whole is brought again: a server that loses its power may keep a name without what it stands for.
    """
    told, directory = contents_of(one, staging), store(root)
    make_directory(directory, seal.PRIVATE_DIRECTORY)
    place = os.path.join(directory, one.backup)
    if not is_whole(place):
        # Of the name that the next seal removes where this run is killed.
        work = os.path.join(directory, f"{seal.SEALING}{one.backup}")
        shutil.rmtree(work, ignore_errors=True)
        try:
            bring(one, os.path.join(staging, BACKUP), work)
            if os.path.isdir(place):
                shutil.rmtree(place)
            os.rename(os.path.join(work, one.backup), place)
            sync_directory(directory)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    manifest = load(place)
    if with_images:
        load_images(client, one.repository, told, manifest, directory)
    return manifest


def is_whole(place: str) -> bool:
    """Say whether a backup is there, with every file of it as it was sealed."""
    try:
        integrity.verify(place, load(place))
    except (OSError, BackupError):
        return False
    return True


def bring(one: Offsite, source: str, work: str) -> None:
    """Bring the sealed backup of a snapshot into a directory, under its own name, and verify every file of it."""
    make_directory(work, seal.PRIVATE_DIRECTORY)
    seal.require_space({work: size_of(one, source)})
    one.repository.restore(one.snapshot.id, [source], work)
    place = os.path.join(work, one.backup)
    try:
        os.rename(os.path.join(work, source.lstrip("/")), place)
        integrity.verify(place, load(place))
    except (OSError, BackupError) as error:
        raise BackupError(f"{one}: the backup in it is not whole: {error}. Nothing has been changed. Choose another one.") from None
    os.sync()  # restic leaves that to the system.


def size_of(one: Offsite, *paths: str) -> int:
    """Return the bytes of the files below some paths of a snapshot."""
    return sum(int(entry.get("size", 0)) for entry in one.repository.files(one.snapshot.id, *paths))


def load_images(client: DockerClient, repository: Repository, told: Contents, manifest: Manifest, directory: str) -> list[str]:
    """Bring the images of a backup that are not on the server, and give all of them the tags that keep them; return what came."""
    came = bring_images(client, repository, told, manifest.id, directory)
    backup_images.keep(client, manifest.images)
    return came


def bring_images(client: DockerClient, repository: Repository, told: Contents, identifier: str, directory: str) -> list[str]:
    """Bring the images of a snapshot that are not on the server; return their names."""
    missing = [image for image in told.images if image.id not in backup_images.present(client)]
    for image in missing:
        if image.saved:
            _load(client, repository, image, directory)
        else:
            image_pull.pull(client, [image.digest or image.name], newest=True, check_mode=False)
    there = backup_images.present(client)
    for image in missing:
        if image.id not in there:
            raise BackupError(
                f"Image {image.name} of backup {identifier}: expected {image.id[:19]}, got another one under that name. Nothing has been "
                f"changed. Load that very image on the server (docker load), then run again."
            )
    return [image.name for image in missing]


def _load(client: DockerClient, repository: Repository, image: SavedImage, directory: str) -> None:
    found = repository.snapshots(f"{IMAGE_TAG}{image.id}")
    if not found:
        raise BackupError(
            f"Repository {repository}: expected image {image.name} ({image.id[:19]}) in it, got none. Nothing has been changed. Load that "
            "image on the server (docker load), then run again."
        )
    one = Offsite(repository, found[-1])
    seal.require_space({directory: size_of(one), client.info()["DockerRootDir"]: size_of(one)})
    with tempfile.TemporaryFile(dir=directory) as stream:
        repository.copy(one.snapshot.id, f"/{IMAGE_FILE}", stream)
        stream.seek(0)
        for said in client.api.load_image(stream):
            if "error" in said:
                raise BackupError(f"Image {image.name} ({image.id[:19]}): the engine does not take it, and says: {said['error']}")
