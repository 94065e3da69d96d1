# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of a Compose project, as it has them today and as it has them among other apps of one project.

Compose knows a container by project and service. Services of the project that all apps are in keep their names, so that a container that
runs stays the one it is. Those of another project cannot be kept by Compose anyway; they get the app's name as prefix, since nearly every
project has a service called ``db``, and keep the old name on their own networks.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# The key of the shared network, as the macros of the role stack have it.
SHARED = "rarebooks_network"


@dataclass(frozen=True)
class Stack:
    """What an app's neighbours have in common: project, network, the proxy's ports, and what its port adds to an address."""

    project: str
    network: str
    ports: tuple[int, ...] = (80, 443)
    https_suffix: str = ""


def project_name(given: str, filled: Mapping[str, Any], environment: Mapping[str, str], directory: str) -> str:
    """Return the name of a project, by the rules of Compose where none is given."""
    found = given or environment.get("COMPOSE_PROJECT_NAME") or filled.get("name") or os.path.basename(directory)
    return re.sub(r"[^a-z0-9_-]", "", str(found).lower()).lstrip("_-")


class Names:
    """What the parts of one app's project are called; filled is its Compose file with the variables replaced, written the one without."""

    def __init__(self, app: str, project: str, stack: Stack, filled: Mapping[str, Any], written: Mapping[str, Any]) -> None:
        self._written = written
        self.app = app
        self.project = project
        self.stack = stack
        self.services: Mapping[str, Any] = filled["services"]
        self._volumes: Mapping[str, Any] = filled.get("volumes") or {}
        self._networks: Mapping[str, Any] = filled.get("networks") or {}

    @property
    def is_ours(self) -> bool:
        """Say whether it is part of the project of all apps."""
        return self.project == self.stack.project

    def service(self, key: str) -> str:
        return key if self.is_ours else f"{self.app}_{key}"

    def container(self, key: str) -> str:
        return str(self.services[key].get("container_name") or f"{self.project}-{key}-1")

    def has_volume(self, key: str) -> bool:
        return key in self._volumes

    def volume_on_server(self, key: str) -> str:
        """Return the whole name of a volume."""
        return str(_name_of(self._volumes.get(key), key) or f"{self.project}_{key}")

    def volume(self, key: str) -> str:
        """Return the name by which our Compose file knows a volume; another project's could meet another app's."""
        return key if self.is_ours else self.volume_on_server(key)

    def volume_described(self, key: str) -> str:
        """Return the name of a volume in the app's description, without the project's prefix where it has that."""
        return self.volume_on_server(key).removeprefix(f"{self.stack.project}_")

    def volume_has_prefix(self, key: str) -> bool:
        return self.volume_on_server(key).startswith(f"{self.stack.project}_")

    def volume_definition(self, key: str) -> dict[str, Any] | None:
        """Return how our Compose file defines a volume, so that it is the one that holds the data."""
        definition = {**((self._written.get("volumes") or {}).get(key) or {})}
        if definition or not self.is_ours:
            definition["name"] = self.volume_on_server(key)
        if isinstance(definition.get("external"), dict):
            definition["external"] = True
        return definition or None

    def has_network(self, key: str) -> bool:
        return key == "default" or key in self._networks

    def network(self, key: str) -> str:
        """Return the name by which our Compose file knows a network; the one that all apps share is known by one name."""
        on_server = _name_of(self._networks.get(key), key) or f"{self.project}_{key}"
        if on_server == self.stack.network:
            return SHARED
        return key if self.is_ours else f"{self.app}_{key}"

    def network_definition(self, key: str) -> dict[str, Any] | None:
        definition = {**((self._written.get("networks") or {}).get(key) or {})}
        if definition.get("external"):
            definition.update(external=True, name=_name_of(self._networks[key], key))
        return definition or None


def _name_of(definition: Any, key: str) -> str:
    """Return the name that a definition gives, empty where it leaves that to Compose."""
    definition = definition or {}
    external = definition.get("external")
    if isinstance(external, dict):
        return str(external.get("name") or definition.get("name") or key)
    return str(definition.get("name") or (key if external else ""))
