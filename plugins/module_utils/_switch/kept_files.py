# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Single files that an app writes outside of its volumes, and that outlive its container: they lie below ``files`` on the server.

They are data, as volumes are, and no part of a release: no switch puts an older one in the place of what the app wrote last. Until a
container has the mount, the file in the container is the one in force; from then on the one on the server is. Where a release comes back
that does not mount it, the container gets it back.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._base.errors import PlatformError
from .._base.files import TEMPORARY, make_directory, read_if_exists, sha256, write_durably
from .._engine import container_files
from .._engine.compose import Definition
from .._engine.container_files import Content
from .._engine.containers import containers_of
from .._release.description import ContainerFile
from .server import Server
from .target import Target

if TYPE_CHECKING:
    from docker import DockerClient

DIRECTORY = "files"
# What was on the server and is not in force any more. No container is called so.
BEFORE = ".before"
# There may be keys in them, and none but root has to come here: containers have the files themselves.
DIRECTORY_MODE = 0o700
TRIES = 3


class KeptFileError(PlatformError):
    """A file that is to be kept cannot be."""


@dataclass(frozen=True)
class Copy:
    """A file that is in force elsewhere than on the server, and that the next container is to find there."""

    file: ContainerFile
    place: str
    # The container or image that has it.
    source: str
    of_image: bool = False

    @property
    def missing(self) -> str:
        """Say that there is nothing to copy: Docker would make a directory of what it cannot mount."""
        return (
            f"{self.file.path} of {self.file.container}: expected a file to keep, got none: neither is there {self.place}, nor does the "
            f"container or the image {self.source or '(none)'} have it. Take it out of what is kept until the app has written it."
        )

    @property
    def note(self) -> str:
        kind = "image" if self.of_image else "container"
        return f"{self.file.path} of {self.file.container}: kept on the server as {self.place}, as {kind} {self.source} has it today."


def place_of(root: str, file: ContainerFile) -> str:
    """Return where a file lies on the server."""
    return os.path.join(root, DIRECTORY, file.container, file.path.lstrip("/"))


def check(server: Server, target: Target, tree: str, preview: bool) -> list[str]:
    """Return what would be copied once the staged tree is live; refuse what could not be kept, before anything changes.

    In a preview an image may not be there yet.
    """
    if not target.kept_files:
        return []
    services = Definition(server.run_command, tree, server.project).services()
    by_container = {str(one["container_name"]): one for one in services}
    for file in target.kept_files:
        mounts = by_container.get(file.container, {}).get("volumes") or []
        if file.path not in [str(one["target"]) for one in mounts]:
            raise KeptFileError(
                f"{file.path} of {file.container}: expected its service to mount what kept_files keeps, got no mount there. Write "
                "{{ compose.kept_files(...) }} into its volumes (docs/apps.md). Nothing has been changed."
            )
    images = {name: str(one["image"]) for name, one in by_container.items()}
    copies = plan(server, target, images)
    missing = [one for one in copies if not (preview and one.of_image) and _content(server, one) is None]
    if missing:
        raise KeptFileError("\n".join([*(one.missing for one in missing), "Nothing has been changed."]))
    return [one.note for one in copies]


def plan(server: Server, target: Target, images: Mapping[str, str] | None = None) -> list[Copy]:
    """Return what has to be copied before Compose makes containers that mount it; images are those of the target, by container."""
    if not target.kept_files:
        return []
    present, copies = containers_of(server.client, server.project), list[Copy]()
    for file in target.kept_files:
        place, inspected = place_of(server.root, file), present.get(file.container)
        if inspected is not None and _is_in_force(server.client, inspected, file, place):
            copies.append(Copy(file, place, file.container))
        elif not os.path.isfile(place):
            if images is None:
                images = {str(one["container_name"]): str(one["image"]) for one in server.compose.services()}
            copies.append(Copy(file, place, images.get(file.container, ""), of_image=True))
    return copies


def _is_in_force(client: DockerClient, inspected: Mapping[str, Any], file: ContainerFile, place: str) -> bool:
    """Say whether the app uses the file that its container has, and not the one on the server, or none."""
    stored = read_if_exists(place)
    if is_mounted(inspected, file):
        # A file that was removed on the server goes on existing for the container that has it mounted.
        return stored is None and inspected["State"]["Status"] == "running"
    content = container_files.read(client, inspected["Id"], file.path)
    if content is None or stored is None:
        return content is not None
    return content.digest != sha256(stored) and container_files.is_changed(client, inspected["Id"], file.path)


def is_mounted(inspected: Mapping[str, Any], file: ContainerFile) -> bool:
    """Say whether a container has something mounted in the place of a file."""
    return any(mount["Destination"] == file.path for mount in inspected["Mounts"])


def keep(server: Server, target: Target) -> list[str]:
    """Bring the files to where the containers of the target mount them; return what to tell. A file that is in force there stays."""
    notes = []
    for one in plan(server, target):
        notes += [one.note, *_put_aside(server.root, one)]
        for _try in range(TRIES):
            content = _content(server, one)
            if content is None:
                raise KeptFileError(one.missing)
            make_directory(os.path.dirname(one.place), DIRECTORY_MODE)
            write_durably(one.place, content.data, content.mode, (content.uid, content.gid))
            # An app may have written to it meanwhile.
            if _content(server, one) == content:
                break
        else:
            raise KeptFileError(f"{one.place}: expected what {one.source} has as {one.file.path}, got something else {TRIES} times.")
    return notes


def _content(server: Server, copy: Copy) -> Content | None:
    """Return the file to copy, None where its source does not have it."""
    if not copy.of_image:
        return container_files.read(server.client, copy.source, copy.file.path)
    return container_files.read_of_image(server.client, copy.source, copy.file.path, server.project) if copy.source else None


def _put_aside(root: str, copy: Copy) -> list[str]:
    """Keep what lies on the server and is no longer in force, under its digest; return what to tell."""
    stored = read_if_exists(copy.place)
    if stored is None:
        return []
    aside = os.path.join(root, DIRECTORY, BEFORE, copy.file.container, f"{copy.file.path.lstrip('/')}.{sha256(stored)[:8]}")
    make_directory(os.path.dirname(aside), DIRECTORY_MODE)
    write_durably(aside, stored, 0o600)
    return [f"{copy.place} was another one; that is now {aside}."]


def give_back(server: Server, target: Target) -> list[str]:
    """Give the files to containers of a release that does not mount them, before they are started; return what to tell.

    A container that runs without the mount has its own file, and keeps it.
    """
    kept = set(target.kept_files)
    waiting = [file for file in on_server(server.root) if file not in kept]
    if not waiting:
        return []
    present = containers_of(server.client, server.project)
    wanted = {str(one["container_name"]) for one in server.compose.services()}
    without = [file for file in waiting if file.container in wanted and _is_without(present.get(file.container), file)]
    if not without:
        return []
    server.compose.create()
    return [_give(server, file) for file in without]


def _is_without(inspected: Mapping[str, Any] | None, file: ContainerFile) -> bool:
    """Say whether a container that does not mount a file would be started without it."""
    return inspected is None or inspected["State"]["Status"] == "created" or is_mounted(inspected, file)


def _give(server: Server, file: ContainerFile) -> str:
    place = place_of(server.root, file)
    with open(place, "rb") as stream:
        status = os.fstat(stream.fileno())
        content = Content(stream.read(), status.st_mode & 0o7777, status.st_uid, status.st_gid)
    container_files.write(server.client, file.container, file.path, content)
    found = container_files.read(server.client, file.container, file.path)
    if found != content:
        raise KeptFileError(f"{file.path} in container {file.container}: expected what {place} is, got something else.")
    return f"{file.path} of {file.container}: put into the container as {place} is, since this release does not mount it."


def on_server(root: str) -> Iterator[ContainerFile]:
    """Yield the files that are kept on the server, those of one container after another."""
    top = os.path.join(root, DIRECTORY)
    for container in sorted(os.listdir(top)) if os.path.isdir(top) else []:
        directory = os.path.join(top, container)
        if container == BEFORE or not os.path.isdir(directory):
            continue
        for parent, directories, names in os.walk(directory):
            directories.sort()
            for name in sorted(names):
                if not name.startswith(TEMPORARY):
                    yield ContainerFile(container=container, path="/" + os.path.relpath(os.path.join(parent, name), directory))
