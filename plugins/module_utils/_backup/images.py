# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The images of a backup: kept by tags of ours, so that neither a prune nor a moved tag takes them away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .._engine import pulled
from .._engine.containers import OWNER_LABEL
from .._engine.image_name import image_name
from .._release.live import Image
from .manifest import BackupError, Manifest

if TYPE_CHECKING:
    from docker import DockerClient

try:
    import docker
    import docker.errors
except ImportError:  # See _base.libraries.
    pass

# On everything we make in the engine besides what Compose makes: images built here, containers for proofs.


def repository(project: str) -> str:
    """Return the name under which the images of a project's backups are kept."""
    return f"{project}-backup"


def stated(project: str, identifier: str, images: dict[str, Image]) -> dict[str, dict[str, str]]:
    """Return the images as the manifest of a backup states them, each with the tag that keeps it."""
    return {
        container: {**asdict(image), "tag": f"{repository(project)}:{identifier}-{image.id.rpartition(':')[2][:12]}"}
        for container, image in images.items()
    }


def keep(client: DockerClient, images: dict[str, dict[str, str]]) -> None:
    """Give each image of a manifest the tag that belongs to the backup."""
    for container, image in images.items():
        name, _colon, tag = image["tag"].rpartition(":")
        try:
            client.api.tag(image["id"], name, tag)
        except docker.errors.ImageNotFound:
            raise BackupError(
                f"Image {image['name']} ({image['id'][:19]}) of container {container} has been removed from the server while the "
                "container runs, so it cannot be kept. Pull, load or build that image again, then deploy again."
            ) from None


def present(client: DockerClient) -> set[str]:
    """Return the ids of all images that are on the server."""
    return {image["Id"] for image in client.api.images()}


def gone(present: set[str], manifest: Manifest) -> list[str]:
    """Return what of a backup's images is not on the server any more, one phrase each."""
    return [
        f"image {image['name']} ({image['id'][:19]}, kept as {image['tag']}) of {container} is gone"
        for container, image in sorted(manifest.images.items())
        if image["id"] not in present
    ]


def check(client: DockerClient, manifest: Manifest) -> None:
    """Refuse a backup one of whose images is gone, or lacks a name that only a registry gives."""
    problems = gone(present(client), manifest)
    if problems:
        raise BackupError(
            f"Backup {manifest.id}: {'; '.join(problems)}. Something like `docker system prune --all` removes what no container uses. "
            "Nothing has been changed. Choose another backup."
        )
    for name in sorted(moved(client, manifest.images)):
        if "@" in name:
            raise BackupError(
                f"Backup {manifest.id}: image {name} is there, but something like `docker system prune --all` has removed its name, "
                f"and only a pull gives a name by digest back. Nothing has been changed. Run `docker pull {name}` on the server, then "
                "this again."
            )


def moved(client: DockerClient, images: dict[str, dict[str, str]]) -> dict[str, str]:
    """Return the names that do not stand for the sealed image, with the image's id."""
    found = {}
    for image in images.values():
        name, identifier = image["name"], image["id"]
        try:
            now = client.api.inspect_image(name)["Id"]
        except docker.errors.ImageNotFound:
            now = ""
        if now != identifier:
            found[name] = identifier
    return found


def put_back(client: DockerClient, names: dict[str, str]) -> None:
    """Let names stand for the sealed images again."""
    for name, identifier in names.items():
        if "@" in name or name.startswith("sha256:"):
            raise BackupError(f"Image {name}: a name by digest cannot be given to {identifier[:19]}. Pull it, then run again.")
        name, _colon, tag = name.rpartition(":") if ":" in name.rpartition("/")[2] else (name, "", "latest")
        client.api.tag(identifier, name, tag)


@contextmanager
def names_in_place(
    client: DockerClient,
    containers: Iterable[Mapping[str, Any]],
    manifests: Iterable[Manifest],
    lend: bool,
    needed: Callable[[], bool] = lambda: False,
) -> Iterator[list[str]]:
    """Give images of containers and backups the names back that somebody took; yield what a person should know of that.

    `docker system prune --all` leaves an image that a container uses one name, any one. Compose finds images by name alone, and
    would call a container that runs to be replaced by an image that is gone. With lend, as in check mode, for a while only, unless
    somebody else needs them by then.
    """
    images = client.api.images()
    there = {image["Id"] for image in images}
    known = {tag for image in images for tag in image["RepoTags"] or []}
    names = {one["Config"]["Image"]: one["Image"] for one in containers}
    lost = {name: image for name, image in names.items() if "@" not in name and image in there and image_name(name) not in known}
    lost = {name: image for name, image in lost.items() if name != image}
    put_back(client, lost)
    notes = []
    if lost:
        notes.append(f"Names of images put back, which something like `docker system prune --all` had removed: {', '.join(sorted(lost))}")
    short = []
    for manifest in manifests:
        kept = {image["tag"]: image["id"] for image in manifest.images.values()}
        if not lend:
            put_back(client, {tag: image for tag, image in kept.items() if image in there and tag not in known})
        if not there.issuperset(kept.values()):
            short.append(manifest.id)
    if short:
        notes.append(
            "Backups that cannot be restored, since their images are gone from the server (`docker system prune --all`?): "
            + ", ".join(short)
        )
    try:
        yield notes
    finally:
        if lend and not needed():
            drop(client, sorted(lost))


def tags_without_backup(client: DockerClient, project: str, identifiers: set[str]) -> list[str]:
    """Return our tags that belong to no backup any more."""
    return [
        tag
        for image in client.api.images(name=repository(project))
        for tag in image["RepoTags"] or []
        if tag.startswith(f"{repository(project)}:") and tag.rpartition(":")[2].split("-")[0] not in identifiers
    ]


def unused_builds(client: DockerClient, project: str, used: set[str]) -> list[str]:
    """Return the tags of images that a deploy built here and neither a container nor a backup uses."""
    built = client.api.images(filters={"label": f"{OWNER_LABEL}={project}"})
    return [tag for image in built if image["Id"] not in used for tag in image["RepoTags"] or []]


def drop_pulled(client: DockerClient, directory: str, used: set[str]) -> list[str]:
    """Remove the images that deploys pulled and neither a backup nor anybody's container uses; return the names that are gone."""
    record = pulled.read(directory)
    unused = sorted(record.keys() - used - {one["ImageID"] for one in client.api.containers(all=True)})
    dropped = [name for image in unused for name in drop(client, pulled.references(client, image, record[image]))]
    pulled.forget(directory, unused)
    return dropped


def drop(client: DockerClient, tags: list[str]) -> list[str]:
    """Remove tags, and with the last tag the image; return what is gone. An image that a container uses stays."""
    dropped = []
    for tag in tags:
        try:
            client.api.remove_image(tag)
            dropped.append(tag)
        except docker.errors.ImageNotFound:
            pass
        except docker.errors.APIError as error:
            if error.status_code != 409:
                raise
    return dropped
