# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A release as Compose understands its files, and what a container that somebody made by hand would lose by it.

One answer for the report of an adoption and for the deploy that adopts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._engine.written import PROXY_MOUNTS
from .description import Release
from .differences import differences
from .networks import as_by_hand, networks
from .settings import settings


@dataclass(frozen=True)
class Composed:
    """The services by the names of their containers, each with its own name; volumes and networks by the names that the engine has.

    Networks of an app alone are left out: containers made by hand are on none.
    """

    services: Mapping[str, tuple[str, Mapping[str, Any]]]
    volumes: Mapping[str, str]
    networks: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, document: Mapping[str, Any], project: str, release: Release) -> Composed:
        """Return what a document of Compose says, with the release that it belongs to."""
        known = document.get("networks") or {}
        services = as_by_hand(document["services"], known, release)
        return cls(
            {str(one.get("container_name") or f"{project}-{key}-1"): (key, one) for key, one in services.items()},
            {key: str((one or {}).get("name") or key) for key, one in (document.get("volumes") or {}).items()},
            known,
        )

    def lost(self, name: str, inspected: Mapping[str, Any], image: Mapping[str, Any], own: Mapping[str, Any], proxy: bool) -> list[str]:
        """Return what the container of this name does not get from the release, a line each.

        Image is the configuration of its image, own its service as its own file has it. Of the proxy the release has program, environment
        and configuration of its own.
        """
        key, service = self.services[name]
        found = differences(name, inspected, image, service, self.volumes)
        if proxy:
            ours = tuple(f"mount {name} {place}" for place in PROXY_MOUNTS)
            found = [line for line in found if line.startswith(("mount ", "volume ")) and not line.startswith(ours)]
        return [*found, *networks(name, inspected, key, service, self.networks), *settings(name, own, service)]
