# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a snapshot in a repository says of itself: ``snapshot.json``, beside the sealed backup that it holds.

A snapshot is read on another server than it was made on, perhaps by a newer version, so that it says where everything lies in it.
"""

from __future__ import annotations

import json
import os
import posixpath
from dataclasses import dataclass, field

from .._base import state
from .._base.errors import PlatformError
from .._base.state import Misfit

FORMAT = 1
FILE = "snapshot.json"
# The staging directory has one path on every server: restic finds by paths what it has already.
STAGING = "/var/lib/rarebooks.platform/offsite/staging"
# Below it, a sealed backup as it lies in backups/ID, and copies of what is small and belongs to its moment.
BACKUP = "backup"
SERVER = "server"

# By these a repository's snapshots are found. Others in it, such as those of write-ahead log, have none of the first.
TAG = "rarebooks"
BACKUP_TAG = "backup:"
# Of a server's snapshots in all repositories, each has the next one.
NUMBER_TAG = "number:"
# On an image's own snapshot, and on each snapshot that needs it.
IMAGE_TAG = "image:"
USES_TAG = "uses:"
# The file in which an image's snapshot has what `docker save` writes.
IMAGE_FILE = "image.tar"


@dataclass(frozen=True)
class Volume:
    """A volume of files: its name on the server, the directory of its content in the snapshot, and its labels."""

    name: str
    location: str
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SavedImage:
    """An image of the release. Saved says whether the repository has it: what any registry gives is not, and is pulled by its digest."""

    id: str
    name: str
    tag: str
    saved: bool
    # Such as postgres@sha256:…; the name alone may mean another image by then.
    digest: str = ""


@dataclass(frozen=True)
class Contents:
    """Host, path, project and network are those of the server; created is ISO 8601 in UTC, version the collection's.

    Files are single things by what they are, as they lie in the snapshot: secrets, ledger and daemon are files, letsencrypt (certbot's
    directory) and kept (what outlives its containers) are directories. What the server did not have is not among them.
    """

    format: int
    host: str
    created: str
    path: str
    project: str
    backup: str
    network: str
    volumes: tuple[Volume, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    images: tuple[SavedImage, ...] = ()
    version: str = ""

    def to_json(self) -> bytes:
        """Return the text of snapshot.json."""
        return (json.dumps(state.plain(self), indent=1, sort_keys=True) + "\n").encode()


def parse(where: str, content: bytes) -> Contents:
    """Return what a snapshot.json says, or refuse it; where is the snapshot that it is from."""
    try:
        made_by = state.decode(content, dict[str, object]).get("format")
        if made_by != FORMAT:
            raise Misfit(f"expected format {FORMAT}, got {made_by}: it was made by another version")
        found = state.decode(content, Contents)
        _check(found)
    except Misfit as error:
        raise PlatformError(f"{where}: {FILE} cannot be used: {error}. Nothing has been changed. Choose another snapshot.") from None
    return found


def _check(found: Contents) -> None:
    """Raise Misfit for what a snapshot of ours never says, such as a path that leads elsewhere than it looks."""
    for what, path in [("path", found.path), *found.files.items(), *((one.name, one.location) for one in found.volumes)]:
        if not posixpath.isabs(path) or posixpath.normpath(path) != path or path == "/" or "\0" in path:
            raise Misfit(f"{what}: expected a normalised absolute path, got {path!r}")
    for one in found.volumes:
        if "/" in one.name or one.name in ("", ".", ".."):
            raise Misfit(f"expected the name of a volume, got {one.name!r}")
    for image in found.images:
        if not image.id.startswith("sha256:"):
            raise Misfit(f"image {image.name}: expected an id that begins with sha256:, got {image.id!r}")


def staged(*names: str) -> str:
    """Return a path below the staging directory."""
    return os.path.join(STAGING, *names)
