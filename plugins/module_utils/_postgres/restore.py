# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Restores a dump into a new database beside the live one, with its settings and rights; drops what is not live."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from . import global_objects, properties
from .client import COUNT_QUERY, Database, DatabaseError, checked, counts, query
from .dump import Dump
from .helper import beside, pg_restore

if TYPE_CHECKING:
    from docker import DockerClient

# Before 13 nothing ends the connections by itself.
_DROP = r"""
SELECT current_setting('server_version_num')::int >= 130000 AS forces \gset
\if :forces
DROP DATABASE IF EXISTS :"target" WITH (FORCE);
\else
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :'target';
DROP DATABASE IF EXISTS :"target";
\endif"""

_OF_POSTGRESQL = ("postgres", "template0", "template1")


def databases(client: DockerClient, database: Database) -> dict[str, bool]:
    """Return the databases beside this one, itself included, with whether each of them accepts connections."""
    answer = query(client, database, "SELECT datname, datallowconn FROM pg_database", dbname=database.maintenance)
    return {name: accepts == "t" for name, accepts in answer}


def restore_beside(
    client: DockerClient,
    database: Database,
    dump: Dump,
    directory: str,
    labels: Mapping[str, str],
    incoming: str,
    *,
    as_it_was: bool = False,
) -> list[str]:
    """Restore a dump into a new database of the name incoming beside the live one, which is not touched; return the roles made for it.

    It gets the settings and rights of the live one; as it was, in a server that nobody uses yet, those it had, and all roles there were.
    """
    checked(incoming)
    where = f"restore of the dump {dump.file} beside {database}"
    surroundings = global_objects.load(directory, dump.globals)
    drop(client, database, incoming)
    # Some extensions can be made by nobody else.
    admin = global_objects.superuser(client, database)
    made: list[str] = []
    try:
        if surroundings and as_it_was:
            global_objects.give_roles(client, admin, surroundings)
            wanted, flags = surroundings.database, ["--no-tablespaces"]
        else:
            made = global_objects.ensure_needed(client, admin, surroundings) if surroundings else []
            wanted, flags = properties.read(client, database), []
        properties.create(client, admin, wanted, incoming)
        path = os.path.join(directory, dump.file)
        with beside(client, database, "restore", path, labels, writable=False) as helper:
            pg_restore(client, where, helper, admin.user, incoming, dump.format, flags)
        dump.require(where, counts(query(client, admin, COUNT_QUERY, dbname=incoming)))
        properties.give(client, admin, wanted, incoming)
        # Without it the first queries would be planned as if all tables were empty.
        query(client, admin, "ANALYZE", dbname=incoming)
    except BaseException:
        with suppress(DatabaseError):
            drop(client, database, incoming)
        raise
    return made


def create_beside(client: DockerClient, database: Database, name: str) -> None:
    """Create an empty database like the live one beside it, with its settings and rights."""
    checked(name)
    drop(client, database, name)
    wanted = properties.read(client, database)
    admin = global_objects.superuser(client, database)
    properties.create(client, admin, wanted, name)
    properties.give(client, admin, wanted, name)


def drop(client: DockerClient, database: Database, dbname: str) -> None:
    """Remove a database that is not the live one, with the connections to it; nothing where there is none."""
    if dbname in (database.name, *_OF_POSTGRESQL):
        advice = "This is an error in the caller."
        raise DatabaseError(str(database), "it is not dropped", "a database kept aside", dbname, advice)
    admin = global_objects.superuser(client, database)
    query(client, admin, _DROP, dbname=database.maintenance, target=checked(dbname))
