# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which containers and images belong to what: the labels that say so, and the containers of a Compose project."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .._base.command import RunCommand

with suppress(ImportError):  # See _base.libraries.
    import docker.errors

if TYPE_CHECKING:
    from docker import DockerClient

# Compose's own.
PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
NETWORK_LABEL = "com.docker.compose.network"
DIRECTORY_LABEL = "com.docker.compose.project.working_dir"
FILES_LABEL = "com.docker.compose.project.config_files"
CONFIG_LABEL = "com.docker.compose.config-hash"
ONE_OFF_LABEL = "com.docker.compose.oneoff"
# Ours, on images that a deploy built and on containers that a dump or a restore started: for which project. On images also from
# the source of which digest; deploys before 0.4.0 did not state that.
OWNER_LABEL = "rarebooks.platform.project"
SOURCE_LABEL = "rarebooks.platform.source"


def containers_of(client: DockerClient, project: str) -> dict[str, Any]:
    """Return the inspected containers of the Compose project by name, without those of `docker compose run`."""
    listed = client.api.containers(all=True, filters={"label": f"{PROJECT_LABEL}={project}"})
    names = [one["Names"][0].lstrip("/") for one in listed if one["Labels"].get(ONE_OFF_LABEL, "False") != "True"]
    found: dict[str, Any] = {}
    for name in sorted(names):
        with suppress(docker.errors.NotFound):  # A run that is at work has removed it meanwhile.
            found[name] = client.api.inspect_container(name)
    return found


def inspect_project(run_command: RunCommand, project: str) -> dict[str, Any]:
    """Return what containers_of does, by the command line alone: a server set up by hand need not have the library."""
    _code, listed, _errors = run_command(["docker", "ps", "--all", "--quiet", "--filter", f"label={PROJECT_LABEL}={project}"])
    found = inspect(run_command, "container", listed.split())
    ours = [one for one in found if (one["Config"].get("Labels") or {}).get(ONE_OFF_LABEL, "False") != "True"]
    return {str(one["Name"]).lstrip("/"): one for one in sorted(ours, key=lambda one: str(one["Name"]))}


def inspect(run_command: RunCommand, kind: str, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return containers or images as the engine shows them."""
    if not names:
        return []
    _code, output, _errors = run_command(["docker", kind, "inspect", *names])
    loaded: list[dict[str, Any]] = json.loads(output or "[]")
    return loaded
