# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files that were written in a container's own file system, outside of volumes: they go with the container."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from .._base.command import RunCommand

# What programs write anew at each start, and nobody misses.
NOISE = tuple(
    f"/{place}"
    for place in (
        "tmp",
        "run",
        "var/run",
        "var/tmp",
        "var/cache",
        "var/log",
        "var/lib/nginx",
        "dev",
        "proc",
        "sys",
    )
)

# What the release mounts in its own way: nginx's configuration, certificates, challenges.
PROXY_MOUNTS = ("/etc/nginx", "/etc/letsencrypt", "/var/www/certbot")


def outside_of_volumes(run_command: RunCommand, container: Mapping[str, Any]) -> list[str]:
    """Return the files that were written or changed in a container's own file system, which goes with it."""
    _code, output, _error = run_command(["docker", "diff", str(container["Id"])])
    changed = [line[2:] for line in output.splitlines() if line[:2] in ("A ", "C ")]
    mounts = [str(mount["Destination"]) for mount in container["Mounts"]]
    return [path for path in leaves(changed) if is_written(path, mounts) and not _is_directory(container, path)]


def leaves(paths: Iterable[str]) -> list[str]:
    """Return the paths below which no other one lies: a directory is changed by what is in it."""
    listed = sorted(paths)
    parents = {parent for path in listed for parent in _parents(path)}
    return [path for path in listed if path not in parents]


def _parents(path: str) -> set[str]:
    parts = path.split("/")
    return {"/".join(parts[:depth]) for depth in range(1, len(parts))}


def is_written(path: str, mounts: Iterable[str]) -> bool:
    """Say whether a path is worth a line: no noise, and no directory that was made to mount something there."""
    noise = any(path == place or path.startswith(f"{place}/") for place in NOISE)
    return not noise and not any(mount == path or mount.startswith(f"{path}/") for mount in mounts)


def _is_directory(container: Mapping[str, Any], path: str) -> bool:
    """Say whether a path is a directory, and since nothing lies below it an empty one; only a running container tells."""
    process = container["State"].get("Pid") or 0
    place = f"/proc/{process}/root{path}"
    return bool(process) and os.path.isdir(place) and not os.path.islink(place)
