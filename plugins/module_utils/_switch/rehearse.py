# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A new version is started on a copy of its data before anything changes: a migration that fails, fails there."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

from .._backup import listing, seal
from .._backup.databases import as_database
from .._backup.manifest import DUMPS, Manifest
from .._base.errors import PlatformError
from .._engine.compose import Definition
from .._health.report import quoted
from .._health.run import masked
from .._postgres.client import Database, DatabaseError, schema_id
from .._postgres.client import size as postgres_size
from .._postgres.dump import Dump
from .._postgres.helper import PREFIX
from .._rehearsal import locks, memory, project, schema
from .._rehearsal.project import Rehearsal, RehearsalError
from .._release.description import App
from .server import Server
from .target import Target

with suppress(ImportError):  # See _base.libraries.
    import docker.errors

# The Compose project in which it happens. What a killed run left of it goes with the other scratch containers, when the next one seals.
PROJECT = f"{PREFIX}rehearsal"
OFF = "stack_rehearse: never"
BREAKS = "the new version takes from the schema what the one of before may still ask for"


class RehearsalRefusal(PlatformError):
    """The new version does not start on a copy of its data, or could not be tried though it had to be."""


@dataclass(frozen=True)
class How:
    """When, within how many seconds an app has to be healthy, and the backup with the dumps. Auto is for images that do not run yet."""

    mode: str
    seconds: int
    backup: str


@dataclass
class Rehearse:
    """Rehearses what a run is about to start. Running are the containers there are now, by name; work is made when it is asked for."""

    server: Server
    target: Target
    running: Mapping[str, Any]
    how: How
    work: Callable[[], str]
    notes: list[str] = field(default_factory=list)
    # What came of it, by the names of apps, for the ledger.
    results: dict[str, str] = field(default_factory=dict)

    def __call__(self, tree: str, starting: Collection[str]) -> None:
        """Start the apps of a staged tree that have something to start; raise RehearsalRefusal where one does not become healthy."""
        apps = [app for app in self.target.apps if app.databases]
        if self.how.mode == "never" or not self.how.backup or not apps:
            return
        images = self._images(tree, {name for app in apps for name in app.containers})
        # Containers that are carried over go on with the image they have, whatever its name stands for by now.
        kept = set(self.server.compose.carried().values()) - set(starting)
        for app in apps:
            # Another image may go by the name of the one before, so that nothing that is written down differs.
            if self._is_new(own(app) - kept, images) or (self.how.mode == "always" and own(app) & set(starting)):
                self._app(app, tree, {name: images[name] for name in app.containers if name in images})

    def _images(self, tree: str, containers: Collection[str]) -> dict[str, str]:
        """Return the ids of the images that a staged tree gives to containers, of those that are on the server."""
        services = Definition(self.server.run_command, tree, self.server.project).services()
        names = {one["container_name"]: one["image"] for one in services if one["container_name"] in containers}
        found = {}
        for name, image in names.items():
            with suppress(docker.errors.ImageNotFound):
                found[name] = str(self.server.client.images.get(image).id)
        return found

    def _is_new(self, containers: Collection[str], images: Mapping[str, str]) -> bool:
        return any(name in self.running and self.running[name]["Image"] != images[name] for name in images.keys() & set(containers))

    def _app(self, app: App, tree: str, images: Mapping[str, str]) -> None:
        found = listing.get(self.server.root, self.how.backup)
        try:
            if obstacle := self._obstacle(app, found.manifest, images):
                self._pass_over(app, obstacle)
            else:
                self._try(app, tree, found, images)
        except DatabaseError as error:  # What is live has been dumped and proven: this is about the copy alone.
            self._pass_over(app, masked(str(error), self.server.secrets).rstrip("."))

    def _pass_over(self, app: App, obstacle: str) -> None:
        if self.how.mode == "always":
            raise RehearsalRefusal(f"{app.title} could not be tried on a copy of its data: {obstacle}. Nothing has been changed.")
        self.notes.append(f"{app.title} was not tried on a copy of its data first: {obstacle}.")

    def _try(self, app: App, tree: str, found: listing.Found, images: Mapping[str, str]) -> None:
        entries = found.manifest.databases if found.manifest else {}
        dumps = {as_database(one.container, entries[one.container]): dump_of(entries, one.container) for one in app.databases}
        places = (tree, self.server.project, images, os.path.join(found.directory, DUMPS), self.work(), PROJECT, app.title)

        def tell(line: str) -> None:
            self.server.tell(f"{app.title} on a copy of its data, {line}")

        server = self.server
        rehearsal = Rehearsal(server.client, server.run_command, *places, seconds=self.how.seconds, kept=server.root, tell=tell)
        self.notes += self._carry_out(app, rehearsal, dumps)

    def _obstacle(self, app: App, manifest: Manifest | None, images: Mapping[str, str]) -> str:
        """Say why an app cannot be rehearsed."""
        entries = manifest.databases if manifest else {}
        missing = [one.container for one in app.databases if not (entries.get(one.container) or {}).get("dump")]
        if missing:
            return f"backup {self.how.backup} has no dump of {', '.join(missing)}"
        if self.how.mode == "auto" and any(entries[one.container]["proof_seconds"] is None for one in app.databases):
            # Too large, or somebody wants nothing to be restored in a deploy.
            return "its dumps were not restored for their proof either (stack_backup_databases, stack_backup_prove_up_to)"
        if shortage := memory.shortage(self.server.client, images, OFF):
            return shortage
        # A migration may write every table anew.
        size = sum(postgres_size(self.server.client, as_database(one.container, entries[one.container])) for one in app.databases)
        return seal.shortage({str(self.server.client.info()["DockerRootDir"]): 2 * size}, "a copy of its databases")

    def _carry_out(self, app: App, rehearsal: Rehearsal, dumps: Mapping[Database, Dump]) -> list[str]:
        """Rehearse, and return what to tell."""
        client = self.server.client
        before: dict[Database, tuple[str, schema.Schema]] = {}
        held: dict[Database, locks.Locks] = {}
        told: list[str] = []
        began = time.monotonic()

        def filled(database: Database, scratch: Database) -> None:
            nonlocal began
            before[database] = schema_id(client, scratch), schema.read(client, scratch)
            held[database] = following.enter_context(locks.followed(client, scratch))
            began = time.monotonic()

        def started(database: Database, scratch: Database) -> None:
            (old, columns), new = before[database], schema_id(client, scratch)
            change = schema.difference(columns, schema.read(client, scratch))
            if change.breaks:
                self.server.alone.update(dict.fromkeys(own(app), BREAKS))
            if old != new or change != schema.Change():
                told.append(
                    f"Its database {database.name} goes from schema {old or '(none)'} to {new or '(none)'}: {change}."
                    + " The version of before may not work with that; going back may need its databases as well." * change.breaks
                )
            if kept := str(held[database]):
                told.append(f"Meanwhile it kept others in database {database.name} from tables, so visitors will wait: {kept}.")

        project.remove(client, PROJECT)
        try:
            with ExitStack() as following:
                rehearsal.run(dumps, filled, started)
        except RehearsalError as error:
            raise RehearsalRefusal(
                f"{masked(str(error), self.server.secrets)}. Nothing has been changed: this was a copy of the data, and what runs still "
                "serves. Mend the version and deploy again. If all it lacks is what it cannot reach there: -e stack_rehearse=never"
                + masked(_logs(error.facts.get("logs", {})), self.server.secrets)
            ) from error
        seconds = f"healthy after {time.monotonic() - began:.0f} s"
        self.results[app.name] = " ".join([f"{seconds}.", *told])
        return [f"{app.title} was tried on a copy of its data first, and was {seconds}.", *told]


def _logs(logs: Mapping[str, list[str]]) -> str:
    return "".join(f"\n\nThe log of {name} ended there with:\n" + "\n".join(quoted(lines)) for name, lines in logs.items() if lines)


def own(app: App) -> set[str]:
    """Return the containers of an app that are not databases."""
    return set(app.containers) - {one.container for one in app.databases}


def dump_of(entries: Mapping[str, Any], container: str) -> Dump:
    """Return the dump of a container's database, as a manifest states it."""
    return Dump.from_dict(entries[container]["dump"])
