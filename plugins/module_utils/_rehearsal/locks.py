# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which tables a migration keeps others from, and for how long: so long visitors will wait for them when it happens to the live database.

PostgreSQL keeps no record of locks, so they are looked at again and again while a new version starts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from .._postgres.client import SESSION, Database, psql, query, rows
from .._postgres.programs import DatabaseError, Program, started

if TYPE_CHECKING:
    from docker import DockerClient

EVERY = 0.2
# A shorter wait is taken for a slow page.
NOTICED = 1.0

_TABLES = """
SELECT c.oid, format('%I.%I', nspname, relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE relkind IN ('r', 'p') AND nspname NOT IN ('pg_catalog', 'information_schema')"""
# The modes that conflict with the lock that INSERT, UPDATE and DELETE take; the last of them also with that of SELECT.
# https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES
_HELD = """
SELECT relation, bool_or(mode = 'AccessExclusiveLock')
  FROM pg_locks JOIN pg_stat_activity USING (pid)
 WHERE locktype = 'relation' AND granted AND datname = :'name' AND backend_type = 'client backend'
   AND mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
 GROUP BY relation;
SELECT :'end';
"""
_END = "end of the locks"


class Locks:
    """The seconds for which tables that were there before have been kept from reading, and from writing."""

    def __init__(self, tables: Mapping[str, str]) -> None:
        self._tables = tables
        self._over = threading.Event()
        self.reading: dict[str, float] = {}
        self.writing: dict[str, float] = {}

    def __str__(self) -> str:
        """Return what of it somebody would notice, nothing where there is nothing."""
        told = [f"{table} from reading and writing for {seconds:.0f} s" for table, seconds in _noticed(self.reading)]
        told += [f"{table} from writing for {seconds:.0f} s" for table, seconds in _noticed(self.writing)]
        return ", ".join(told)

    def follow(self, session: Program) -> None:
        """Look until it is over, or nobody answers any more: what is rehearsed goes on without it."""
        before: Mapping[str, bool] = {}
        seen = time.monotonic()
        with suppress(DatabaseError):
            while not self._over.wait(EVERY):
                now = time.monotonic()
                held = self._look(session)
                # What was there both times was there in between; it is counted once, by the stronger of its locks.
                for table in held.keys() & before.keys():
                    kept = self.reading if before[table] else self.writing
                    kept[table] = kept.get(table, 0) + now - seen
                before, seen = held, now

    def end(self) -> None:
        """Look no longer."""
        self._over.set()

    def _look(self, session: Program) -> dict[str, bool]:
        session.send(_HELD.encode())
        output = bytearray()
        for complaint, chunk in session.frames():
            output += b"" if complaint else chunk
            if output.endswith(f"{_END}\n".encode()):
                return {self._tables[oid]: reading == "t" for oid, reading in rows(bytes(output))[:-1] if oid in self._tables}
        # psql has ended with its container.
        self.end()
        return {}


def _noticed(seconds: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted((table, one) for table, one in seconds.items() if one >= NOTICED)


@contextmanager
def followed(client: DockerClient, database: Database) -> Iterator[Locks]:
    """Follow the locks on tables of a database from now on, from another one beside it: it may be dropped and made anew meanwhile."""
    locks = Locks({row[0]: row[1] for row in query(client, database, _TABLES)})
    command = psql(database, database.maintenance, {"name": database.name, "end": _END})
    with started(client, database.container, command, SESSION) as session:
        session.send(b"\n")
        thread = threading.Thread(target=locks.follow, args=(session,), daemon=True)
        thread.start()
        try:
            yield locks
        finally:
            locks.end()
            thread.join()
