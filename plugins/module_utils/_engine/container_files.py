# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Single files of containers and images, in and out, with mode and owner; the container need not run."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._base.errors import PlatformError
from .._base.files import sha256
from .containers import OWNER_LABEL

if TYPE_CHECKING:
    from docker import DockerClient


class NoSuchFile(PlatformError):
    """What a path leads to in a container cannot be taken as a file."""


@dataclass(frozen=True)
class Content:
    """A file as a container has it."""

    data: bytes = field(repr=False)
    mode: int
    uid: int
    gid: int

    @property
    def digest(self) -> str:
        return sha256(self.data)


def read(client: DockerClient, container: str, path: str) -> Content | None:
    """Return a file of a container, None where there is nothing of that path."""
    # The library may be missing where this file is only imported.
    from docker.errors import NotFound

    try:
        stream, _status = client.api.get_archive(container, path)
    except NotFound:
        return None
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
        member = archive.next()
        opened = archive.extractfile(member) if member and member.isreg() else None
        if member is None or opened is None:
            raise NoSuchFile(f"{path} in container {container}: expected a file, got a directory, a link or something else.")
        return Content(opened.read(), member.mode & 0o7777, member.uid, member.gid)


def write(client: DockerClient, container: str, path: str, content: Content) -> None:
    """Put a file into a container. Directories of it that the image does not have are made: the app may have made them itself before."""
    member = tarfile.TarInfo(path.lstrip("/"))
    member.size, member.mode, member.uid, member.gid = len(content.data), content.mode, content.uid, content.gid
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(member, io.BytesIO(content.data))
    client.api.put_archive(container, "/", buffer.getvalue())


def is_changed(client: DockerClient, container: str, path: str) -> bool:
    """Say whether a container has another file of that path than its image."""
    return any(one["Path"] == path and one["Kind"] in (0, 1) for one in client.api.diff(container) or [])


def read_of_image(client: DockerClient, image: str, path: str, project: str) -> Content | None:
    """Return a file of an image."""
    with _unstarted(client, image, project) as name:
        return read(client, name, path)


def found_in_image(client: DockerClient, image: str, paths: Iterable[str], project: str) -> set[str]:
    """Return which of these files an image has, links as well: Debian has some as links to where its alternatives are."""
    with _unstarted(client, image, project) as name:
        return {path for path in paths if _is_there(client, name, path)}


def _is_there(client: DockerClient, container: str, path: str) -> bool:
    from docker.errors import NotFound

    try:
        stream, _status = client.api.get_archive(container, path)
    except NotFound:
        return False
    for _chunk in stream:
        pass  # Until its end, so that the connection is free again.
    return True


@contextmanager
def _unstarted(client: DockerClient, image: str, project: str) -> Iterator[str]:
    """Make a container of an image that never runs."""
    name = f"{project}-files-of-image"
    for left in client.containers.list(all=True, filters={"name": f"^/{name}$"}):
        left.remove(force=True)  # By a run that died.
    # An image need not say what to run.
    made = client.containers.create(image, name=name, command=["true"], labels={OWNER_LABEL: project})
    try:
        yield name
    finally:
        made.remove(v=True)
