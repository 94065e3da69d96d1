# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Restoring a database to a second: recovered elsewhere from its base and log, beside the live one, compared, and exchanged when told."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .._base.files import make_directory
from .._continuous import moment as moments
from .._continuous import reach, recover
from .._continuous.moment import From, MomentError
from .._continuous.settings import DIRECTORY, Place
from .._offsite import settings as offsite_settings
from .._offsite.repository import Repository, access_of
from .._offsite.settings import Settings
from .._postgres import client as postgres_client
from .._postgres import dump as postgres_dump
from .._postgres import restore as postgres_restore
from .._postgres.client import Database
from .._postgres.dump import Dump
from .._switch.databases import Replacement

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass(frozen=True)
class Travel:
    """A moment of a database, and what it is reached from."""

    database: Database
    moment: datetime
    source: From

    @property
    def shown(self) -> str:
        return moments.shown(self.moment)

    @property
    def name(self) -> str:
        """Return the name of the database beside the live one."""
        return postgres_client.checked(f"{self.database.name}_at_{self.moment:%Y%m%d_%H%M%S}")


def plan(database: Database, typed: str) -> Travel:
    """Return how a moment is reached, or say what is possible. Nothing is changed, and nothing large is fetched."""
    moment = moments.parse(typed, datetime.now(timezone.utc))
    found = settings()
    repositories = [Repository(one, access_of(found)) for one in found.repositories]
    return Travel(database, moment, reach.choose(repositories, database.container, found.host, moment))


def settings() -> Settings:
    """Return where the log of this server's databases is."""
    found = offsite_settings.load()
    if found is None or not found.repositories:
        raise MomentError(
            f"restore_time: expected a repository with the log of the databases, got none. {moments.UNCHANGED} It is brought there from "
            "the moment on at which stack_offsite_repository is set and deployed. Dumps: ansible-playbook database.yml"
        )
    return found


@contextmanager
def dumped(client: DockerClient, travel: Travel, labels: Mapping[str, str]) -> Iterator[tuple[str, Dump]]:
    """Yield the directory and the dump of a database as it was at a moment. Both are gone afterwards."""
    work = recover.work_for(travel.database.container)
    place = Place(travel.database.container, travel.source.cluster)
    make_directory(DIRECTORY, 0o700)
    try:
        received = recover.have_received(client, travel.database, place)
        recover.gather(travel.source, place, work, copies=3)
        directory = os.path.join(work.root, "dump")
        make_directory(directory, 0o700)
        with recover.recovered(client, travel.database, travel.source, work, travel.moment, labels, received) as then:
            dump = postgres_dump.dump(client, then, directory, labels=labels)
        yield directory, dump
    finally:
        recover.clear(work)


def restore_beside(client: DockerClient, travel: Travel, labels: Mapping[str, str]) -> tuple[Dump, list[dict[str, Any]]]:
    """Restore the database of a moment beside the live one; return its dump, and the tables that differ from now."""
    with dumped(client, travel, labels) as (directory, dump):
        postgres_restore.restore_beside(client, travel.database, dump, directory, labels, travel.name)
    now = postgres_client.counts(postgres_client.query(client, travel.database, postgres_client.COUNT_QUERY))
    return dump, compared(now, dump.tables)


class OfMoment(Replacement):
    """The dump of a database as it was at a moment, that is to take the place of the live one."""

    def __init__(
        self, client: DockerClient, token: str, database: Database, directory: str, dump: Dump, labels: Mapping[str, str], keep: bool
    ) -> None:
        self._directory, self._dump, self._labels = directory, dump, labels
        super().__init__(client, token, [database], keep)

    def make(self, database: Database, incoming: str) -> None:
        """Restore it."""
        postgres_restore.restore_beside(self._client, database, self._dump, self._directory, self._labels, incoming)


def compared(now: Mapping[str, int], then: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return the rows of each table now and then; none is a table that there is not."""
    return [{"table": name, "now": now.get(name), "then": then.get(name)} for name in sorted({*now, *then})]
