# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Images that can be had nowhere else: each is brought to a repository once, as `docker save` writes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from .._backup.manifest import Manifest
from .._base.errors import PlatformError
from .contents import IMAGE_FILE, IMAGE_TAG, USES_TAG, SavedImage
from .repository import Added, Repository

if TYPE_CHECKING:
    from docker import DockerClient

# A registry of one's own is named by its host, and may burn down with the server.
OWN_REGISTRY = re.compile(r"(localhost|[^/]*[.:][^/]*)/")

# Two blocks of zeros, tar(5).
END_OF_TAR = bytes(1024)

# An image comes before the snapshot that needs it, perhaps from another server.
YOUNG = timedelta(days=1)


def needed(client: DockerClient, manifest: Manifest) -> list[SavedImage]:
    """Return the images of a release, once each, and of each whether a repository has to have it."""
    found = {image["id"]: image for image in manifest.images.values()}
    return [_stated(identifier, image, client.api.inspect_image(identifier)) for identifier, image in sorted(found.items())]


def _stated(identifier: str, image: dict[str, str], inspected: dict[str, Any]) -> SavedImage:
    saved = is_only_here(inspected, image["name"])
    digests = [] if saved else inspected["RepoDigests"]
    # A tag of ours for a backup may have one as well, which no registry knows.
    digest = next((one for one in digests if one.partition("@")[0] == repository_of(image["name"])), "")
    return SavedImage(identifier, image["name"], image["tag"], saved, digest)


def is_only_here(inspected: dict[str, Any], name: str) -> bool:
    """Say whether no public registry is known to have an image: it was built or loaded here, or is from a registry of one's own.

    An engine that keeps images in containerd's store gives also those that it has built a digest, which is then their id.
    """
    digests = [one.partition("@") for one in inspected.get("RepoDigests") or []]
    of_name = {digest for repository, _at, digest in digests if repository == repository_of(name)}
    return not of_name - {inspected.get("Id")} or bool(OWN_REGISTRY.match(name))


def repository_of(name: str) -> str:
    """Return an image's name without tag and digest."""
    return re.sub(r":[^/:]*$", "", name.partition("@")[0])


def uses(images: Iterable[SavedImage]) -> list[str]:
    """Return the tags by which a snapshot says which images it needs."""
    return [f"{USES_TAG}{image.id}" for image in images if image.saved]


def bring(client: DockerClient, repository: Repository, images: Iterable[SavedImage], host: str) -> list[Added]:
    """Bring those images there that are to be saved and that the repository does not have."""
    wanted = [image for image in images if image.saved]
    there = {tag for one in repository.snapshots() for tag in one.tags} if wanted else set()
    return [
        repository.backup_stream(whole(client.api.get_image(image.id), image.name), IMAGE_FILE, host, [f"{IMAGE_TAG}{image.id}"])
        for image in wanted
        if f"{IMAGE_TAG}{image.id}" not in there
    ]


def whole(blocks: Iterable[bytes], name: str) -> Iterator[bytes]:
    """Yield an archive, and raise PlatformError where it ends too early: an engine that fails half-way says so in no other way."""
    end = b""
    for block in blocks:
        end = (end + block)[-len(END_OF_TAR) :]
        yield block
    if end != END_OF_TAR:
        raise PlatformError(
            f"Image {name}: expected the engine to give all of it, got the beginning alone. See on the server what it says: "
            "journalctl -u docker"
        )


def forget_unused(repository: Repository) -> int:
    """Forget images that no snapshot of any server needs any more; return how many."""
    found = repository.snapshots()
    used = {identifier for one in found for identifier in one.tagged(USES_TAG)}
    old = [one for one in found if one.created < datetime.now(timezone.utc) - YOUNG]
    gone = [one.id for one in old for identifier in one.tagged(IMAGE_TAG) if identifier not in used]
    if gone:
        repository.forget(*gone)
    return len(gone)
