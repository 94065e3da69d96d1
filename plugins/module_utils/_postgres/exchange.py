# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Exchanging a live database with a restored one, and back, from whatever point a run was cut off at.

Databases are known by PostgreSQL's own numbers (pg_database.oid), which a rename leaves alone: a name may mean the live database,
the one before it, or somebody else's. Rows that were written to a database are never dropped with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .client import Database, DatabaseError, checked, query
from .global_objects import superuser
from .restore import drop

if TYPE_CHECKING:
    from docker import DockerClient

OBJECT_IN_USE = "55006"
_ATTEMPTS = 3

# One transaction for the names, so that at each moment, and after a crash, there is a whole database of the live name.
# The connections are ended before, since PostgreSQL renames none that is in use.
_EXCHANGE = """
ALTER DATABASE :"live" ALLOW_CONNECTIONS false;
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN (:'live', :'incoming');
BEGIN;
ALTER DATABASE :"live" RENAME TO :"aside";
ALTER DATABASE :"incoming" RENAME TO :"live";
ALTER DATABASE :"live" ALLOW_CONNECTIONS true;
COMMIT"""

# Of the cumulative statistics, which a rename leaves alone too. A crash of PostgreSQL resets them, which then looks like a change.
_WRITTEN = "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables"


@dataclass(frozen=True)
class Swap:
    """A live database and the restored one that takes its place. Clients are the containers that use it."""

    container: str
    name: str
    user: str
    # What they are called beside the live name: the restored one before, the one that was live afterwards.
    incoming: str
    aside: str
    live_oid: int
    incoming_oid: int
    # Rows written to the restored one until it was ready.
    written: int
    clients: list[str] = field(default_factory=list)
    # Whether the one that was live is kept whatever a dump has of it, such as where none could be made.
    keep: bool = False

    @property
    def database(self) -> Database:
        return Database(self.container, self.name, self.user)


def numbers(client: DockerClient, database: Database) -> dict[int, str]:
    """Return the names of the databases beside this one, itself included, by their numbers."""
    answer = query(client, database, "SELECT oid, datname FROM pg_database", dbname=database.maintenance)
    return {int(number): name for number, name in answer}


def number_of(client: DockerClient, database: Database, name: str) -> int:
    """Return the number of a database beside this one."""
    found = [number for number, one in numbers(client, database).items() if one == name]
    if not found:
        raise _refused(database, f"a database {name}", "none")
    return found[0]


def rows_written(client: DockerClient, database: Database, name: str) -> int:
    """Return how many rows have been written to the tables of a database since its statistics began."""
    return int(query(client, database, _WRITTEN, dbname=name)[0][0])


def prepared(client: DockerClient, database: Database, incoming: str, aside: str, clients: list[str], keep: bool = False) -> Swap:
    """Return the swap of the live database with a restored one, once nothing stands in its way."""
    # An app's role may rename nothing: that must not come out when it is stopped.
    database = superuser(client, database)
    live_oid, incoming_oid = number_of(client, database, database.name), number_of(client, database, incoming)
    written = rows_written(client, database, incoming)
    swap = Swap(database.container, database.name, database.user, incoming, checked(aside), live_oid, incoming_oid, written, clients, keep)
    require_exchangeable(client, swap)
    return swap


def require_exchangeable(client: DockerClient, swap: Swap) -> None:
    """Refuse while the app still runs what could not be exchanged once it is stopped."""
    found = numbers(client, swap.database)
    if not (is_exchanged(swap, found) or _is_ready(swap, found)):
        raise _refused(swap.database, f"{swap.name} and {swap.incoming} as they were restored, and no {swap.aside}", _shown(swap, found))


def _is_ready(swap: Swap, found: Mapping[int, str]) -> bool:
    as_prepared = (found.get(swap.live_oid), found.get(swap.incoming_oid)) == (swap.name, swap.incoming)
    return as_prepared and swap.aside not in found.values()


def is_exchanged(swap: Swap, found: Mapping[int, str]) -> bool:
    """Say whether the restored database is the live one."""
    return (found.get(swap.live_oid), found.get(swap.incoming_oid)) == (swap.aside, swap.name)


def exchange(client: DockerClient, swap: Swap) -> None:
    """Make the restored database the live one, and keep the live one aside, closed to connections.

    Run again after a crash it does what is left to do. Connections to the live database are ended.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        found = numbers(client, swap.database)
        if is_exchanged(swap, found):
            reopen(client, swap.database, swap.name)
            return
        require_exchangeable(client, swap)
        if _renamed(client, swap.database, swap.incoming, swap.aside, attempt):
            return


def exchange_back(client: DockerClient, swap: Swap) -> bool:
    """Make the database that was live before an exchange the live one again; return whether it was not.

    Touched is only what is what the exchange left: another database of that name stays where it is, and is an error.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        found = numbers(client, swap.database)
        if found.get(swap.live_oid) == swap.name:
            # A crash may have left it closed to connections.
            reopen(client, swap.database, swap.name)
            return attempt > 1
        if not is_exchanged(swap, found):
            raise _refused(swap.database, f"{swap.aside} and {swap.name} as the exchange left them", _shown(swap, found))
        if _renamed(client, swap.database, swap.aside, swap.incoming, attempt):
            return True
    return True


def keep_or_drop(client: DockerClient, database: Database, number: int, written: int, kept: str) -> str:
    """Drop a database that is not live any more, unless rows were written to it; return the name it is kept under, or nothing."""
    name = numbers(client, database).get(number, database.name)
    if name == database.name:
        return ""
    reopen(client, database, name)
    if rows_written(client, database, name) == written:
        drop(client, database, name)
        return ""
    if name != kept:
        sql = 'ALTER DATABASE :"old" RENAME TO :"new"'
        query(client, database, sql, dbname=database.maintenance, old=name, new=checked(kept))
    return kept


def _renamed(client: DockerClient, database: Database, incoming: str, aside: str, attempt: int) -> bool:
    names = {"live": database.name, "incoming": incoming, "aside": aside}
    try:
        query(client, database, _EXCHANGE, dbname=database.maintenance, **names)
        return True
    except DatabaseError as error:
        reopen(client, database, database.name)
        # A client can have come in just before the door was closed.
        if error.sqlstate != OBJECT_IN_USE or attempt == _ATTEMPTS:
            raise
        return False


def reopen(client: DockerClient, database: Database, name: str) -> None:
    """Let a database take connections."""
    statement = 'ALTER DATABASE :"name" ALLOW_CONNECTIONS true'
    try:
        query(client, database, statement, dbname=database.maintenance, name=name)
    except DatabaseError as error:
        what = f"the database {name} may be closed to connections, and cannot be opened"
        advice = f"Start the container {database.container} and run it again; that opens it."
        raise DatabaseError(str(database), what, "connections to be allowed again", str(error), advice) from error


def _shown(swap: Swap, found: Mapping[int, str]) -> str:
    """Say which of the databases that matter are there, with their numbers."""
    by_name = {name: number for number, name in found.items()}
    names = [name for name in (swap.name, swap.incoming, swap.aside) if name in by_name]
    return ", ".join(f"{name} ({by_name[name]})" for name in names) or "none of them"


def _refused(database: Database, expected: str, got: str) -> DatabaseError:
    advice = f"Nothing was exchanged. Look at the databases: docker exec {database.container} psql -U {database.user} -l"
    return DatabaseError(str(database), "databases cannot be exchanged", expected, got, advice)
