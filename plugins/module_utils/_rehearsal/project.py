# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Starts apps on databases of dumps, beside whatever is live and without a way out, to see whether they would serve."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .._backup.manifest import DUMPS, FILES, Manifest
from .._base.command import RunCommand
from .._base.errors import PlatformError
from .._base.files import write_durably
from .._engine.compose import COMPOSE_FILE, ComposeError, Definition
from .._engine.containers import PROJECT_LABEL
from .._postgres import proof
from .._postgres.client import Database
from .._postgres.dump import Dump
from .._postgres.helper import wait_until_ready
from .._postgres.programs import reaching, said
from .definition import rehearsed, text_of

if TYPE_CHECKING:
    from docker import DockerClient

with suppress(ImportError):  # See _base.libraries.
    import docker.errors

SECONDS_TO_SERVE = 600
LINES = 20


class RehearsalError(PlatformError):
    """An app did not start on the databases of its dumps."""


@dataclass(frozen=True)
class Rehearsal:
    """The apps of a backup, which lies in place, in a Compose project of another name. What it writes lies in work, which is private."""

    client: DockerClient
    run_command: RunCommand
    manifest: Manifest
    place: str
    work: str
    name: str

    def containers(self) -> list[str]:
        """Return those to be started: of apps that served and have a dump, so that there is something for them to serve."""
        found: set[str] = set()
        if COMPOSE_FILE not in self.manifest.files:
            return []
        for app in self.manifest.apps:
            dumped = {one.container for one in app.databases if (self.manifest.databases.get(one.container) or {}).get("dump")}
            if dumped and dumped == {one.container for one in app.databases} and self.manifest.is_serving(app):
                found |= set(app.containers)
        return sorted(found & self.manifest.images.keys())

    def run(self, databases: Mapping[Database, Dump]) -> list[str]:
        """Start what can be started on the databases and wait until it is healthy; return the containers that are not databases."""
        chosen = self.containers()
        filled = {database: dump for database, dump in databases.items() if database.container in chosen}
        if not filled:
            return []
        services = self._write(chosen, filled)
        project = _Project(self.run_command, os.path.join(self.place, FILES), self.name, os.path.join(self.work, COMPOSE_FILE))
        apps = sorted(services.keys() - {database.container for database in filled})
        try:
            self._up(project, {database.container: services[database.container] for database in filled})
            for database, dump in filled.items():
                scratch = replace(database, container=project.container(services[database.container]))
                wait_until_ready(self.client, scratch.container, scratch.user)
                proof.fill(self.client, scratch, dump, os.path.join(self.place, DUMPS), f"dump {dump.file} of {database}")
            self._up(project, {container: services[container] for container in apps})
        finally:
            remove(self.client, self.name)
        return apps

    def _write(self, chosen: Iterable[str], filled: Mapping[Database, Dump]) -> dict[str, str]:
        """Write the project, and return the service of each container."""
        directory = os.path.join(self.place, FILES)
        document = Definition(self.run_command, directory, self.manifest.project).document()
        images = {container: self.manifest.images[container]["id"] for container in chosen}
        dumps = {database.container: os.path.join(self.place, DUMPS, dump.file) for database, dump in filled.items()}
        made = rehearsed(document, self.name, images, dumps, directory, self.manifest.project)
        # It has the secrets of the apps.
        write_durably(os.path.join(self.work, COMPOSE_FILE), text_of(made), 0o600)
        return {document["services"][service]["container_name"]: service for service in made["services"]}

    def _up(self, project: _Project, services: Mapping[str, str]) -> None:
        try:
            project.up(list(services.values()))
        except ComposeError as error:
            ill = [told for container, service in services.items() if (told := self._complaint(container, project.container(service)))]
            got = "; ".join(ill) or str(error)
            raise RehearsalError(
                f"Backup {self.manifest.id}: expected {', '.join(sorted(services))} to become healthy within {SECONDS_TO_SERVE} s on the "
                f"databases of the dumps, on a network without a way out and without the volumes of files, got {got}"
            ) from None

    def _complaint(self, container: str, scratch: str) -> str:
        """Return what is wrong with a container, and what it said last; nothing where it is healthy."""
        try:
            state = self.client.api.inspect_container(scratch)["State"]
        except docker.errors.NotFound:
            return f"no {container}"
        health = (state.get("Health") or {}).get("Status", "healthy")
        if state["Running"] and health == "healthy":
            return ""
        how = health if state["Running"] else f"exit code {state['ExitCode']}"
        return f"{container}: {how}, and its last words: {said(self.client.api.logs(scratch, tail=LINES))}"


class _Project(Definition):
    """The project in which all of it happens."""

    def up(self, services: Sequence[str]) -> None:
        """Start services, and wait until those that have a health check are healthy."""
        self._run("up", "--detach", "--no-build", "--no-deps", "--wait", "--wait-timeout", str(SECONDS_TO_SERVE), *services)

    def container(self, service: str) -> str:
        """Return the name of a service's container."""
        return f"{self.name}-{service}-1"


def remove(client: DockerClient, name: str) -> None:
    """Remove all of a rehearsal, also of one that was killed."""
    with reaching("what was rehearsed"):
        for container in client.containers.list(all=True, filters={"label": f"{PROJECT_LABEL}={name}"}):
            container.remove(force=True, v=True)
        for network in client.networks.list(filters={"label": f"{PROJECT_LABEL}={name}"}):
            network.remove()
