# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether text is sorted as it was when the indexes were built, and building them anew where it is not.

An image of the same PostgreSQL on a later base system brings another version of the library that sorts. An index over text is then in an
order that nobody searches it by: rows are not found, and unique values come in twice. PostgreSQL remembers the versions, for whole
databases from 15 on, and only warns.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .client import Database, DatabaseError, query
from .restore import databases

if TYPE_CHECKING:
    from docker import DockerClient

UNIQUE_VIOLATION = "23505"
LOCK_NOT_AVAILABLE = "55P03"

# Of the collations by name those that something uses: an image brings hundreds that nothing does.
_OUTDATED = r"""
SELECT current_setting('server_version_num')::int >= 150000 AS tells \gset
\if :tells
SELECT '', coalesce(datcollversion, ''), coalesce(pg_database_collation_actual_version(oid), '')
  FROM pg_database
 WHERE datname = current_database() AND datcollversion IS DISTINCT FROM pg_database_collation_actual_version(oid);
\endif
SELECT collname, coalesce(collversion, ''), coalesce(pg_collation_actual_version(c.oid), '')
  FROM pg_collation c
 WHERE collversion <> pg_collation_actual_version(c.oid)
   AND EXISTS (SELECT FROM pg_depend WHERE refclassid = 'pg_collation'::regclass AND refobjid = c.oid)
 ORDER BY 1"""

# All of them, since every index is new by then.
_REFRESH = r"""
SELECT format('ALTER COLLATION %I.%I REFRESH VERSION', nspname, collname)
  FROM pg_collation c JOIN pg_namespace n ON n.oid = collnamespace
 WHERE collversion <> pg_collation_actual_version(c.oid)
   AND collencoding IN (-1, pg_char_to_encoding(getdatabaseencoding())) \gexec
SELECT current_setting('server_version_num')::int >= 150000 AS tells \gset
\if :tells
ALTER DATABASE :"name" REFRESH COLLATION VERSION;
\endif
"""


# One after the other, each a transaction of its own, beside which everybody reads and writes. It waits for transactions that are older,
# such as those of a dump, and nobody waits for it meanwhile.
_CONCURRENTLY = r"""
SET lock_timeout = '30min';
SELECT format('REINDEX INDEX CONCURRENTLY %I.%I', nspname, c.relname)
  FROM pg_index i JOIN pg_class c ON c.oid = indexrelid JOIN pg_namespace n ON n.oid = relnamespace
 WHERE relkind = 'i' AND relpersistence <> 't' AND nspname !~ '^pg_' AND NOT indisexclusion ORDER BY 1 \gexec
"""

# What is not built that way: those of exclusion constraints.
_PLAIN = """
SELECT format('REINDEX INDEX %I.%I', nspname, c.relname)
  FROM pg_index i JOIN pg_class c ON c.oid = indexrelid JOIN pg_namespace n ON n.oid = relnamespace
 WHERE relkind = 'i' AND relpersistence <> 't' AND nspname !~ '^pg_' AND indisexclusion ORDER BY 1"""
# Whoever comes after one that waits for a lock waits as well, readers too.
_BRIEFLY = "SET lock_timeout = '2s';\n"
_ATTEMPTS, _SECONDS_BETWEEN = 30, 5.0

# What was cut off leaves an index that is kept up to date and that nobody searches.
_LEFT = r"""
SELECT format('DROP INDEX CONCURRENTLY %I.%I', nspname, c.relname)
  FROM pg_index i JOIN pg_class c ON c.oid = indexrelid JOIN pg_namespace n ON n.oid = relnamespace
 WHERE relkind = 'i' AND nspname !~ '^pg_' AND NOT indisvalid AND c.relname ~ '_cc(new|old)\d*$' ORDER BY 1 \gexec
"""


@dataclass(frozen=True)
class Outdated:
    """A database whose indexes were built by another version of a library than its server has now; versions are empty where not known."""

    name: str
    built: str
    now: str

    @property
    def can_be_rebuilt(self) -> bool:
        """Say whether PostgreSQL takes the version of now for its own: another kind of library may tell none."""
        return bool(self.built and self.now)


def outdated(client: DockerClient, database: Database, name: str = "") -> Outdated | None:
    """Return a database, this one or one beside it, where its indexes are by another version."""
    found = query(client, database, _OUTDATED, dbname=name or database.name)
    # The database's own collation comes first, and counts for most of its columns.
    return Outdated(name or database.name, *found[0][1:]) if found else None


def all_outdated(client: DockerClient, database: Database) -> list[Outdated]:
    """Return all databases of a server where that is so: one that is not ours keeps new ones from being made, or will be used some day."""
    names = [name for name, accepts in sorted(databases(client, database).items()) if accepts]
    found = (outdated(client, database, name) for name in names)
    return [one for one in found if one]


def rebuild(client: DockerClient, database: Database, name: str) -> None:
    """Build the indexes of a database anew, and have PostgreSQL remember by which version.

    Cut off anywhere it is outdated as before. Nobody waits meanwhile, but for a table with an exclusion constraint.
    """
    query(client, database, _LEFT, dbname=name)
    try:
        query(client, database, _CONCURRENTLY, dbname=name)
        for (statement,) in query(client, database, _PLAIN, dbname=name):
            _build(client, database, name, statement)
    except DatabaseError as error:
        with suppress(DatabaseError):
            query(client, database, _LEFT, dbname=name)
        if error.sqlstate != UNIQUE_VIOLATION:
            raise
        raise DatabaseError(
            f"database {name} in container {database.container}",
            "a unique index cannot be built anew, since values that it did not find came in twice",
            "each of them once",
            str(error),
            "Find the rows that have it twice in the column of that index, without the index (SET enable_indexscan = off, and "
            "enable_bitmapscan and enable_indexonlyscan), remove one of each pair, then run again.",
            error.sqlstate,
        ) from error
    query(client, database, _REFRESH, dbname=name, name=name)


def _build(client: DockerClient, database: Database, name: str, statement: str) -> None:
    """Build an index anew for which others have to wait, once nobody has its table for long."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            query(client, database, _BRIEFLY + statement, dbname=name)
            return
        except DatabaseError as error:
            if error.sqlstate != LOCK_NOT_AVAILABLE or attempt == _ATTEMPTS:
                raise
        time.sleep(_SECONDS_BETWEEN)
