# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What there is to know of the databases of the live release: dumps of them, sizes, rows, and what they are at work on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .._backup import listing
from .._backup.manifest import moment_of
from .._base.errors import PlatformError, describe
from .._engine.client import connect
from .._postgres.client import COUNT_QUERY, Database, counts, query
from .._release.description import Release
from . import databases
from .standing import release_of

if TYPE_CHECKING:
    from docker import DockerClient

LARGEST_TABLES = 5
# What stands between quotes in a statement may be people's data, or a password.
_LITERAL = re.compile(r"'(?:[^']|'')*'?")
STATEMENT_SHOWN = 200

_SIZES = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), pg_total_relation_size(c.oid)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
 ORDER BY 2 DESC, 1"""

# Whoever waits for a lock, and whoever has been at work, or idle within a transaction, for so long.
_QUERIES = """
SELECT pid, usename, coalesce(application_name, ''), state,
       round(extract(epoch FROM clock_timestamp() - CASE state WHEN 'active' THEN query_start ELSE xact_start END)::numeric, 1),
       coalesce(wait_event_type || ': ' || wait_event, ''), array_to_string(pg_blocking_pids(pid), ' '), query
  FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND state <> 'idle'
   AND (cardinality(pg_blocking_pids(pid)) > 0
        OR pid IN (SELECT unnest(pg_blocking_pids(a.pid)) FROM pg_stat_activity a)
        OR clock_timestamp() - CASE state WHEN 'active' THEN query_start ELSE xact_start END >= :'seconds' * interval '1 s')
 ORDER BY 5 DESC"""


def dumps(root: str, typed: str) -> list[dict[str, Any]]:
    """Return the dumps of all backups, newest first."""
    wanted = {database.container for _app, database in databases.named(release_of(root), typed)}
    now, found = datetime.now(timezone.utc), []
    for backup in reversed(listing.find_all(root)):
        moment = moment_of(backup.id)
        for container, entry in sorted(backup.manifest.databases.items()) if backup.manifest else []:
            dump = entry["dump"]
            if dump and container in wanted:
                found.append(
                    {
                        "id": backup.id,
                        "database": entry["name"],
                        "container": container,
                        "size": dump["size"],
                        "rows": sum(dump["tables"].values()),
                        "schema": entry["schema"],
                        "age": round((now - moment).total_seconds()) if moment else 0,
                        "proven": entry["proof_seconds"] is not None,
                        "reason": backup.manifest.reason if backup.manifest else "",
                    }
                )
    return found


def sizes(client: DockerClient, database: Database) -> dict[str, Any]:
    """Return the bytes of a database on disk, and its largest tables."""
    tables = [{"table": name, "size": int(size)} for name, size in query(client, database, _SIZES)]
    whole = int(query(client, database, "SELECT pg_database_size(current_database())")[0][0])
    return {"size": whole, "tables": len(tables), "largest": tables[:LARGEST_TABLES]}


def row_counts(client: DockerClient, database: Database) -> dict[str, Any]:
    """Return the rows of each table."""
    return {"counts": counts(query(client, database, COUNT_QUERY))}


def queries(seconds: float) -> Callable[[DockerClient, Database], dict[str, Any]]:
    """Return what reads the statements that run for so long, wait for a lock, or are waited for."""

    def read(client: DockerClient, database: Database) -> dict[str, Any]:
        found = query(client, database, _QUERIES, seconds=str(seconds))
        return {"queries": [_activity(*row) for row in found]}

    return read


def _activity(pid: str, user: str, application: str, state: str, seconds: str, wait: str, blockers: str, statement: str) -> dict[str, Any]:
    return {
        "pid": int(pid),
        "user": user,
        "application": application,
        "state": state,
        "seconds": float(seconds),
        "waits_for": wait,
        "blocked_by": [int(one) for one in blockers.split()],
        "statement": _LITERAL.sub("'?'", " ".join(statement.split()))[:STATEMENT_SHOWN],
    }


def read_all(release: Release, typed: str, read: Callable[[DockerClient, Database], dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is read of each database, all at once; of one that does not answer, why not."""
    client, wanted = connect(), databases.named(release, typed)

    def one(database: Database) -> dict[str, Any]:
        try:
            return {**read(client, database), "error": ""}
        except PlatformError as error:
            return {"error": describe(error)}

    with ThreadPoolExecutor(max(1, len(wanted))) as pool:
        found: Iterable[dict[str, Any]] = pool.map(one, [database for _app, database in wanted])
        named = zip(wanted, found, strict=True)
        return [
            {"app": app.name, "database": database.name, "container": database.container, "user": database.user, **facts}
            for (app, database), facts in named
        ]
