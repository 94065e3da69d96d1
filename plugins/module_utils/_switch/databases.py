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
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._backup.databases import as_database
from .._backup.manifest import DUMPS, BackupError, Manifest
from .._engine.containers import OWNER_LABEL
from .._postgres import exchange
from .._postgres import restore as postgres_restore
from .._postgres.client import Database, DatabaseError, checked
from .._postgres.dump import Dump
from .._postgres.exchange import Swap
from .._release.description import App

if TYPE_CHECKING:
    from docker import DockerClient

# What a run calls its databases beside the live ones ends in the first of its token's characters.
TOKEN_LENGTH = 8
RESTORED, BEFORE, KEPT = "restored", "before", "kept"


def beside(database: Database, what: str, token: str) -> str:
    """Return the name of a run's database beside the live one, or refuse it."""
    return checked(f"{database.name}_{what}_{token[:TOKEN_LENGTH]}")


class Exchange:
    """The dumps of a backup that are to take the place of the live databases, for one run."""

    def __init__(self, client: DockerClient, directory: str, manifest: Manifest, token: str) -> None:
        self._client = client
        self._dumps = os.path.join(directory, DUMPS)
        self._labels = {OWNER_LABEL: manifest.project}
        self._token = token
        self.databases = {
            container: (as_database(container, entry), Dump.from_dict(entry["dump"]))
            for container, entry in manifest.databases.items()
            if entry["dump"]
        }
        if not self.databases:
            raise BackupError(
                f"Backup {manifest.id} holds no dump of a database, so none can be restored. Nothing has been changed. "
                "Roll back without rollback_restore_database, or choose a backup with a dump (`ansible-playbook backups.yml`)."
            )
        for database, _dump in self.databases.values():
            for what in (RESTORED, BEFORE, KEPT):
                beside(database, what, token)

    def restore(self, pending: Iterable[Swap] = ()) -> None:
        """Restore every dump beside the live database, which is not touched. Pending are swaps of a run that was cut off."""
        spared = {(swap.container, swap.incoming) for swap in pending}
        for database, dump in self.databases.values():
            for name in leftovers(self._client, database, RESTORED):
                if (database.container, name) not in spared:
                    postgres_restore.drop(self._client, database, name)
            incoming = beside(database, RESTORED, self._token)
            postgres_restore.restore_beside(self._client, database, dump, self._dumps, self._labels, incoming)

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
            )
            for database, _dump in self.databases.values()
        ]

    def discard(self) -> None:
        """Drop what was restored and never became live."""
        for database, _dump in self.databases.values():
            postgres_restore.drop(self._client, database, beside(database, RESTORED, self._token))

    def notes(self) -> list[str]:
        """Tell of databases that earlier runs kept, since there may be rows in them that are nowhere else."""
        return [
            f"Database {name} in {database.container} was kept by an earlier run and nothing uses it. {advice(database, name)}"
            for database, _dump in self.databases.values()
            for what in (BEFORE, KEPT)
            for name in leftovers(self._client, database, what)
            if not name.endswith(self._token[:TOKEN_LENGTH])
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
