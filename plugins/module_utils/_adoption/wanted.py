# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the release of an inventory has, as far as it is compared with what runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .environment import resolved


@dataclass(frozen=True)
class Container:
    """A container of the release: its service, image and mounts, and its environment with references in place of secrets."""

    service: str = ""
    image: str = ""
    # Where something is mounted: the name of the volume, or the directory.
    mounts: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    # None where the image's own is taken.
    entrypoint: list[str] | None = None
    command: list[str] | None = None

    def definition(self, secrets: Mapping[str, str]) -> dict[str, Any]:
        """Return the service as Compose shows it, for the comparison that a deploy makes too."""
        return {
            "environment": resolved(self.environment, secrets),
            "volumes": [{"target": place, "source": source} for place, source in self.mounts.items()],
            "entrypoint": self.entrypoint,
            "command": self.command,
        }


@dataclass(frozen=True)
class Release:
    """The containers by name, those of the proxy, and the network."""

    containers: dict[str, Container]
    proxy: frozenset[str]

    @classmethod
    def of(cls, containers: Mapping[str, Mapping[str, Any]], proxy: Iterable[str]) -> Release:
        """Return the release from what a module was given."""
        return cls({name: Container(**one) for name, one in containers.items()}, frozenset(proxy))
