# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks a PostgreSQL that runs in a container, through its own psql and the socket inside the container."""

from __future__ import annotations

import csv
import io
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from .counts import COUNT_QUERY
from .programs import CompletedProgram, DatabaseError, run_program, started

if TYPE_CHECKING:
    from docker import DockerClient

# Also what the callers catch, though it comes from below.
__all__ = [
    "COUNT_QUERY",
    "DEFAULT_SCHEMA_QUERY",
    "Database",
    "DatabaseError",
    "checked",
    "conninfo",
    "counts",
    "fail",
    "query",
    "schema_id",
    "size",
    "snapshot",
]

DEFAULT_SCHEMA_QUERY = 'SELECT "MigrationId" FROM "__EFMigrationsHistory" ORDER BY "MigrationId" DESC LIMIT 1'

_SNAPSHOT = f"""
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT pg_export_snapshot();
{COUNT_QUERY};
SELECT :'end';
"""

# PostgreSQL cuts longer names off, and the rest may be the name of another database.
MAX_NAME = 63

UNDEFINED_TABLE = "42P01"
# Two spaces, and only before it: the word before is in the language of the server.
_SQLSTATE = re.compile(r":  ([0-9A-Z]{5}): ")

# A role or a database can have limits of its own, which must not end a session that holds a snapshot. A lock that a
# stuck migration holds must end it. pg_dump and pg_restore lift limits themselves, but only after their first statement.
UNLIMITED = {"PGOPTIONS": "-c idle_in_transaction_session_timeout=0 -c statement_timeout=0 -c lock_timeout=60s"}
# PGHOST of the container is for its clients, ours is the socket.
SESSION = {"PGHOST": "", "PGCLIENTENCODING": "UTF8", "PGAPPNAME": "rarebooks", **UNLIMITED}


@dataclass(frozen=True)
class Database:
    """A database of a PostgreSQL in a container, and the query that tells the version of its schema."""

    container: str
    name: str
    user: str
    schema_query: str = DEFAULT_SCHEMA_QUERY

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Database:
        """Return the database that a module's parameter or a manifest describes."""
        schema_query = data.get("schema_query") or DEFAULT_SCHEMA_QUERY
        return cls(str(data["container"]), str(data["name"]), str(data["user"]), str(schema_query))

    def __str__(self) -> str:
        return f"database {self.name} in container {self.container}"

    @property
    def maintenance(self) -> str:
        """Return the database to be connected to while this one is created, renamed or dropped."""
        return "template1" if self.name == "postgres" else "postgres"


def checked(name: str) -> str:
    """Return a name for a database, unless PostgreSQL would cut it off."""
    if not name or "\0" in name or len(name.encode()) > MAX_NAME:
        expected = f"a name of 1 to {MAX_NAME} bytes"
        raise DatabaseError("SQL", "this cannot be the name of a database", expected, ascii(name), "Shorten the name.")
    return name


def conninfo(dbname: str) -> str:
    """Return what psql and its kin take for this name alone, and never for further parameters of a connection."""
    return "dbname='" + dbname.replace("\\", "\\\\").replace("'", "\\'") + "'"


def psql(database: Database, dbname: str | None = None, variables: Mapping[str, str] | None = None) -> list[str]:
    """Return the command that reads SQL from its input and writes the rows as CSV, which any value survives."""
    settings = {"ON_ERROR_STOP": "1", "VERBOSITY": "verbose", **(variables or {})}
    assignments = [word for name, value in settings.items() for word in ("-v", f"{name}={value}")]
    connection = ["-w", "-U", database.user, "-d", conninfo(dbname or database.name)]
    return ["psql", "-X", "-q", "--csv", "-t", *assignments, *connection]


def rows(output: bytes) -> list[list[str]]:
    """Return the rows of psql's output; NULL is an empty text."""
    # A row of one empty field is an empty line, which the reader takes for no fields at all.
    return [row or [""] for row in csv.reader(io.StringIO(output.decode("utf-8", "replace"), newline=""))]


def query(client: DockerClient, database: Database, sql: str, *, dbname: str | None = None, **variables: str) -> list[list[str]]:
    """Run statements, each in a transaction of its own unless they say otherwise, and return their rows.

    psql puts the variables into the SQL: :'name' as a text and :"name" as a name, quoted either way.
    """
    command = psql(database, dbname, variables)
    outcome = run_program(client, database.container, command, f"{sql}\n;\n".encode(), environment=SESSION)
    if outcome.code != 0:
        fail(database, "psql failed" if dbname is None else f"psql failed in the database {dbname}", outcome)
    return rows(outcome.stdout)


def fail(database: Database, what: str, outcome: CompletedProgram) -> NoReturn:
    """Tell how a program of PostgreSQL failed."""
    state = _SQLSTATE.search(outcome.stderr.decode("utf-8", "replace"))
    advice = f"Look at PostgreSQL's log (docker logs --tail 50 {database.container}) and at the free disk space (df -h)."
    raise DatabaseError(str(database), what, "exit code 0", str(outcome), advice, state.group(1) if state else "")


@contextmanager
def snapshot(client: DockerClient, database: Database) -> Iterator[tuple[str, dict[str, int]]]:
    """Hold a transaction open, and yield the name of its snapshot and the rows by table in it.

    Until it ends, pg_dump can dump this snapshot, and the tables that were counted cannot be dropped or emptied.
    """
    end = secrets.token_hex(16)
    output, complaints = bytearray(), bytearray()
    with started(client, database.container, psql(database, variables={"end": end}), SESSION) as session:
        session.send(b"\n" + _SNAPSHOT.encode())
        for complaint, chunk in session.frames():
            (complaints if complaint else output).extend(chunk)
            if output.endswith(f"{end}\n".encode()):
                break
        else:
            fail(database, "the rows cannot be counted", CompletedProgram(session.code(), bytes(output), bytes(complaints)))
        (name,), *answer, _end = rows(bytes(output))
        yield name, counts(answer)


def schema_id(client: DockerClient, database: Database) -> str:
    """Return the version of the schema, empty where its table does not exist yet or has no row."""
    try:
        answer = query(client, database, database.schema_query)
    except DatabaseError as error:
        if error.sqlstate == UNDEFINED_TABLE:
            return ""
        raise
    return answer[0][0] if answer else ""


def size(client: DockerClient, database: Database) -> int:
    """Return the bytes of the database on disk."""
    return int(query(client, database, "SELECT pg_database_size(current_database())")[0][0])


def counts(answer: list[list[str]]) -> dict[str, int]:
    """Return the answer to COUNT_QUERY as rows by table."""
    return {name: int(number) for name, number in answer}
