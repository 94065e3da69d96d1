# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What belongs to a database itself and is in no dump of it: how it is created, its settings and its rights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .client import Database, DatabaseError, query

if TYPE_CHECKING:
    from docker import DockerClient

# Statements with the name that psql puts in. Encoding and locale decide about sort order and unique texts; what later versions have of
# them is read as JSON, since columns must not be named on earlier ones. The provider is named, since the cluster's may be another one. The
# listed settings are stored as lists of quoted names: each name is given as a text, since an empty one is none in quotes of names.
_STATEMENTS = """
SELECT 0, format('CREATE DATABASE :"target" OWNER %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L',
                 pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype)
       || CASE to_jsonb(d) ->> 'datlocprovider'
          WHEN 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L',
                               coalesce(to_jsonb(d) ->> 'daticulocale', to_jsonb(d) ->> 'datlocale'))
                        || coalesce(' ICU_RULES ' || quote_literal(nullif(to_jsonb(d) ->> 'daticurules', '')), '')
          WHEN 'b' THEN format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', to_jsonb(d) ->> 'datlocale')
          WHEN 'c' THEN ' LOCALE_PROVIDER libc'
          ELSE '' END
  FROM pg_database d WHERE datname = :'source'
UNION ALL
SELECT 1, CASE setrole WHEN 0 THEN 'ALTER DATABASE :"target"'
          ELSE format('ALTER ROLE %I IN DATABASE :"target"', pg_get_userbyid(setrole)) END
       || format(' SET %I TO ', split_part(item, '=', 1))
       || CASE WHEN lower(split_part(item, '=', 1)) IN ('search_path', 'temp_tablespaces', 'local_preload_libraries',
                                                        'session_preload_libraries')
          THEN coalesce((SELECT string_agg(quote_literal(coalesce(replace(one[1], '""', '"'), one[2])), ', ' ORDER BY at)
                           FROM regexp_matches(substr(item, strpos(item, '=') + 1), '"((?:[^"]|"")*)"|([^", ][^,]*)', 'g')
                                WITH ORDINALITY found(one, at)), quote_literal(''))
          ELSE quote_literal(substr(item, strpos(item, '=') + 1)) END
  FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(setconfig) item
 WHERE datname = :'source'
UNION ALL
SELECT 2, format('REVOKE ALL ON DATABASE :"target" FROM PUBLIC, %I', pg_get_userbyid(datdba))
  FROM pg_database WHERE datname = :'source' AND datacl IS NOT NULL
UNION ALL
SELECT 3, format('GRANT %s ON DATABASE :"target" TO %s', privilege_type,
                 CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
       || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
  FROM pg_database, aclexplode(datacl) WHERE datname = :'source'
UNION ALL
SELECT 4, format('ALTER DATABASE :"target" CONNECTION LIMIT %s', datconnlimit)
  FROM pg_database WHERE datname = :'source' AND datconnlimit >= 0
UNION ALL
SELECT 5, format('COMMENT ON DATABASE :"target" IS %L', shobj_description(oid, 'pg_database'))
  FROM pg_database WHERE datname = :'source' AND shobj_description(oid, 'pg_database') IS NOT NULL
 ORDER BY 1, 2"""


@dataclass(frozen=True)
class Properties:
    """Statements about a database that is called as it is then: the one that creates it, and those for what it has beside its rows."""

    creation: str
    others: tuple[str, ...] = ()


def read(client: DockerClient, database: Database) -> Properties:
    """Return what a database has. All databases share what this reads: this one may be damaged, and take no connection."""
    answer = query(client, database, _STATEMENTS, dbname=database.maintenance, source=database.name)
    if not answer:
        advice = f"Look at the databases: docker exec {database.container} psql -U {database.user} -l"
        raise DatabaseError(str(database), "there is no such database", "one to take the properties of", "none", advice)
    creation, *others = (statement for _order, statement in answer)
    return Properties(creation, tuple(others))


def create(client: DockerClient, server: Database, properties: Properties, name: str) -> None:
    """Create an empty database in a server."""
    query(client, server, properties.creation, dbname=server.maintenance, target=name)


def give(client: DockerClient, server: Database, properties: Properties, name: str) -> None:
    """Give a database in a server its settings and rights, once all is in it that they are about."""
    for statement in properties.others:
        query(client, server, statement, dbname=server.maintenance, target=name)
