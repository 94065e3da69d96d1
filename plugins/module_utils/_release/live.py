# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The release a server runs: the files of its tree, the images of its containers, what it says of itself."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from glob import glob
from typing import TYPE_CHECKING, Any

from .._base.files import sha256
from .._engine.compose import COMPOSE_FILE
from .._engine.containers import CONFIG_LABEL, containers_of
from .._engine.replaced import replaced
from .._tree import plan
from .._tree.plan import Existing
from . import description
from .description import Release

if TYPE_CHECKING:
    from docker import DockerClient

# What a server set up by hand has; it is a release as well, though no file of it is ours. Also what stands where ours will be.
BY_HAND_FILES = (
    COMPOSE_FILE,
    description.FILE,
    "docker-compose*.yml",
    "docker-compose*.yaml",
    "compose*.yml",
    "compose*.yaml",
    ".env*",
    "*.env",
    "*.conf",
    "compose/*.yml",
    "env/*.env",
)
BY_HAND_DIRECTORY = "nginx"


@dataclass(frozen=True)
class Image:
    """The image a container runs: the name it was asked for by, and what that name stood for.

    Config is Compose's own digest of the container's configuration, its environment files included.
    """

    name: str
    id: str
    config: str = ""


@dataclass(frozen=True)
class Live:
    """What is live. Serving are the containers that ran and were healthy when they were looked at."""

    root: str
    files: dict[str, Existing]
    description: Release
    images: dict[str, Image]
    serving: frozenset[str] = field(default_factory=frozenset)
    # The containers that serve now, also where the rest is what was live before.
    answering: frozenset[str] = field(default_factory=frozenset)
    # Of a release made by hand, files that were replaced while a container had them mounted: as that has them.
    served: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        """Say whether there is a release at all."""
        return bool(self.files)

    @property
    def by_hand(self) -> bool:
        """Say whether no deploy of ours made it, or one that is older than descriptions."""
        return description.FILE not in self.files

    @property
    def digest(self) -> str:
        """Return the identity of the release: every file with mode and owner, and each container's image."""
        return release_digest(
            {path: file_entry(existing) for path, existing in self.files.items()},
            {name: image.id for name, image in self.images.items()},
        )


def file_entry(existing: Existing) -> dict[str, Any]:
    """Return what identifies a file, as a manifest states it."""
    entry: dict[str, Any] = {"mode": f"{existing.mode:04o}", "uid": existing.uid, "gid": existing.gid}
    if existing.target is not None:
        return entry | {"link": existing.target}
    return entry | {"size": len(existing.data), "sha256": sha256(existing.data)}


def release_digest(files: dict[str, dict[str, Any]], images: dict[str, str]) -> str:
    """Return one hash over files and images; the group of a file is left out, as the comparison of trees leaves it out."""
    stated = {path: {key: value for key, value in entry.items() if key != "gid"} for path, entry in files.items()}
    return hashlib.sha256(json.dumps([stated, images], sort_keys=True).encode()).hexdigest()


def read_files(root: str) -> dict[str, Existing]:
    """Return the files of the live tree: those that are ours with the list of them, and those of a server set up by hand."""
    live = plan.LiveTree(root)
    paths = set(live.owned) | {plan.MANIFEST}
    if COMPOSE_FILE not in live.owned:
        paths |= {path for pattern in BY_HAND_FILES for path in glob(pattern, root_dir=root)} | set(_below(root, BY_HAND_DIRECTORY))
    found = {path: existing for path in paths if (existing := live.read(path)) is not None}
    # The list alone, which a first run of check mode's opposite leaves behind where it is interrupted, is no release.
    return found if set(found) - {plan.MANIFEST} else {}


def _below(root: str, directory: str) -> list[str]:
    return [
        os.path.relpath(os.path.join(parent, name), root)
        for parent, _directories, names in os.walk(os.path.join(root, directory))
        for name in names
    ]


def damage_of(files: Mapping[str, Existing]) -> str:
    """Return what keeps it from being known what a release consists of; nothing where it says so, or is older than that."""
    existing = files.get(description.FILE)
    return description.damage_of(existing.data if existing else None)


def read_description(files: Mapping[str, Existing]) -> Release:
    """Return what a release says of itself; nothing where it is older than such descriptions, made by hand, or damaged."""
    existing = files.get(description.FILE)
    return Release() if existing is None or description.damage_of(existing.data) else description.parse(existing.data)


def stated(root: str) -> Release:
    """Return what the live release says of itself."""
    existing = plan.look(os.path.join(root, description.FILE))
    return read_description({description.FILE: existing} if existing else {})


def is_serving(inspected: dict[str, Any]) -> bool:
    """Say whether a container runs and is healthy where it has a health check."""
    state = inspected["State"]
    return state["Status"] == "running" and (state.get("Health") or {}).get("Status", "none") in ("healthy", "none")


def read(root: str, project: str, client: DockerClient, successor: Release | None = None) -> Live:
    """Read what is live. Of a release that says nothing of itself, the successor is what is known."""
    files = read_files(root)
    containers = containers_of(client, project)
    images = {
        name: Image(one["Config"]["Image"], one["Image"], one["Config"]["Labels"].get(CONFIG_LABEL, "")) for name, one in containers.items()
    }
    serving = frozenset(name for name, one in containers.items() if is_serving(one))
    said = read_description(files)
    description_of = successor if successor and not said.apps else said
    served = {} if description.FILE in files else _served(root, containers.values())
    return Live(root, files, description_of, images, serving, serving, served)


def _served(root: str, containers: Iterable[Mapping[str, Any]]) -> dict[str, bytes]:
    """Return the files below the root that containers have as they were before somebody replaced them."""
    found = {}
    for one in containers:
        for source, inside in replaced(one):
            if source.startswith(f"{root}/"):
                with open(inside, "rb") as stream:
                    found[os.path.relpath(source, root)] = stream.read()
    return found
