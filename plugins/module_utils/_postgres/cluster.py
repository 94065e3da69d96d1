# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which major version of PostgreSQL an image brings, which one wrote the data in a volume, and whether the two find each other.

PostgreSQL does not start on the data of another major version. From 18 on its official image also keeps them elsewhere: on a volume
that is mounted where it was before, it starts empty, and everything looks healthy.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .programs import reaching

with suppress(ImportError):  # See _base.libraries.
    import docker.errors

if TYPE_CHECKING:
    from docker import DockerClient

VERSION_FILE = "PG_VERSION"
DATA = "/var/lib/postgresql/data"
# What a tag begins with, such as 17, 17.2 or 17-alpine; a digest after it says nothing. Of other repositories it is a version of their own.
_TAG = re.compile(r"^(?:[^@]*/)?(?:postgres|postgis):(\d{1,2})(?:[.-][^:/@]*)?(?:@.*)?$")
# Where Debian's packages have their programs, for images that do not state their version.
_PROGRAMS = re.compile(r"/postgresql/(\d+)/bin")
# A cluster lies at most so deep in its volume: 18/docker is two below.
_DEEPEST = 3


@dataclass(frozen=True)
class Cluster:
    """Where a service finds its data: the volume by its name for the engine and for Compose, and the directory in it."""

    image: str
    # 0 where nothing says which it is.
    major: int
    # What Compose calls the volume; the directory of a bind mount, and empty where nothing that lasts is mounted.
    volume: str
    # Where on the server the volume lies, and where the container sees it; empty for one that is not there.
    path: str
    target: str
    # The data directory of the image, below the target.
    directory: str
    # Whether somebody said that it is this one: what is not known before the image is there, or only its entrypoint knows, is a guess.
    certain: bool = True
    # The part of the volume that is mounted, where it is not all of it.
    below: str = ""

    @property
    def place(self) -> str:
        """Return what people call where the data lie."""
        return f"{self.volume}/{self.below}" if self.below else self.volume

    @property
    def version(self) -> int:
        """Return the major version of the data, 0 where there are none."""
        return version_of(os.path.join(self.path, posixpath.relpath(self.directory, self.target))) if self.path else 0

    @property
    def holds(self) -> int:
        """Return the major version of the data as far as it is known: anywhere in the volume, where nobody knows where the image looks."""
        return self.version or (0 if self.certain else self.elsewhere)

    @property
    def elsewhere(self) -> int:
        """Return the major version of data in the volume that lie where the image does not look, 0 where there are none."""
        return 0 if not self.path or self.version else max(map(version_of, _directories(self.path)), default=0)


def version_of(directory: str) -> int:
    """Return the major version that wrote a data directory, 0 for what is none."""
    try:
        with open(os.path.join(directory, VERSION_FILE), encoding="ascii", errors="replace") as stream:
            found = stream.read(16).strip()
    except OSError:
        return 0
    return int(found) if found.isdecimal() else 0


def _directories(path: str) -> Iterator[str]:
    for directory, below, _files in os.walk(path):
        yield directory
        depth = 0 if directory == path else os.path.relpath(directory, path).count(os.sep) + 1
        if depth >= _DEEPEST - 1 or version_of(directory):
            below.clear()


def cluster_of(client: DockerClient, service: Mapping[str, Any], document: Mapping[str, Any], image_id: str = "") -> Cluster:
    """Return where a service of a Compose document finds its data, with the image that its name means today, or with the one of an id."""
    image = str(service.get("image") or "")
    environment = {**image_environment(client, image_id or image), **_texts(service.get("environment") or {})}
    major = major_of(image, environment)
    directory = posixpath.normpath(environment.get("PGDATA") or data_directory(major))
    certain = bool(environment.get("PGDATA") or _TAG.search(image))
    mounts = [one for one in service.get("volumes") or [] if _holds(str(one["target"]), directory)]
    if not mounts:
        return Cluster(image, major, "", "", directory, directory, certain)
    mount = max(mounts, key=lambda one: len(str(one["target"])))
    source, target = str(mount.get("source") or ""), posixpath.normpath(str(mount["target"]))
    if mount["type"] != "volume":
        return Cluster(image, major, source, source, target, directory, certain)
    name = str(((document.get("volumes") or {}).get(source) or {}).get("name") or source)
    path, below = volume_path(client, name), str((mount.get("volume") or {}).get("subpath") or "").strip("/")
    return Cluster(image, major, source, os.path.join(path, below) if path and below else path, target, directory, certain, below)


def mount_of(image_config: Mapping[str, Any], directory: str) -> str:
    """Return where an image wants the volume with its data: what it declares to be one, or else the data directory itself."""
    declared = [one for one in image_config.get("Volumes") or {} if _holds(one, directory)]
    return max(declared, key=len, default=directory)


def expected_config(major: int) -> dict[str, Any]:
    """Return what the official image of a major version says of its data, for one that is not on the server yet."""
    return {"Volumes": {posixpath.dirname(DATA) if major >= 18 else DATA: {}}}


def data_directory(major: int) -> str:
    """Return where the official image of a major version keeps its data."""
    return f"/var/lib/postgresql/{major}/docker" if major >= 18 else DATA


def major_of(image: str, environment: Mapping[str, str]) -> int:
    """Return the major version of an image, 0 where neither it nor its name says which it is."""
    if environment.get("PG_MAJOR", "").isdecimal():
        return int(environment["PG_MAJOR"])
    found = _PROGRAMS.search(environment.get("PATH", "")) or _TAG.search(image)
    return int(found[1]) if found else 0


def image_config(client: DockerClient, image: str) -> dict[str, Any]:
    """Return the configuration of an image; nothing where it is not on the server (yet)."""
    found: dict[str, Any] = {}
    with reaching(f"image {image}"), suppress(docker.errors.NotFound):
        found = client.api.inspect_image(image).get("Config") or {}
    return found


def image_environment(client: DockerClient, image: str) -> dict[str, str]:
    return dict(line.partition("=")[::2] for line in image_config(client, image).get("Env") or []) if image else {}


def volume_path(client: DockerClient, name: str) -> str:
    """Return where a volume lies on the server, empty where there is none."""
    path = ""
    with reaching(f"volume {name}"), suppress(docker.errors.NotFound):
        path = str(client.volumes.get(name).attrs["Mountpoint"])
    return path


def _holds(target: str, directory: str) -> bool:
    return posixpath.commonpath([posixpath.normpath(target), directory]) == posixpath.normpath(target)


def _texts(environment: Mapping[str, Any]) -> dict[str, str]:
    return {name: str("" if value is None else value) for name, value in environment.items()}
