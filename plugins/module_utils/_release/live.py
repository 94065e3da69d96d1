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
from typing import TYPE_CHECKING, Any, TypedDict

from .._base import state as base_state
from .._base.files import sha256
from .._engine.compose import COMPOSE_FILE
from .._engine.containers import CONFIG_LABEL, containers_of
from .._tree import plan
from .._tree.plan import Existing

if TYPE_CHECKING:
    from docker import DockerClient

# The file of the tree in which a release says which apps it consists of; see the role stack.
DESCRIPTION = "release.json"
# What a server set up by hand has; it is a release as well, though no file of it is ours. Also what stands where ours will be.
BY_HAND_FILES = (
    COMPOSE_FILE,
    DESCRIPTION,
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


class _DescribedDatabase(TypedDict):
    container: str
    name: str
    user: str


class DescribedDatabase(_DescribedDatabase, total=False):
    """A database as a release describes it."""

    volume: str


class _DescribedApp(TypedDict):
    name: str
    containers: list[str]


class DescribedApp(_DescribedApp, total=False):
    """An app as a release describes it."""

    title: str
    server_names: list[str]
    certificate: str
    probes: list[dict[str, Any]]
    volumes: list[str]
    databases: list[DescribedDatabase]


class DescribedProxy(TypedDict):
    """The proxy as a release describes it."""

    containers: list[str]


class Description(TypedDict, total=False):
    """What a release says of itself, as far as it has to be relied upon: releases of any version of ours are described so."""

    apps: list[DescribedApp]
    proxy: DescribedProxy
    network: str
    sources: dict[str, str]


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
    description: dict[str, Any]
    images: dict[str, Image]
    serving: frozenset[str] = field(default_factory=frozenset)
    # The containers that serve now, also where the rest is what was live before.
    answering: frozenset[str] = field(default_factory=frozenset)

    @property
    def exists(self) -> bool:
        """Say whether there is a release at all."""
        return bool(self.files)

    @property
    def by_hand(self) -> bool:
        """Say whether no deploy of ours made it, or one that is older than descriptions."""
        return DESCRIPTION not in self.files

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


def read_description(files: dict[str, Existing]) -> dict[str, Any]:
    """Return what a release says of itself; nothing where it is older than such descriptions, made by hand, or damaged."""
    existing = files.get(DESCRIPTION)
    try:
        return {} if existing is None else dict(base_state.decode(existing.data, Description))
    except base_state.Misfit:
        return {}


def is_serving(inspected: dict[str, Any]) -> bool:
    """Say whether a container runs and is healthy where it has a health check."""
    state = inspected["State"]
    return state["Status"] == "running" and (state.get("Health") or {}).get("Status", "none") in ("healthy", "none")


def read(root: str, project: str, client: DockerClient, description: dict[str, Any] | None = None) -> Live:
    """Read what is live. Description is what to take for a release that says nothing of itself."""
    files = read_files(root)
    containers = containers_of(client, project)
    images = {
        name: Image(one["Config"]["Image"], one["Image"], one["Config"]["Labels"].get(CONFIG_LABEL, "")) for name, one in containers.items()
    }
    serving = frozenset(name for name, one in containers.items() if is_serving(one))
    return Live(root, files, read_description(files) or description or {}, images, serving, serving)


def reduced(description: Mapping[str, Any], containers: Iterable[str], probes: bool) -> dict[str, Any]:
    """Return a description of a release made by hand: of what a deploy consists of, what existed, and its probes if they are to be kept.

    Certificates and names of sites are those of the deploy, and no part of it.
    """
    there = set(containers)
    apps = []
    for app in description.get("apps", []):
        present = [name for name in app["containers"] if name in there]
        if present:
            apps.append(
                {
                    "name": app["name"],
                    "title": app.get("title", app["name"]),
                    "containers": present,
                    "probes": list(app.get("probes", [])) if probes else [],
                    "databases": [one for one in app.get("databases", []) if one["container"] in there],
                }
            )
    proxies = [name for name in description.get("proxy", {}).get("containers", []) if name in there]
    return {"by_hand": True, "apps": apps, "proxy": {"containers": proxies}}
