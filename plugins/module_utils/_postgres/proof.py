# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Proves a dump by restoring it: a dump that was never restored is a hope."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .client import COUNT_QUERY, Database, DatabaseError, counts, query
from .dump import Dump
from .helper import pg_restore, server

if TYPE_CHECKING:
    from docker import DockerClient

_NAME = "rarebooks_proof"

# What pg_restore cannot know from a dump of one database, and what decides about sort order and unique texts. As JSON,
# since the columns of later versions must not be named on earlier ones.
_CREATION = """
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L',
              :'target', pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype)
       || CASE to_jsonb(d) ->> 'datlocprovider'
          WHEN 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L',
                               coalesce(to_jsonb(d) ->> 'daticulocale', to_jsonb(d) ->> 'datlocale'))
          WHEN 'b' THEN format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', to_jsonb(d) ->> 'datlocale')
          ELSE '' END
  FROM pg_database d
 WHERE datname = :'source'"""

# Policies name roles whatever pg_restore is told about owners and rights.
_ROLES = "SELECT format('CREATE ROLE %I', rolname) FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> current_user"


def prove(client: DockerClient, database: Database, dump: Dump, directory: str, labels: Mapping[str, str]) -> float:
    """Restore a dump into an empty PostgreSQL of the same image, compare all tables, and return the seconds it took."""
    begun = time.monotonic()
    roles = query(client, database, _ROLES, dbname=database.maintenance)
    create = creation(client, database, _NAME)
    with server(client, database, os.path.join(directory, dump.file), labels) as scratch:
        query(client, scratch, ";\n".join([*(role for (role,) in roles), create]), dbname=scratch.maintenance)
        where = f"proof of the dump {dump.file} of {database}"
        flags = ["--no-owner", "--no-acl", "--no-tablespaces"]
        pg_restore(client, where, scratch.container, scratch.user, _NAME, dump.format, flags)
        dump.require(where, counts(query(client, scratch, COUNT_QUERY, dbname=_NAME)))
    return round(time.monotonic() - begun, 3)


def creation(client: DockerClient, database: Database, name: str) -> str:
    """Return the statement that creates an empty database like this one."""
    answer = query(client, database, _CREATION, dbname=database.maintenance, target=name, source=database.name)
    if not answer:
        advice = f"Look at the databases: docker exec {database.container} psql -U {database.user} -l"
        raise DatabaseError(str(database), "there is no such database", "one to take the properties of", "none", advice)
    return answer[0][0]
