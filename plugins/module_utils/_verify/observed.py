# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all checks look at, read once: what the release says of itself, and every container as the engine shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .._base import secret_store
from .._base.command import run_command
from .._engine.client import connect
from .._engine.compose import Project
from .._engine.containers import SERVICE_LABEL, containers_of
from .._health.reader import DockerReader
from .._health.state import ContainerState, parse_state
from .._release import live, stopped
from .._release.description import App, Database, Release
from .._release.stopped import Stopped
from .._secrets import kept
from .settings import Settings

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass(frozen=True)
class Observed:
    """The server as it was when the verification began."""

    settings: Settings
    client: DockerClient
    reader: DockerReader
    release: Release
    # The project's containers, inspected, by name.
    containers: dict[str, Any]
    # Everybody's containers, as a list of the engine's shows them.
    listed: list[dict[str, Any]]
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    began: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    @property
    def wanted(self) -> list[str]:
        """Return the containers that the release consists of."""
        return sorted(self.release.containers)

    @property
    def compose(self) -> Project:
        return Project(self.client, run_command, self.settings.path, self.settings.project)

    @property
    def databases(self) -> list[tuple[App, Database]]:
        return [(app, one) for app in self.release.apps for one in app.databases]

    @property
    def on_purpose(self) -> dict[str, Stopped]:
        """Return the containers that somebody stopped on purpose."""
        return stopped.read(self.settings.path, self.containers)

    def state(self, name: str) -> ContainerState | None:
        return parse_state(self.containers[name]) if name in self.containers else None

    def service(self, name: str) -> str:
        """Return a container's service, by which others find it."""
        return str((self.containers[name]["Config"].get("Labels") or {}).get(SERVICE_LABEL, ""))

    def environment(self, name: str) -> dict[str, str]:
        """Return the environment that a container was made with."""
        return dict(line.partition("=")[::2] for line in (self.containers.get(name) or {"Config": {}})["Config"].get("Env") or [])


def observe(settings: Settings) -> Observed:
    """Read it; DockerUnavailable says that the engine does not answer, StateError that a file of ours is damaged."""
    client = connect(settings.timeout)
    return Observed(
        settings=settings,
        client=client,
        reader=DockerReader(settings.timeout),
        release=live.stated(settings.path),
        containers=containers_of(client, settings.project),
        listed=client.api.containers(all=True),
        secrets=kept.live_masks(settings.path, secret_store.load(settings.secrets_file)),
    )


def names_of(listed: dict[str, Any]) -> str:
    """Return the name of a container in a list of the engine's."""
    return str((listed.get("Names") or ["?"])[0]).lstrip("/")
