# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Starts apps on databases of dumps, beside whatever is live and without a way out, to see whether they would serve."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .._backup.manifest import DUMPS, FILES, Manifest
from .._base.command import RunCommand
from .._base.errors import PlatformError
from .._base.files import write_durably
from .._engine.compose import COMPOSE_FILE, ComposeError, Definition
from .._engine.containers import PROJECT_LABEL
from .._health import run as health
from .._health.run import Gate
from .._postgres import proof
from .._postgres.client import Database
from .._postgres.dump import Dump
from .._postgres.helper import wait_until_ready
from .._postgres.programs import reaching
from .._run.progress import Tell, nobody
from .definition import rehearsed, text_of

if TYPE_CHECKING:
    from docker import DockerClient

SECONDS_TO_SERVE = 600
LINES = 20


class RehearsalError(PlatformError):
    """An app did not start on the databases of its dumps; the fact logs has the last lines of each container that is ill."""


# Is told of a database as it was dumped, and as it is reached.
Observer = Callable[[Database, Database], None]


def nothing(_dumped: Database, _scratch: Database) -> None:
    """Observe nothing."""


@dataclass(frozen=True)
class Rehearsal:
    """Apps in a Compose project of another name.

    Tree holds their Compose file, and project is the one that they belong to. Images are the ids of the images of the containers to be
    started, dumps the directory of the dumps. What a rehearsal writes lies in work, which is private. Subject says whose apps these are.
    Kept is the directory of files that are not in the tree yet. Tell tells whoever waits what it is at.
    """

    client: DockerClient
    run_command: RunCommand
    tree: str
    project: str
    images: Mapping[str, str]
    dumps: str
    work: str
    name: str
    subject: str
    seconds: int = SECONDS_TO_SERVE
    kept: str = ""
    tell: Tell = nobody

    def run(self, databases: Mapping[Database, Dump], filled: Observer = nothing, started: Observer = nothing) -> list[str]:
        """Start what can be started on the databases and wait until it is healthy; return the containers that are not databases.

        Filled is called with each database as it was dumped, and as it can be reached, before any app is started, and started when they
        all are healthy.
        """
        chosen = {database: dump for database, dump in databases.items() if database.container in self.images}
        if not chosen:
            return []
        services = self._write(chosen)
        project = _Project(self.run_command, self.tree, self.name, os.path.join(self.work, COMPOSE_FILE))
        apps = sorted(services.keys() - {database.container for database in chosen})
        scratch = {one: replace(one, container=project.container(services[one.container])) for one in chosen}
        try:
            filling = {database.container: services[database.container] for database in chosen}
            self._up(project, filling)
            for database, dump in chosen.items():
                wait_until_ready(self.client, scratch[database].container, scratch[database].user)
                self.tell(f"restoring {database}")
                proof.fill(self.client, scratch[database], dump, self.dumps, f"dump {dump.file} of {database}")
                filled(database, scratch[database])
            ours = {container: services[container] for container in apps}
            self._up(project, ours)
            self._wait(project, ours, filling)
            for database in chosen:
                started(database, scratch[database])
        finally:
            remove(self.client, self.name)
        return apps

    def _write(self, filled: Mapping[Database, Dump]) -> dict[str, str]:
        """Write the project, and return the service of each container."""
        document = Definition(self.run_command, self.tree, self.project).document()
        dumps = {database.container: os.path.join(self.dumps, dump.file) for database, dump in filled.items()}
        made = rehearsed(document, self.name, self.images, dumps, self.tree, self.project, self.kept)
        # It has the secrets of the apps.
        write_durably(os.path.join(self.work, COMPOSE_FILE), text_of(made), 0o600)
        return {document["services"][service]["container_name"]: service for service in made["services"]}

    def _up(self, project: _Project, services: Mapping[str, str]) -> None:
        try:
            project.up(list(services.values()))
        except ComposeError as error:
            raise RehearsalError(f"{self.subject}: {self._expected(services)}, got {error}") from None

    def _wait(self, project: _Project, services: Mapping[str, str], filled: Mapping[str, str]) -> None:
        """Wait until containers are healthy, or cannot be any more: as long as their databases work for them, they can."""
        real = {project.container(service): container for container, service in {**services, **filled}.items()}
        gate = Gate(containers=list(real), deadline=self.seconds, log_lines=LINES)

        def tell(line: str) -> None:
            for name, container in real.items():
                line = line.replace(name, container)
            self.tell(line)

        held, result = health.wait_until_healthy(gate, {}, tell)
        if held:
            return
        ill = [one for one in result["containers"] if one["cause"]]
        got = "; ".join(f"{real[one['name']]}: {_state(one)}, {one['cause']}" for one in ill)
        logs = {real[one["name"]]: one["logs"] for one in ill}
        raise RehearsalError(f"{self.subject}: {self._expected(services)}, got {got}", logs=logs)

    def _expected(self, services: Iterable[str]) -> str:
        return (
            f"expected {', '.join(sorted(services))} to become healthy within {self.seconds} s on the databases of the dumps, on a network "
            "without a way out and without the volumes of files"
        )


def _state(report: Mapping[str, Any]) -> str:
    return str(report["health"]) if report["state"] == "running" else f"{report['state']}, exit code {report['exit_code']}"


class _Project(Definition):
    """The project in which all of it happens."""

    def up(self, services: Sequence[str]) -> None:
        """Start services."""
        self._run("up", "--detach", "--no-build", *services)

    def container(self, service: str) -> str:
        """Return the name of a service's container."""
        return f"{self.name}-{service}-1"


def of_backup(client: DockerClient, run_command: RunCommand, manifest: Manifest, place: str, work: str, name: str) -> Rehearsal:
    """Return a rehearsal of the apps of a backup, which lies in place: of those that served and have a dump, so that something is there."""
    found: set[str] = set()
    for app in manifest.apps if COMPOSE_FILE in manifest.files else ():
        dumped = {one.container for one in app.databases if (manifest.databases.get(one.container) or {}).get("dump")}
        if dumped and dumped == {one.container for one in app.databases} and manifest.is_serving(app):
            found |= set(app.containers)
    images = {container: manifest.images[container]["id"] for container in sorted(found & manifest.images.keys())}
    places = (os.path.join(place, FILES), manifest.project, images, os.path.join(place, DUMPS))
    return Rehearsal(client, run_command, *places, work, name, f"Backup {manifest.id}")


def remove(client: DockerClient, name: str) -> None:
    """Remove all of a rehearsal, also of one that was killed."""
    with reaching("what was rehearsed"):
        for container in client.containers.list(all=True, filters={"label": f"{PROJECT_LABEL}={name}"}):
            container.remove(force=True, v=True)
        for network in client.networks.list(filters={"label": f"{PROJECT_LABEL}={name}"}):
            network.remove()
