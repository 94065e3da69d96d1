# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether each database can be opened as its app opens it, and still has its tables and rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from .._backup import listing
from .._base.command import run_command
from .._base.errors import describe
from .._base.sentence import Sentence, say
from .._postgres import client, login
from .._release.description import App, Database
from .._tree.dotenv import unquote_in_pair
from . import collations
from .containers import again, start
from .finding import Finding, failed, passed, warning
from .observed import Observed

# Counting stops here: a table of a hundred million rows must not make a verification slow.
BOUND = 10000
COUNT = re.sub(
    r"count\(\*\) AS n FROM ONLY %I\.%I", f"count(*) AS n FROM (SELECT FROM ONLY %I.%I LIMIT {BOUND}) AS part", client.COUNT_QUERY
)
HOSTS, USERS = ("host", "server", "data source"), ("username", "user id", "userid", "user")
# Of a connection string; in quotes a value may have the character that ends it.
PAIR = re.compile(r"""([^=;]+)=\s*("(?:[^"]|"")*"|'[^']*'|[^;]*)""")
LIST = "ansible-playbook backups.yml"


@dataclass(frozen=True)
class Sealed:
    """What the newest backup with a dump of a database says of it."""

    backup: str = ""
    schema: str = ""
    tables: dict[str, int] = field(default_factory=dict)


def check(server: Observed) -> Iterator[Finding]:
    """Yield what each database says; one that cannot be asked hides no other."""
    sealed = newest_sealed(server)

    def looked(one: tuple[App, Database]) -> list[Finding]:
        app, database = one
        found: list[Finding] = []
        try:
            found.extend(look(server, app, database, sealed.get(database.container, Sealed())))
        except Exception as error:  # Such as tables that cannot be counted in time, or an engine that is too busy to answer.
            text = say("could not be looked at: {error}", error=describe(error))
            found.append(failed("databases", database.name, text, f"docker logs --tail 50 {database.container}"))
        return found

    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(looked, server.databases):
            yield from found


def look(server: Observed, app: App, database: Database, sealed: Sealed) -> Iterator[Finding]:
    """Yield whether one database opens, and what is in it."""
    name, state = database.name, server.state(database.container)
    if state is None or state.status != "running":
        text = say("cannot be asked: its container {container} does not run", container=database.container)
        if state is not None and database.container in server.on_purpose:
            yield warning("databases", name, text, again(server, database.container))
            return
        yield failed("databases", name, text, say("Have it run again: {command}", command=start(server, database.container)))
        return
    container = login.find(run_command, database.container)
    user, password = credentials(server, app, database)
    complaint = login.complaint(run_command, container, user, name, password) if container else ""
    if complaint:
        text = say("expected the app's login over the network to succeed, got: {error}", error=complaint)
        yield failed("databases", name, text, f"docker logs --tail 50 {database.container}")
        return
    asked = client.Database.from_dict(
        {"container": database.container, "name": name, "user": database.user, "schema_query": database.schema_query}
    )
    schema = client.schema_id(server.client, asked)
    counted = client.counts(client.query(server.client, asked, f"SET statement_timeout = '{server.settings.timeout}s';\n{COUNT}"))
    yield contents(name, schema, counted, sealed, bool(database.schema_query))
    yield from collations.check(server, app, asked)


def contents(name: str, schema: str, counted: dict[str, int], sealed: Sealed, versioned: bool) -> Finding:
    """Say whether the tables are there, and the rows that the newest dump had.

    Versioned is whether the app says how its schema is asked for: of any other there may be tables alone.
    """
    step = say("See what can be gone back to: {command}", command=LIST)
    if not schema and (versioned or sealed.schema or not counted):
        return failed("databases", name, say("expected a schema that its app has made, got none"), step)
    # A migration may have dropped and renamed some since the dump.
    lost = sorted(sealed.tables.keys() - counted.keys()) if sealed.schema == schema else []
    if lost:
        text = say("expected the tables of backup {backup}, got none called {tables}", backup=sealed.backup, tables=", ".join(lost))
        return failed("databases", name, text, step)
    rows, before = sum(counted.values()), sum(sealed.tables.values())
    if before and not rows:
        text = say("expected rows, {rows} of them in backup {backup}, got none", rows=before, backup=sealed.backup)
        return failed("databases", name, text, step)
    return passed("databases", name, held(counted, rows))


def held(counted: dict[str, int], rows: int) -> Sentence:
    if max(counted.values(), default=0) >= BOUND:
        return say("opens for its app: {tables} tables, more than {rows} rows", tables=len(counted), rows=rows)
    return say("opens for its app: {tables} tables, {rows} rows", tables=len(counted), rows=rows)


def credentials(server: Observed, app: App, database: Database) -> tuple[str, str]:
    """Return user and password as an app's container has them; where none has, those that the database was made with."""
    names = {database.container, server.service(database.container)}
    for container in app.containers:
        for value in server.environment(container).values():
            pairs = {key.strip().lower(): unquote_in_pair(one.strip()) for key, one in PAIR.findall(value)}
            host = next((pairs[key] for key in HOSTS if key in pairs), "")
            if host in names and pairs.get("database") == database.name and "password" in pairs:
                user = next((pairs[key] for key in USERS if key in pairs), database.user)
                return user, pairs["password"]
    return database.user, server.environment(database.container).get("POSTGRES_PASSWORD", "")


def newest_sealed(server: Observed) -> dict[str, Sealed]:
    """Return what the newest backup with a dump of each database says of it, by container."""
    found: dict[str, Sealed] = {}
    for one in listing.find_all(server.settings.path):
        for container, entry in (one.manifest.databases if one.manifest else {}).items():
            if entry.get("dump"):
                tables = entry["dump"].get("tables") or {}
                found[container] = Sealed(one.id, str(entry["schema"]), {table: int(rows) for table, rows in tables.items()})
    return found
