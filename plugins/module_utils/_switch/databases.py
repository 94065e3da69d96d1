# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Restoring databases within a switch: beside the live ones first, then exchanged by name while the app is stopped.

No row is lost on the way. The database that was live is dropped only after the release that uses the restored one has been proven
to serve, and only if the sealed dump holds all that was written to it; a restored one that is exchanged back is dropped only if
nothing was written to it. What is kept instead is reported.
"""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .._backup import seal
from .._backup.databases import as_database
from .._backup.manifest import DUMPS, BackupError, Manifest
from .._engine.compose import Project
from .._engine.containers import OWNER_LABEL, containers_of
from .._postgres import client as postgres_client
from .._postgres import exchange, password
from .._postgres import restore as postgres_restore
from .._postgres.client import Database, DatabaseError, checked
from .._postgres.dump import Dump
from .._postgres.exchange import Swap
from .._postgres.start import ensure_running, wait_until_answers
from .._release.description import App
from .._run import restoring

if TYPE_CHECKING:
    from docker import DockerClient

# What a run calls its databases beside the live ones ends in the first of its token's characters.
TOKEN_LENGTH = 8
RESTORED, BEFORE, KEPT = "restored", "before", "kept"


def beside(database: Database, what: str, token: str) -> str:
    """Return the name of a run's database beside the live one, or refuse it."""
    return checked(f"{database.name}_{what}_{token[:TOKEN_LENGTH]}")


def shortage(client: DockerClient, dumped: Mapping[Database, Dump]) -> str:
    """Return why these dumps cannot all be restored beside the live databases, which would stop on a full disk; nothing where they can."""
    need = sum(max(_size(client, database), 2 * dump.size) for database, dump in dumped.items())
    return seal.shortage({client.info()["DockerRootDir"]: need}, "the restored database")


def _size(client: DockerClient, database: Database) -> int:
    """Return the bytes of a live database; 0 for one that is down, gone or damaged, of which the dump alone says how large it is."""
    with suppress(DatabaseError):
        return postgres_client.size(client, database)
    return 0


class Replacement:
    """Databases that are to take the place of live ones, for one run: empty ones, each of which is made beside the live one first."""

    def __init__(self, client: DockerClient, token: str, databases: Iterable[Database], keep: bool = False) -> None:
        self._client = client
        self._token = token
        # Whether the live ones are kept beside, whatever a dump has of them.
        self._keep = keep
        self.databases = list(databases)
        for database in self.databases:
            for what in (RESTORED, BEFORE, KEPT):
                beside(database, what, token)

    def make(self, database: Database, incoming: str) -> None:
        """Make a database of another name beside the live one."""
        postgres_restore.create_beside(self._client, database, incoming)

    def restore(self, pending: Iterable[Swap] = ()) -> None:
        """Make every database beside the live one, which is not touched. Pending are swaps of a run that was cut off."""
        spared = {(swap.container, swap.incoming) for swap in pending}
        for database in self.databases:
            for name in leftovers(self._client, database, RESTORED):
                if (database.container, name) not in spared:
                    postgres_restore.drop(self._client, database, name)
            self.make(database, beside(database, RESTORED, self._token))

    def swaps(self, apps: Iterable[App]) -> list[Swap]:
        """Return what is to be exchanged; the apps are those of either release, any of which may use a database."""
        known = list(apps)
        return [
            exchange.prepared(
                self._client,
                database,
                beside(database, RESTORED, self._token),
                beside(database, BEFORE, self._token),
                clients_of(known, database.container),
                self._keep,
            )
            for database in self.databases
        ]

    def discard(self) -> None:
        """Drop what was restored and never became live."""
        for database in self.databases:
            postgres_restore.drop(self._client, database, beside(database, RESTORED, self._token))

    def notes(self) -> list[str]:
        """Tell of databases that earlier runs kept, since there may be rows in them that are nowhere else."""
        return [
            f"Database {name} in {database.container} was kept by an earlier run and nothing uses it. {advice(database, name)}"
            for database in self.databases
            for what in (BEFORE, KEPT)
            for name in leftovers(self._client, database, what)
            if not name.endswith(self._token[:TOKEN_LENGTH])
        ]


class Exchange(Replacement):
    """The dumps of a backup that are to take the place of the live databases: all of them, or those in some containers."""

    def __init__(
        self,
        client: DockerClient,
        directory: str,
        manifest: Manifest,
        token: str,
        containers: Container[str] = (),
        keep: bool = False,
        as_it_was: bool = False,
    ) -> None:
        # On a server that nobody uses yet, with the roles and settings that there were; on any other one those of today hold.
        self._as_it_was = as_it_was
        self._directory = os.path.join(directory, DUMPS)
        self._labels = {OWNER_LABEL: manifest.project}
        self._dumped = {
            as_database(container, entry): Dump.from_dict(entry["dump"])
            for container, entry in manifest.databases.items()
            if entry["dump"] and (not containers or container in containers)
        }
        if not self._dumped:
            raise BackupError(
                f"Backup {manifest.id} holds no dump of a database, so none can be restored. Nothing has been changed. "
                "Roll back without rollback_restore_database, or choose a backup with a dump (`ansible-playbook backups.yml`)."
            )
        super().__init__(client, token, self._dumped, keep)
        self._roles: list[str] = []

    def require_room(self) -> None:
        """Raise BackupError where the disk would be full before the end."""
        if short := shortage(self._client, self._dumped):
            raise BackupError(f"{short}. The live databases are as they were. {seal.FREE_SPACE}")

    def restore(self, pending: Iterable[Swap] = ()) -> None:
        """Restore every dump beside the live database, where there is room for them."""
        self.require_room()
        super().restore(pending)

    def make(self, database: Database, incoming: str) -> None:
        """Restore the dump of a database."""
        where = (self._client, database, self._dumped[database], self._directory, self._labels, incoming)
        self._roles += roles_made(database, postgres_restore.restore_beside(*where, as_it_was=self._as_it_was))

    def notes(self) -> list[str]:
        """Tell of roles that were made for the dumps as well."""
        return [*super().notes(), *self._roles]


class Newest(Exchange):
    """The dumps for a server that nobody uses yet: what the log had beyond the backup goes before the backup's own."""

    def __init__(self, client: DockerClient, directory: str, manifest: Manifest, token: str, root: str) -> None:
        super().__init__(client, directory, manifest, token, as_it_was=True)
        note = restoring.read(root)
        self._newer = note.newer if note else {}
        self._newer_directory = os.path.join(root, restoring.NEWER)

    def make(self, database: Database, incoming: str) -> None:
        """Restore the newest dump of a database."""
        found = self._newer.get(database.container)
        if found is None:
            super().make(database, incoming)
            return
        dump, directory = Dump.from_dict(found.dump), os.path.join(self._newer_directory, database.container)
        postgres_restore.restore_beside(self._client, database, dump, directory, self._labels, incoming, as_it_was=True)


class FirstFill:
    """Dumps for a server that is being restored: its databases are made by the release's own containers, and are to be filled before any
    app is started, so that nobody ever meets an empty one. There is nothing beside which they could be restored earlier.
    """

    def __init__(self, client: DockerClient, exchange: Exchange) -> None:
        self._client, self._exchange = client, exchange

    def fill(self, project: Project, apps: Iterable[App]) -> list[str]:
        """Start the databases of a tree that is live, with no app, and restore into each; return what to tell."""
        databases = self._exchange.databases
        new = {one.container for one in databases} - set(containers_of(self._client, project.name))
        ensure_running(self._client, project, databases, {})
        self._exchange.restore()
        swaps = self._exchange.swaps(apps)
        perform(self._client, swaps)
        for swap in swaps:
            if swap.container in new:  # What its image has just made has no row of anybody's.
                postgres_restore.drop(self._client, swap.database, swap.aside)
        notes = [note for database in databases for note in _locked_out(self._client, database)]
        return notes + finish(self._client, [swap for swap in swaps if swap.container not in new], {})


def _locked_out(client: DockerClient, database: Database) -> list[str]:
    """Tell of roles that cannot log in to a server that its image has just made; that of the app is given its password again."""
    return [
        f"Role {name} came back to {database.container} with its password as MD5, which the pg_hba.conf there lets nobody in with. Give it "
        "its password again."
        for name in password.locked_out(client, database)
        if name != database.user
    ]


def roles_made(database: Database, names: Iterable[str]) -> list[str]:
    """Tell of roles that a dump names, and that were made for it without a login."""
    return [
        f"Role {name} was made in {database.container}, since the dump names it. Nobody can log in as it before it is given LOGIN and a "
        "password."
        for name in names
    ]


def clients_of(apps: Iterable[App], container: str) -> list[str]:
    """Return the containers of the apps with this database, without those of any database."""
    found: set[str] = set()
    for app in apps:
        if container in app.containers:
            found |= set(app.containers) - {one.container for one in app.databases}
    return sorted(found - {container})


def leftovers(client: DockerClient, database: Database, what: str) -> list[str]:
    """Return the databases that runs left beside the live one under this kind of name."""
    pattern = re.compile(rf"{re.escape(database.name)}_{what}_[0-9a-f]{{{TOKEN_LENGTH}}}")
    return sorted(name for name in exchange.numbers(client, database).values() if pattern.fullmatch(name))


def perform(client: DockerClient, swaps: Sequence[Swap]) -> None:
    """Stop the apps and exchange their databases; what could not be exchanged is refused while they still run."""
    for swap in swaps:
        exchange.require_exchangeable(client, swap)
    stop(client, swaps)
    for swap in swaps:
        exchange.exchange(client, swap)


def undo(client: DockerClient, swaps: Sequence[Swap]) -> list[str]:
    """Let the databases that were live before an exchange be live again; return what to tell."""
    for swap in swaps:
        # At boot it may still be starting up. The database itself may be closed to connections, by the exchange.
        wait_until_answers(client, replace(swap.database, name=swap.database.maintenance))
    exchanged = [swap for swap in swaps if not _is_live(client, swap)]
    stop(client, exchanged)
    for swap in swaps:
        exchange.exchange_back(client, swap)
    notes = []
    for swap in swaps:
        database, kept = swap.database, f"{swap.name}_{KEPT}_{swap.incoming[-TOKEN_LENGTH:]}"
        if exchange.keep_or_drop(client, database, swap.incoming_oid, swap.written, kept):
            notes.append(
                f"What was written to the restored database {swap.name} in {swap.container} before it was exchanged back is kept as "
                f"database {kept}. {advice(database, kept)}"
            )
    return notes


def _is_live(client: DockerClient, swap: Swap) -> bool:
    return exchange.numbers(client, swap.database).get(swap.live_oid) == swap.name


def finish(client: DockerClient, swaps: Iterable[Swap], sealed: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Drop what was live before, unless rows were written to it that the sealed dump does not hold; return what to tell.

    Sealed is what the manifest of today's backup says of its databases. The release serves by now, so that nothing here can fail it.
    """
    notes = []
    for swap in swaps:
        database, entry = swap.database, sealed.get(swap.container, {})
        if swap.keep:
            # It is not even asked what is in it, since it may be damaged; it stays closed to connections.
            notes.append(
                f"Database {swap.name} in {swap.container}, as it was before, is kept as database {swap.aside}, which takes no "
                f"connections. To look at it, on the server: docker exec {swap.container} psql -U {swap.user} -d {database.maintenance} -c "
                f"'ALTER DATABASE \"{swap.aside}\" ALLOW_CONNECTIONS true'. {advice(database, swap.aside)}"
            )
            continue
        dumped = int(entry["written"]) if entry.get("dump") and entry.get("oid") == swap.live_oid else -1
        try:
            if exchange.keep_or_drop(client, database, swap.live_oid, dumped, swap.aside):
                notes.append(
                    f"What was written to database {swap.name} in {swap.container} after its dump and before the app was stopped is "
                    f"kept, with all the rest of it, as database {swap.aside}. {advice(database, swap.aside)}"
                )
        except DatabaseError as error:
            notes.append(f"Database {swap.aside}, which was live before, could not be dropped: {error} {advice(database, swap.aside)}")
    return notes


def kept(swaps: Iterable[Swap]) -> list[str]:
    """Tell of the databases that were live before, where the release that uses the restored ones stays though it was not proven."""
    return [
        f"Database {swap.name} in {swap.container} is the restored one; the one before is kept as database {swap.aside}. "
        f"{advice(swap.database, swap.aside)}"
        for swap in swaps
    ]


def advice(database: Database, name: str) -> str:
    """Say how to get rid of a database that was kept."""
    return (
        f"When nothing in it is needed any more, on the server: docker exec {database.container} dropdb --force -U {database.user} {name}"
    )


def stop(client: DockerClient, swaps: Iterable[Swap]) -> None:
    """Stop the containers that use these databases."""
    for name in sorted({name for swap in swaps for name in swap.clients}):
        for container in client.containers.list(filters={"name": f"^/{name}$"}):
            container.stop()
