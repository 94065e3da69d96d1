# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which images deploys pulled, and under which names: what else is on the server is somebody's own, and stays.

An image carries no label of whoever pulled it. The record is no part of a release, since it is true as long as there is that image.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .._base import state
from .._base.files import make_directory, write_durably
from .image_name import image_name

if TYPE_CHECKING:
    from docker import DockerClient

with suppress(ImportError):  # See _base.libraries.
    import docker.errors

FILE = ".pulled.json"
REMEDY = "Remove it: the images that deploys pulled until now then stay on the server until somebody removes them."


def read(directory: str) -> dict[str, list[str]]:
    """Return the names under which each image was pulled, by its id."""
    return state.load(os.path.join(directory, FILE), dict[str, list[str]], REMEDY) or {}


def write(directory: str, record: Mapping[str, list[str]]) -> None:
    """Replace the record."""
    make_directory(directory)
    text = json.dumps(dict(record), indent=1, sort_keys=True)
    write_durably(os.path.join(directory, FILE), f"{text}\n".encode(), 0o600)


def note(directory: str, name: str, identifier: str) -> None:
    """Note that a name stands for an image since a deploy pulled it."""
    record = read(directory)
    record[identifier] = sorted({*record.get(identifier, []), name})
    write(directory, record)


def forget(directory: str, identifiers: Collection[str]) -> None:
    """Leave images out of the record that are gone."""
    record = read(directory)
    left = {identifier: names for identifier, names in record.items() if identifier not in identifiers}
    if left != record:
        write(directory, left)


def references(client: DockerClient, identifier: str, names: Collection[str]) -> list[str]:
    """Return what stands for an image because these names were pulled: its tags, and the digests of their repositories."""
    try:
        found: dict[str, Any] = client.api.inspect_image(identifier)
    except docker.errors.ImageNotFound:
        return []
    pulled = {image_name(name) for name in names}
    tags = found.get("RepoTags") or []
    # With the last tag of a repository the engine removes the digests too; a tag that was moved to another image left only these.
    repositories = {repository(name) for name in pulled} - {repository(tag) for tag in tags if tag not in pulled}
    digests = [one for one in found.get("RepoDigests") or [] if repository(one) in repositories]
    return [tag for tag in tags if tag in pulled] + digests


def repository(name: str) -> str:
    """Return the name of an image without its tag or digest."""
    path, at, _digest = name.partition("@")
    return path if at else path.rpartition(":")[0]
