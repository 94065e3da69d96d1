# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How large volumes and databases are; what takes too long to count is unknown, and holds nobody up."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from .._base.command import execute
from .._postgres import client as postgres
from .._postgres.client import Database
from .._release.description import Release

if TYPE_CHECKING:
    from docker import DockerClient

# For one volume, of which there may be millions of files.
SECONDS = 1.5
AT_ONCE = 8


def volume_size(path: str) -> int | None:
    """Return the bytes of a directory on disk."""
    try:
        code, output, _errors = execute(["du", "--summarize", "--block-size=1", "--one-file-system", path], seconds=SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = output.split("\t")[0]
    return int(found) if found.isdigit() and (code == 0 or output) else None


def volumes_of(containers: Mapping[str, Any]) -> dict[str, str]:
    """Return the places on the server of the named volumes that containers have mounted."""
    mounts = [mount for one in containers.values() for mount in one.get("Mounts") or [] if mount.get("Type") == "volume"]
    return {mount["Name"]: mount["Source"] for mount in mounts}


def sizes(containers: Mapping[str, Any], release: Release, client: DockerClient) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the sizes of volumes and of databases, None where it cannot be known now."""
    volumes = sorted(volumes_of(containers).items())
    databases = [Database(one.container, one.name, one.user) for app in release.apps for one in app.databases]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = pool.map(lambda one: database_size(client, one), databases)
        measured = pool.map(lambda one: volume_size(one[1]), volumes)
        return (
            [{"name": name, "size": size} for (name, _path), size in zip(volumes, measured, strict=True)],
            [{"name": one.name, "container": one.container, "size": size} for one, size in zip(databases, asked, strict=True)],
        )


def database_size(client: DockerClient, database: Database) -> int | None:
    """Return the bytes of a database; of one that does not answer they are unknown, and its container's state says why."""
    try:
        return postgres.size(client, database)
    except Exception:
        return None
