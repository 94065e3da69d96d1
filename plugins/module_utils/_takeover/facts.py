# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a deploy over a project that somebody set up by hand would replace, and what would be lost with it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._base.command import RunCommand
from .._engine.written import PROXY_MOUNTS, outside_of_volumes
from .._server.containers import DIRECTORY, PROJECT

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
