# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What lies about in the directory of a project that was set up by hand: files that wait to be put in place, scripts, old backups."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Services:
    """The services of somebody's own Compose file by name, or why Compose does not accept it."""

    by_name: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    error: str = ""


def directories(known: Iterable[str], path: str) -> list[str]:
    """Return the directories of a project: those its containers name, else each usual one that has a Compose file."""
    return sorted(known) or [place for place in dict.fromkeys((path, *DIRECTORIES)) if os.path.isfile(os.path.join(place, COMPOSE_FILE))]


def read(places: Iterable[str], projects: Mapping[str, Services]) -> list[dict[str, Any]]:
    """Return what lies in each directory."""
    return [_directory(place, projects[place]) for place in places]


def _directory(place: str, own: Services) -> dict[str, Any]:
    return {
        "path": place,
        "services": sorted(own.by_name),
        "error": own.error,
        "new": [path for pattern in NEW for path in _below(place, pattern)],
        "scripts": [os.path.basename(path) for path in _below(place, SCRIPTS)],
        "backups": [
            {"id": one.id, "kind": one.kind, "damage": one.damage, "files": sorted(one.files or {})} for one in listing.find_all(place)
        ],
    }


def _below(place: str, pattern: str) -> list[str]:
    return sorted(path for path in glob(os.path.join(escape(place), pattern)) if os.path.isfile(path))


def services(run_command: RunCommand, place: str, project: str) -> Services:
    """Return the services that the Compose file of a directory has today, or why they cannot be told. There may be secrets in them."""
    file = os.path.join(place, COMPOSE_FILE)
    if not os.path.isfile(file):
        return Services(error=f"{file}: no such file")
    argv = ["docker", "compose", "--project-directory", place, "--project-name", project, "config", "--format", "json"]
    code, output, error = engine.ask(run_command, *argv)
    if code == 0:
        return Services(json.loads(output)["services"])
    said = [line for line in error.splitlines() if line.strip()]
    return Services(error=said[-1] if said else f"exit code {code}")


def older_than_files(containers: Iterable[Mapping[str, Any]], files: Iterable[str]) -> list[str]:
    """Return the Compose files that were changed after the newest container was made of them."""
    made = [engine.moment(str(one["Created"])) for one in containers]
    if not made:
        return []
    return [path for path in files if os.path.isfile(path) and os.path.getmtime(path) > max(made) + _SECONDS]
