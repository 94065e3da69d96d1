# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which containers a release would start or replace while its files are not live yet.

Compose compares a container with a digest of its definition, and that digest holds paths: asked of the staged tree, it would say that
everything differs. So the definitions themselves are compared, those of the staged tree with those of the live files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from .._engine.compose import ComposeError, Definition, essence
from .._engine.containers import containers_of
from .._release import live as release_live
from .._release.journal import Journal
from .._release.reasons import of_definitions
from .server import Server
from .target import Target


@dataclass
class Differing:
    """The containers that a staged tree defines otherwise than the live files, or alone, with what differs; filled when it is looked at."""

    server: Server
    target: Target
    found: dict[str, list[str]] = field(default_factory=dict)

    @property
    def containers(self) -> list[str]:
        return sorted(self.found)

    def __call__(self, tree: str) -> None:
        """Compare a staged tree."""
        try:
            wanted, now = definitions(self.server, tree), definitions(self.server, self.server.root)
            differing = {name: definition for name, definition in wanted.items() if now.get(name) != definition}
            self.found = {name: of_definitions(now[name], definition) if name in now else [] for name, definition in differing.items()}
        except ComposeError:
            self.found = {
                name: [] for name in self.target.containers
            }  # Such as where the live files are damaged: what it takes shows when it is done.


def definitions(server: Server, directory: str) -> dict[str, dict[str, Any]]:
    """Return the definition of each container of a tree, as if it were the live one."""
    document = Definition(server.run_command, directory, server.project).document()
    services: dict[str, dict[str, Any]] = json.loads(json.dumps(document["services"]).replace(directory, server.root))
    return {str(one.get("container_name") or f"{server.project}-{key}-1"): essence(one) for key, one in services.items()}


def known_containers(root: str, pending: Journal | None) -> set[str]:
    """Return the containers that the live release consists of, and those of a switch that was cut off."""
    live = release_live.read_description(release_live.read_files(root))
    return live.containers | set(pending.containers if pending else [])


def removed(server: Server, target: Target, pending: Journal | None) -> list[str]:
    """Return the containers that would be removed: what the release before has, and this one has not."""
    present = containers_of(server.client, server.project)
    return sorted((known_containers(server.root, pending) - target.every_container) & present.keys())
