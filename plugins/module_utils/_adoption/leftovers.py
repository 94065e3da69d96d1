# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What lies about in the directory of a project that was set up by hand: files that wait to be put in place, scripts, old backups."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from glob import escape, glob
from typing import Any

from .._backup import listing
from .._base.command import RunCommand
from .._engine.compose import COMPOSE_FILE
from . import engine

NEW = ("*.new", "nginx/*.new")
SCRIPTS = "*.sh"
# Where such projects were seen, for one of which no container is left to say where it was.
DIRECTORIES = ("/root/RareBooksDokploy", "/home/docker/RareBooksDokploy", "/root/rarebooks")
# A moment in which the engine and the file system tell the time differently.
_SECONDS = 1


def directories(known: Iterable[str], path: str) -> list[str]:
    """Return the directories of a project: those its containers name, else each usual one that has a Compose file."""
    return sorted(known) or [place for place in dict.fromkeys((path, *DIRECTORIES)) if os.path.isfile(os.path.join(place, COMPOSE_FILE))]


def read(run_command: RunCommand, places: Iterable[str], project: str) -> list[dict[str, Any]]:
    """Return what lies in each directory."""
    return [_directory(run_command, place, project) for place in places]


def _directory(run_command: RunCommand, place: str, project: str) -> dict[str, Any]:
    file = os.path.join(place, COMPOSE_FILE)
    services, error = _services(run_command, place, project) if os.path.isfile(file) else ([], f"{file}: no such file")
    return {
        "path": place,
        "services": services,
        "error": error,
        "new": [path for pattern in NEW for path in _below(place, pattern)],
        "scripts": [os.path.basename(path) for path in _below(place, SCRIPTS)],
        "backups": [
            {"id": one.id, "kind": one.kind, "damage": one.damage, "files": sorted(one.files or {})} for one in listing.find_all(place)
        ],
    }


def _below(place: str, pattern: str) -> list[str]:
    return sorted(path for path in glob(os.path.join(escape(place), pattern)) if os.path.isfile(path))


def _services(run_command: RunCommand, place: str, project: str) -> tuple[list[str], str]:
    """Return the services that the Compose file has today, or why they cannot be told."""
    argv = ["docker", "compose", "--project-directory", place, "--project-name", project, "config", "--services"]
    code, output, error = engine.ask(run_command, *argv)
    said = [line for line in error.splitlines() if line.strip()]
    return (sorted(output.split()), "") if code == 0 else ([], said[-1] if said else f"exit code {code}")


def older_than_files(containers: Iterable[Mapping[str, Any]], files: Iterable[str]) -> list[str]:
    """Return the Compose files that were changed after the newest container was made of them."""
    made = [engine.moment(str(one["Created"])) for one in containers]
    if not made:
        return []
    return [path for path in files if os.path.isfile(path) and os.path.getmtime(path) > max(made) + _SECONDS]
