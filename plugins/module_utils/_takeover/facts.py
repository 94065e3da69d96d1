# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a deploy over a project that somebody set up by hand would replace, and what would be lost with it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._base.command import RunCommand
from .._server.containers import DIRECTORY, PROJECT

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
_SERVER_NAME = re.compile(r"^\s*server_name\s+([^;#]*);", re.MULTILINE)


@dataclass(frozen=True)
class Wanted:
    """What the release to be deployed has: containers, volumes by their whole names, server names."""

    containers: frozenset[str]
    volumes: frozenset[str]
    server_names: frozenset[str]


def inspect(run_command: RunCommand, project: str) -> list[dict[str, Any]]:
    """Return the project's containers as the engine shows them, by name."""
    _code, listed, _error = run_command(["docker", "ps", "--all", "--quiet", "--filter", f"label={PROJECT}={project}"])
    if not listed.split():
        return []
    _code, output, _error = run_command(["docker", "container", "inspect", *listed.split()])
    return sorted(json.loads(output), key=lambda one: str(one["Name"]))


def facts(run_command: RunCommand, project: str, wanted: Wanted) -> dict[str, Any]:
    """Return everything that a deploy would replace or lose."""
    found = inspect(run_command, project)
    replaced = [one for one in found if name_of(one) in wanted.containers]
    served = {name for one in found for name in served_names(run_command, one)}
    return {
        "directories": sorted({one["Config"]["Labels"].get(DIRECTORY, "") for one in replaced} - {""}),
        "replaced": [name_of(one) for one in replaced],
        "left_over": [name_of(one) for one in found if name_of(one) not in wanted.containers],
        "unmounted": [line for one in replaced for line in unmounted(one, wanted.volumes)],
        "files": {name_of(one): written for one in replaced if (written := outside_of_volumes(run_command, one))},
        "server_names": sorted(served - wanted.server_names),
    }


def name_of(container: Mapping[str, Any]) -> str:
    return str(container["Name"]).lstrip("/")


def unmounted(container: Mapping[str, Any], volumes: frozenset[str]) -> list[str]:
    """Return the volumes and directories that a container has mounted and the release does not know."""
    lines = []
    for mount in sorted(container["Mounts"], key=lambda one: str(one["Destination"])):
        source = mount.get("Name") if mount["Type"] == "volume" else mount["Source"]
        ours = source in volumes if mount["Type"] == "volume" else mount["Destination"].startswith(PROXY_MOUNTS)
        if not ours and mount["Type"] in ("volume", "bind"):
            lines.append(f"{source}, at {mount['Destination']} in {name_of(container)}")
    return lines


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


def served_names(run_command: RunCommand, container: Mapping[str, Any]) -> set[str]:
    """Return the names for which the nginx in a container that publishes ports has a server."""
    published = any((container["NetworkSettings"].get("Ports") or {}).values())
    if not published or container["State"]["Status"] != "running":
        return set()
    code, output, _error = run_command(["docker", "exec", str(container["Id"]), "nginx", "-T"])
    return parse_names(output) if code == 0 else set()


def parse_names(configuration: str) -> set[str]:
    """Return the server names of a configuration, without those that stand for any or none."""
    names = {name.strip("\"'") for words in _SERVER_NAME.findall(configuration) for name in words.split()}
    return {name for name in names if name not in ("", "_", "localhost") and not name.startswith("~")}
