# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Restores a dump into a new database beside the live one, with its settings and rights; drops what is not live."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from .client import COUNT_QUERY, Database, DatabaseError, checked, counts, query
from .dump import Dump
from .helper import beside, pg_restore
from .proof import creation

if TYPE_CHECKING:
    from docker import DockerClient

_OF_POSTGRESQL = ("postgres", "template0", "template1")

# Settings and rights belong to the database itself and are in no dump of it. The listed settings are stored as lists
# of quoted names, which a further quote would make one name.
_PROPERTIES = """
SELECT 1, CASE setrole WHEN 0 THEN format('ALTER DATABASE %I', :'target')
          ELSE format('ALTER ROLE %I IN DATABASE %I', pg_get_userbyid(setrole), :'target') END
       || format(' SET %I TO ', split_part(item, '=', 1))
       || CASE WHEN lower(split_part(item, '=', 1)) IN ('search_path', 'temp_tablespaces', 'local_preload_libraries',
                                                        'session_preload_libraries')
          THEN substr(item, strpos(item, '=') + 1) ELSE quote_literal(substr(item, strpos(item, '=') + 1)) END
  FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(setconfig) item
 WHERE datname = :'source'
UNION ALL
SELECT 2, format('REVOKE ALL ON DATABASE %I FROM PUBLIC', :'target')
  FROM pg_database WHERE datname = :'source' AND datacl IS NOT NULL
UNION ALL
SELECT 3, format('GRANT %s ON DATABASE %I TO %s', privilege_type, :'target',
                 CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
       || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
  FROM pg_database, aclexplode(datacl) WHERE datname = :'source'
 ORDER BY 1"""


def databases(client: DockerClient, database: Database) -> dict[str, bool]:
    """Return the databases beside this one, itself included, with whether each of them accepts connections."""
    answer = query(client, database, "SELECT datname, datallowconn FROM pg_database", dbname=database.maintenance)
    return {name: accepts == "t" for name, accepts in answer}


def restore_beside(client: DockerClient, database: Database, dump: Dump, directory: str, labels: Mapping[str, str], incoming: str) -> None:
    """Restore a dump into a new database of the name incoming beside the live one, which is not touched."""
    checked(incoming)
    where = f"restore of the dump {dump.file} beside {database}"
    drop(client, database, incoming)
    try:
        query(client, database, creation(client, database, incoming), dbname=database.maintenance)
        path = os.path.join(directory, dump.file)
        with beside(client, database, "restore", path, labels, writable=False) as helper:
            pg_restore(client, where, helper, database.user, incoming, dump.format)
        dump.require(where, counts(query(client, database, COUNT_QUERY, dbname=incoming)))
        for _order, statement in query(client, database, _PROPERTIES, target=incoming, source=database.name):
            query(client, database, statement, dbname=database.maintenance)
        # Without it the first queries would be planned as if all tables were empty.
        query(client, database, "ANALYZE", dbname=incoming)
    except BaseException:
        with suppress(DatabaseError):
            drop(client, database, incoming)
        raise


def drop(client: DockerClient, database: Database, dbname: str) -> None:
    """Remove a database that is not the live one, with the connections to it; nothing where there is none."""
    if dbname in (database.name, *_OF_POSTGRESQL):
        advice = "This is an error in the caller."
        raise DatabaseError(str(database), "it is not dropped", "a database kept aside", dbname, advice)
    statement = 'DROP DATABASE IF EXISTS :"target" WITH (FORCE)'
    query(client, database, statement, dbname=database.maintenance, target=checked(dbname))
