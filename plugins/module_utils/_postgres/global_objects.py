# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a dump of a database takes for granted in its server: the roles that own things and may do things, and the database itself.

It lies beside the dump. Passwords are in it as PostgreSQL keeps them, those that our own secrets have as well: whoever reads it has the
sealed secrets too, and nobody else could give other roles theirs again.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .._base import state
from .._base.files import write_durably
from . import properties
from .client import SESSION, Database, DatabaseError, fail, psql, query
from .programs import run_program
from .properties import Properties

if TYPE_CHECKING:
    from docker import DockerClient

SUFFIX = ".globals.json"
_MODE = 0o600
_REMEDY = "Use another backup, this one was changed."

_NAMES = "SELECT rolname FROM pg_roles"
# Whoever initialised the server, who is always there and may do everything, whoever of the two asks for all, since an app's role may do
# less, and the major version.
_MASTERS = """
SELECT b.rolname, CASE WHEN u.rolsuper THEN u.rolname ELSE b.rolname END, current_setting('server_version_num')::int / 10000
  FROM pg_roles u, pg_roles b WHERE u.rolname = current_user AND b.oid = 10"""
# Those who own something in the database or were granted something there, and those whom a policy names. No dump has who owns an extension
# and what came with it.
_NEEDED = """
SELECT DISTINCT rolname
  FROM pg_shdepend s
  JOIN pg_roles r ON s.refclassid = 'pg_authid'::regclass AND r.oid = s.refobjid
  JOIN pg_database d ON s.dbid = d.oid OR (s.classid = 'pg_database'::regclass AND s.objid = d.oid)
 WHERE datname = :'source'
   AND NOT (s.deptype = 'o' AND (s.classid = 'pg_extension'::regclass OR EXISTS (
            SELECT FROM pg_depend p WHERE s.dbid = d.oid AND p.classid = s.classid AND p.objid = s.objid AND p.deptype = 'e')))
 ORDER BY 1"""

# From 16 on only those grant as another role who may grant as that one, and the first superuser always may. Who did so is in no right.
_GRANTED_BY = re.compile(r'^(GRANT .*) GRANTED BY (?:"(?:[^"]|"")*"|[^\s;"]+);$', re.DOTALL)
_GRANTS_AS_GRANTED = 16

# Between statements pg_dumpall writes comments, and commands to psql itself, which minor versions before them do not know.
_SCRIPT = re.compile(r"""\s+|--[^\n]*|\\[^\n]*|(?P<statement>(?:[^;'"]|'[^']*'|"[^"]*")+;)""")
# Times as they are the same in a server whose own zone and style are others.
_PLAIN_TIMES = {"PGTZ": "UTC", "PGDATESTYLE": "ISO"}

# Whoever reads PostgreSQL's log shall not even try passwords against what it keeps of them.
UNLOGGED = """
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
"""


@dataclass(frozen=True)
class GlobalObjects:
    """Bootstrap is the role that initialised the server, needed are those that the dump names, roles the statements that make all.

    Version is PostgreSQL's major one, 0 where it was not written down.
    """

    bootstrap: str
    needed: tuple[str, ...]
    roles: tuple[str, ...]
    database: Properties
    version: int = 0

    def require(self, where: str, found: GlobalObjects) -> None:
        """Refuse a restored server whose roles, or what its database is, are not those of the dump."""
        ours, theirs = ({*one.roles, one.database.creation, *one.database.others} for one in (self, found))
        if ours != theirs or set(self.needed) != set(found.needed):
            # The first words, since the rest may be a secret.
            words = sorted({" ".join(statement.split()[:4]) for statement in ours ^ theirs} or set(self.needed) ^ set(found.needed))
            raise DatabaseError(
                where,
                "owners, rights or settings do not come back as they were",
                f"{len(ours)} statements about roles and the database, and {len(self.needed)} roles that its objects need",
                f"differences in {', '.join(words)}",
                "Every row came back. Look what differs, and give it again after a restore.",
            )


def read(client: DockerClient, database: Database) -> GlobalObjects:
    """Return what surrounds a database now."""
    bootstrap, admin, version = _masters(client, database)
    needed = [name for (name,) in query(client, database, _NEEDED, source=database.name)]
    return GlobalObjects(bootstrap, tuple(needed), tuple(_roles(client, database, admin)), properties.read(client, database), version)


def save(found: GlobalObjects, directory: str, container: str) -> str:
    """Write it beside a dump, and return the name of its file."""
    content = json.dumps(state.plain(found), indent=1, sort_keys=True, ensure_ascii=False)
    write_durably(os.path.join(directory, container + SUFFIX), f"{content}\n".encode(), _MODE)
    return container + SUFFIX


def load(directory: str, file: str) -> GlobalObjects | None:
    """Return what lies beside a dump, None where it was made by a version that kept nothing of it."""
    return state.load(os.path.join(directory, file), GlobalObjects, _REMEDY) if file else None


def superuser(client: DockerClient, server: Database) -> Database:
    """Return a database as somebody sees it who may do everything in its server."""
    return replace(server, user=_masters(client, server)[1])


def _masters(client: DockerClient, server: Database) -> tuple[str, str, int]:
    ((bootstrap, admin, version),) = query(client, server, _MASTERS, dbname=server.maintenance)
    return bootstrap, admin, int(version)


def give_roles(client: DockerClient, server: Database, found: GlobalObjects) -> None:
    """Give a server that nobody uses yet the roles of another one, with their passwords, settings and memberships."""
    names = {name for (name,) in query(client, server, _NAMES, dbname=server.maintenance)}
    there = {f"CREATE ROLE {spelled};" for name in names for spelled in _spellings(name)}
    bootstrap, _admin, version = _masters(client, server)
    # Where another role has initialised this server, PostgreSQL does not let it become less than it is.
    above = tuple(f"ALTER ROLE {one} WITH " for one in _spellings(bootstrap)) if bootstrap != found.bootstrap else ()
    statements = [one for one in found.roles if one not in there and not (above and one.startswith(above))]
    if bootstrap != found.bootstrap or found.version < _GRANTS_AS_GRANTED <= version:
        statements = [_GRANTED_BY.sub(r"\1;", one) for one in statements]
    script = UNLOGGED + "\n".join(statements) + "\n"
    outcome = run_program(client, server.container, psql(server, server.maintenance), script.encode(), environment=SESSION)
    if outcome.code != 0:
        fail(server, "the roles cannot be taken along", outcome)


def ensure_needed(client: DockerClient, server: Database, found: GlobalObjects) -> list[str]:
    """Make the roles that a dump names and a server in use does not have any more, and return their names.

    Nobody may log in as one: who took it away may have meant that.
    """
    there = {name for (name,) in query(client, server, _NAMES, dbname=server.maintenance)}
    missing = [name for name in found.needed if name not in there]
    for name in missing:
        query(client, server, 'CREATE ROLE :"role" NOLOGIN', dbname=server.maintenance, role=name)
    return missing


def _roles(client: DockerClient, database: Database, admin: str) -> list[str]:
    """Return the statements that make the roles of a server, without passwords where nobody lets us read them."""
    environment = {**SESSION, **_PLAIN_TIMES}
    for user, flags in ((admin, []), (database.user, ["--no-role-passwords"])):
        argv = ["pg_dumpall", "--roles-only", *flags, "-w", "-U", user, "-l", database.maintenance]
        outcome = run_program(client, database.container, argv, environment=environment)
        if outcome.code == 0:
            return list(statements(outcome.stdout.decode()))
    raise DatabaseError(str(database), "pg_dumpall failed", "exit code 0", str(outcome), "Look at PostgreSQL's log.")


def statements(script: str) -> Iterator[str]:
    """Yield the statements of a script of pg_dumpall, each of which may have several lines."""
    for found in _SCRIPT.finditer(script):
        if statement := found.group("statement"):
            yield statement


def _spellings(name: str) -> tuple[str, str]:
    """Return a name as pg_dumpall may write it."""
    return name, '"' + name.replace('"', '""') + '"'
