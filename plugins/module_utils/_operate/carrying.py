# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Taking the rows of an app's databases along into new volumes, while the app is stopped and the old ones stay as they are.

Whoever else has the password of a database, such as a container of somebody's own, is not stopped. So the rows that were written are
counted before the first of them is taken along, when all are, and once more when the old containers are to go: those that nobody
took along are a reason to go back, not a loss.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._backup import listing
from .._backup.manifest import DUMPS
from .._base.errors import PlatformError
from .._base.files import make_directory
from .._engine.compose import Project
from .._engine.containers import OWNER_LABEL
from .._postgres import dump as postgres_dump
from .._postgres import exchange
from .._postgres.carry_over import carry_over, end_clients, new_volume, remove_volume
from .._postgres.client import Database, query
from .._postgres.cluster import Cluster
from .._postgres.dump import Dump
from .._release import database_volumes
from .._release.description import Release
from .._switch.databases import clients_of
from .options import Options
from .retarget import Retarget
from .standing import OperationError

if TYPE_CHECKING:
    from docker import DockerClient

# Who is connected, as far as a person can find it: the address is that of a container.
CONNECTED = """
SELECT DISTINCT concat_ws(' ', usename, 'from', coalesce(host(client_addr), 'within the container'),
                          '(' || nullif(application_name, '') || ')')
  FROM pg_stat_activity
 WHERE datname = :'name' AND pid <> pg_backend_pid() AND backend_type = 'client backend' ORDER BY 1"""

# Where the last dump lies while it is restored.
DIRECTORY = ".database_upgrade"
OF_COMPOSE = "com.docker.compose"
# Of a PostgreSQL, which writes out what it has in memory: its data stay as they are, and may be needed.
SECONDS_TO_STOP = 300
# How long connections are ended that come again and again, so that they tell what they have written.
_SECONDS_TO_LEAVE = 2.0


@dataclass(frozen=True)
class Move:
    """A database and where it goes. Volumes are as Compose calls them."""

    database: Database
    before: Cluster
    to: int
    image: str
    volume: str
    # As the engine calls the new volume, and where the new image wants it.
    name: str
    target: str
    service: str
    environment: dict[str, str] = field(repr=False)
    is_image_present: bool = True

    @property
    def retarget(self) -> Retarget:
        return Retarget(
            self.service,
            self.database.container,
            (self.before.image, self.image),
            (self.before.volume, self.volume),
            (self.before.target, self.target),
        )

    @property
    def facts(self) -> dict[str, Any]:
        return {
            "database": self.database.name,
            "container": self.database.container,
            "from": self.before.version,
            "volume": self.volume,
            "old_volume": self.before.volume,
            "image": self.image,
            "old_image": self.before.image,
        }


@dataclass(frozen=True)
class Rows:
    """The rows that had been written to a database in its old volume, and to the new one, when the latter had all of them."""

    before: int
    restored: int


class Carrying:
    """What is done between the beginning of the switch and the first of its changes: the data are taken along."""

    def __init__(self, client: DockerClient, options: Options, compose: Project, release: Release, moves: list[Move]) -> None:
        self.directory = os.path.join(options.path, DIRECTORY)
        self.rows = 0
        self._labels = {OWNER_LABEL: options.project}
        # Those whose new volume this run has made.
        self._begun: list[Move] = []
        self._notes: list[str] = []
        # By the names of new volumes.
        self._written: dict[str, Rows] = {}
        self._client, self._options, self._compose, self._release, self._moves = client, options, compose, release, moves

    def carry(self) -> None:
        """Stop the app, and restore what it wrote into the new volumes. What fails here the switch undoes: it starts the app again."""
        shutil.rmtree(self.directory, ignore_errors=True)
        make_directory(self.directory, 0o700)
        for move in self._moves:
            for name in clients_of(self._release.apps, move.database.container):
                for container in self._client.containers.list(filters={"name": f"^/{name}$"}):
                    container.stop()
        try:
            for move in self._moves:
                self._carry(move)
            # The first of them has been open while the others were taken along.
            for move in self._moves:
                self._require_unwritten(move)
        except Exception:
            self._discard()
            raise

    def settle(self) -> list[str]:
        """Give the new volumes their place, when the files are those of the release and what runs is still what ran before.

        Only now is it noted that a volume is more than begun: a run that is killed before has it filled anew by the next.
        """
        try:
            for move in self._moves:
                self._require_unwritten(move)
                self._client.containers.get(move.database.container).stop(timeout=SECONDS_TO_STOP)
        except Exception:
            self._discard()
            raise
        for move in self._moves:
            database_volumes.note(self._options.path, move.before.volume, self._written[move.volume].before)
            database_volumes.note(self._options.path, move.volume, self._written[move.volume].restored)
        # What looks after passwords would start the old ones again.
        self._compose.make([move.service for move in self._moves])
        return self._notes

    def _require_unwritten(self, move: Move) -> None:
        client, database, then = self._client, move.database, self._written[move.volume].before
        connected = [who for (who,) in query(client, database, CONNECTED, dbname=database.maintenance, name=database.name)]
        now = end_clients(client, database, _SECONDS_TO_LEAVE)
        if now != then:
            who = f" Connected to it: {', '.join(connected)}." if connected else ""
            raise OperationError(
                f"{database}: expected nobody to write to it while its app is stopped, got {now - then} rows written. No row is lost: the "
                f"app is served by this database as before.{who} End what writes there, then run again."
            )

    def _discard(self) -> None:
        """Remove what nobody has written to but this run: the app is started again, and the disk may be what is full."""
        shutil.rmtree(self.directory, ignore_errors=True)
        for move in self._begun:
            # The first error is the one to be told; what is left is removed by the next run.
            with suppress(PlatformError):
                remove_volume(self._client, move.database, move.name, self._labels)
            with suppress(PlatformError, OSError):
                database_volumes.note(self._options.path, move.volume, database_volumes.UNFINISHED)

    def _carry(self, move: Move) -> None:
        client, options, labels = self._client, self._options, self._labels
        written = end_clients(client, move.database)
        directory, dump = self._dumped(move.database, written, labels)
        database_volumes.note(options.path, move.volume, database_volumes.UNFINISHED)
        self._begun.append(move)
        of_compose = {f"{OF_COMPOSE}.project": options.project, f"{OF_COMPOSE}.volume": move.volume}
        new_volume(client, move.database, move.name, of_compose, labels)
        volume = (move.name, move.target)
        carried = carry_over(client, move.database, dump, directory, move.image, volume, move.environment, labels)
        self._written[move.volume] = Rows(written, carried.written)
        self._notes += carried.notes
        self.rows += sum(dump.tables.values())

    def _dumped(self, database: Database, written: int, labels: Mapping[str, str]) -> tuple[str, Dump]:
        """Return the dump that this run has sealed and proven, where nothing was written since, or else a new one."""
        for backup in listing.find_all(self._options.path):
            entry = backup.manifest.databases.get(database.container) if backup.manifest and backup.id == self._options.backup else None
            sealed = (entry.get("oid"), entry.get("written")) if entry and entry.get("dump") else None
            if entry and sealed == (exchange.number_of(self._client, database, database.name), written):
                return os.path.join(backup.directory, DUMPS), Dump.from_dict(entry["dump"])
        return self.directory, postgres_dump.dump(self._client, database, self.directory, labels=labels)

    def require_version(self) -> None:
        """Require that what the gate has proven is the new version."""
        for move in self._moves:
            found = int(query(self._client, move.database, "SHOW server_version_num")[0][0]) // 10000
            if found != move.to:
                raise OperationError(f"{move.database}: expected {move.image} to be PostgreSQL {move.to}, got PostgreSQL {found}.")
