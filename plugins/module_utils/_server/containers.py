# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every container of a server, whoever made it: its project, and the names by which its networks know it."""

from __future__ import annotations

import json
from typing import Any

from .._base.command import RunCommand
from .._engine.compose import COMPOSE_FILE
from .._engine.containers import SERVICE_LABEL
from .._tree import plan
from .._tree.desired import TreeError

PROJECT = "com.docker.compose.project"
DIRECTORY = "com.docker.compose.project.working_dir"

_LAYOUT = (
    '{"id":{{json .Id}},"name":{{json .Name}},"status":{{json .State.Status}},"labels":{{json .Config.Labels}},'
    '"networks":{{json .NetworkSettings.Networks}},"image":{{json .Image}},"asked_for":{{json .Config.Image}}}'
)


def read(run_command: RunCommand) -> list[dict[str, Any]]:
    """Return the containers by name, running or not; none where no engine answers."""
    try:
        code, identifiers, _error = run_command(["docker", "ps", "--all", "--quiet"], handle_exceptions=False)
        if code != 0 or not identifiers.split():
            return []
        # One that goes meanwhile is complained of, the others are shown.
        argv = ["docker", "container", "inspect", "--format", _LAYOUT, *identifiers.split()]
        _code, output, _error = run_command(argv, handle_exceptions=False)
    except OSError:
        return []
    return sorted((_container(json.loads(line)) for line in output.splitlines() if line), key=lambda one: str(one["name"]))


def _container(found: dict[str, Any]) -> dict[str, Any]:
    labels, networks = found["labels"] or {}, found["networks"] or {}
    # Its own id is an alias as well.
    aliases = {
        name: sorted({*(network.get("Aliases") or []), *(network.get("DNSNames") or [])} - {found["id"][:12]})
        for name, network in networks.items()
    }
    return {
        "name": found["name"].lstrip("/"),
        "status": found["status"],
        "project": labels.get(PROJECT, ""),
        "service": labels.get(SERVICE_LABEL, ""),
        "directory": labels.get(DIRECTORY, ""),
        "aliases": aliases,
        "image": found["image"],
        "asked_for": found["asked_for"],
    }


def owns_tree(root: str) -> bool:
    """Say whether the Compose file at this path was written by a deploy; also where the list of what was is unreadable."""
    try:
        return COMPOSE_FILE in plan.LiveTree(root).owned
    except TreeError:
        return True
