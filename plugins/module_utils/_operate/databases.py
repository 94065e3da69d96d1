# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Putting another database in the place of a live one: a dump of it, or an empty one that the app fills. And a dump beside it.

Into the live one it is the transaction of a rollback with databases, about one app and without another release: the app is stopped, the
databases are exchanged by name, the gate proves the app, and what was live before is dropped only where the safety dump holds all of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .._backup import databases as backup_databases
from .._backup import listing, seal
from .._backup.databases import as_database
from .._backup.integrity import Dumps
from .._backup.listing import Found
from .._backup.manifest import DUMPS, Manifest
from .._base import secret_store
from .._engine.client import connect
from .._engine.containers import OWNER_LABEL, containers_of
from .._postgres import client as postgres_client
from .._postgres import exchange, proof
from .._postgres import restore as postgres_restore
from .._postgres.client import Database
from .._postgres.dump import Dump
from .._postgres.start import ensure_running
from .._release import stopped
from .._release.description import App, Release
from .._run import lease as run_lease
from .._switch.databases import Exchange, Replacement, advice, roles_made, shortage
from .._switch.options import Invocation
from .._switch.transaction import SwitchRequest
from .._tree.plan import LiveTree
from . import standing, time_travel, waiting
from .options import Options
from .standing import OperationError

if TYPE_CHECKING:
    from docker import DockerClient

UNCHANGED = "Nothing has been changed."


def named(release: Release, typed: str) -> list[tuple[App, Database]]:
    """Return the databases of a release that a name stands for, that of a database or of its container; all of them for none."""
    known = [
        (app, database)
        for app in release.apps
        for database in backup_databases.databases_of(Release(apps=(app,)))[app.name]
        if typed.lower() in ("", database.name.lower(), database.container.lower())
    ]
    if not known:
        names = ", ".join(one.name for app in release.apps for one in app.databases) or "none: no app has a database"
        raise OperationError(f"database: expected one of {names}, got {typed or 'none'}. {UNCHANGED}")
    return known


def one_named(release: Release, typed: str) -> tuple[App, Database]:
    """Return the one database that a name stands for."""
    found = named(release, typed)
    if len(found) > 1:
        names = ", ".join(one.name for _app, one in found)
        raise OperationError(f"database: expected one of {names}, got {typed or 'none'}. {UNCHANGED} Say which by -e database=NAME.")
    return found[0]


def backup_with_dump(root: str, identifier: str, database: Database, safety: str = "") -> tuple[Found, Manifest, Dump]:
    """Return a backup whose dump of a database is as it was sealed: the one that is named, or the newest there is.

    Safety is the backup that this run sealed. It has the rows that are to go, so that it is nothing to go back to unless it is named.
    """
    candidates = [
        one
        for one in listing.find_all(root)
        if one.manifest and one.id != safety and (one.manifest.databases.get(database.container) or {}).get("dump")
    ]
    if identifier:
        chosen = listing.get(root, identifier)
        if chosen.manifest is not None and not (chosen.manifest.databases.get(database.container) or {}).get("dump"):
            raise OperationError(f"from: expected a backup with a dump of {database.name}, got {identifier}, which has none. {_LIST}")
    elif candidates:
        chosen = candidates[-1]
    else:
        raise OperationError(f"{root}: expected a backup with a dump of {database.name}, got none. {_LIST}")
    manifest, _mark = listing.check(chosen, Dumps.CONTENTS, "")
    return chosen, manifest, Dump.from_dict(manifest.databases[database.container]["dump"])


_LIST = f"{UNCHANGED} To see which dumps there are: ansible-playbook database.yml"


def replace(
    options: Options, invocation: Invocation, typed: str, source: str, empty: bool, keep: bool, restore_time: str = ""
) -> dict[str, Any]:
    """Put a dump, what it was at a moment, or an empty database in the place of a live one, and prove that its app serves with it.

    One that is kept may be damaged: it is renamed, and nothing else is asked of it.
    """
    release = standing.release_of(options.path)
    standing.refuse_cut_off(options.path)
    app, database = one_named(release, typed)
    waiting.refuse(waiting.edits(options.path, proxy=True), app.containers)
    manifest: Manifest | None = None
    directory, dump = "", None
    travel = time_travel.plan(database, restore_time) if restore_time else None
    if travel is None and not empty:
        found, manifest, dump = backup_with_dump(options.path, source, database, options.backup)
        directory, source = found.directory, found.id
    result: dict[str, Any] = {"app": app.name, "database": database.name, "container": database.container, "source": source}
    if dump:
        result["rows"] = sum(dump.tables.values())
    if travel:
        result["moment"] = travel.shown
    client = connect()
    if dump:
        _require_room(client, {database: dump})
    if invocation.check_mode:
        return {"changed": True, **result}
    run_lease.begin_step(options.place, options.run.token, "exchanging a database", process=True)
    if travel:
        with time_travel.dumped(client, travel, {OWNER_LABEL: options.project}) as found_then:
            then = time_travel.OfMoment(client, options.run.token, database, *found_then, {OWNER_LABEL: options.project}, keep)
            return _exchange(options, invocation, client, release, app, database, then, result, empty=False, keep=keep)
    incoming: Replacement = Replacement(client, options.run.token, [database], keep)
    if manifest is not None:
        incoming = Exchange(client, directory, manifest, options.run.token, [database.container], keep)
    return _exchange(options, invocation, client, release, app, database, incoming, result, empty=empty, keep=keep)


def _exchange(
    options: Options,
    invocation: Invocation,
    client: DockerClient,
    release: Release,
    app: App,
    database: Database,
    incoming: Replacement,
    result: dict[str, Any],
    *,
    empty: bool,
    keep: bool,
) -> dict[str, Any]:
    """Exchange a live database for one that comes in, as one transaction that the gate proves."""
    server = standing.server_for(options, client, invocation.run_command, release, app, secret_store.load(options.secrets_file))
    asked = dataclasses.replace(database, name=database.maintenance) if keep else database
    notes = standing.prepare(server) + ensure_running(client, server.compose, [asked], {})
    target, plan = standing.target_for(release, app, LiveTree(options.path), {}, {})
    prove = require_schema(client, database) if empty else lambda: None
    request = SwitchRequest(target, options.run.to_dict(), options.backup, standing.validate(server), exchange=incoming, prove=prove)
    purposely = stopped.read(options.path, containers_of(client, options.project))
    done, live, told = standing.carry_through(options, server, request, plan)
    stopped.forget(options.path, app.containers)
    notes += [
        f"{name} was {purposely[name]}, and runs again: {app.title} is proven to serve." for name in app.containers if name in purposely
    ]
    back = (
        f"What was in it before is in backup {options.backup}. To have it back: ansible-playbook database.yml -e operation=restore "
        f"-e database={database.name} -e from={options.backup} -e confirm={database.name}"
    )
    told = told if keep else [back, *told]
    changed = {"started": done.started, "release": live, "seconds": done.seconds, "notes": [*notes, *told, *incoming.notes()]}
    return {"changed": True, **result, **changed, "schema": postgres_client.schema_id(client, database), "rows": rows(client, database)}


def require_schema(client: DockerClient, database: Database) -> Callable[[], None]:
    """Return what requires that the app has made its schema in an empty database."""

    def check() -> None:
        if not postgres_client.counts(postgres_client.query(client, database, postgres_client.COUNT_QUERY)):
            raise OperationError(
                f"{database}: expected the app to make its tables in the empty database when it starts, got none. Its schema has "
                "to be made by other means, so that this database cannot be made anew by this command."
            )

    return check


def rows(client: DockerClient, database: Database) -> int:
    """Return the number of rows in all tables of a database."""
    return sum(postgres_client.counts(postgres_client.query(client, database, postgres_client.COUNT_QUERY)).values())


def restore_beside(options: Options, invocation: Invocation, typed: str, source: str, restore_time: str = "") -> dict[str, Any]:
    """Restore a dump, or what it was at a moment, beside the live database, which goes on serving."""
    release = standing.release_of(options.path)
    app, database = one_named(release, typed)
    if restore_time:
        return _moment_beside(options, invocation, app, database, restore_time)
    found, manifest, dump = backup_with_dump(options.path, source, database)
    name = postgres_client.checked(f"{database.name}_from_{found.id}")
    result = {
        "app": app.name,
        "database": database.name,
        "container": database.container,
        "source": found.id,
        "rows": sum(dump.tables.values()),
    }
    client = connect()
    _require_free(client, database, name)
    _require_room(client, {database: dump})
    notes = _how_to_look(database, name)
    if not invocation.check_mode:
        run_lease.begin_step(options.place, options.run.token, "restoring a dump beside a database", process=True)
        labels = {OWNER_LABEL: manifest.project}
        made = postgres_restore.restore_beside(client, database, dump, _dumps(found), labels, name)
        notes += roles_made(database, made)
    return {"changed": True, **result, "beside": name, "notes": notes}


def _moment_beside(options: Options, invocation: Invocation, app: App, database: Database, restore_time: str) -> dict[str, Any]:
    travel = time_travel.plan(database, restore_time)
    result: dict[str, Any] = {"app": app.name, "database": database.name, "container": database.container, "source": ""}
    result |= {"moment": travel.shown, "beside": travel.name, "rows": 0, "tables": []}
    client = connect()
    _require_free(client, database, travel.name)
    if invocation.check_mode:
        return {"changed": True, **result, "notes": []}
    run_lease.begin_step(options.place, options.run.token, "restoring a moment beside a database", process=True)
    dump, tables = time_travel.restore_beside(client, travel, {OWNER_LABEL: options.project})
    exchanged = (
        f"To put it in the place of the live one, all rows written since {travel.shown} go: ansible-playbook database.yml "
        f"-e operation=restore -e database={database.name} -e restore_time={travel.shown.replace(' ', 'T')} -e confirm={database.name}"
    )
    notes = [*_how_to_look(database, travel.name), exchanged]
    return {"changed": True, **result, "rows": sum(dump.tables.values()), "tables": tables, "notes": notes}


def _require_free(client: DockerClient, database: Database, name: str) -> None:
    if name in exchange.numbers(client, database).values():
        raise OperationError(f"{database}: expected no database {name} beside it, got one. {UNCHANGED} {advice(database, name)}")


def _require_room(client: DockerClient, dumped: Mapping[Database, Dump]) -> None:
    if short := shortage(client, dumped):
        raise OperationError(f"{short}. {UNCHANGED} {seal.FREE_SPACE}")


def _how_to_look(database: Database, name: str) -> list[str]:
    how = f"docker exec -it {database.container} psql -U {database.user} -d {name}"
    return [f"To look at it, on the server: {how}", advice(database, name)]


def drill(options: Options, invocation: Invocation, typed: str, source: str) -> dict[str, Any]:
    """Restore the newest dumps into an empty PostgreSQL each, and compare every table with what was dumped."""
    release = standing.release_of(options.path)
    wanted = [(app, database, *backup_with_dump(options.path, source, database)) for app, database in named(release, typed)]
    client = connect()
    for _app, database, _found, _manifest, dump in wanted:  # Each is gone before the next is restored.
        _require_room(client, {database: dump})
    if not invocation.check_mode:
        run_lease.begin_step(options.place, options.run.token, "restoring dumps to prove them", process=True)
    proofs = []
    for app, database, found, manifest, dump in wanted:
        entry = manifest.databases[database.container]
        seconds = 0.0
        if not invocation.check_mode:
            labels = {OWNER_LABEL: manifest.project}
            seconds = proof.prove(client, as_database(database.container, entry), dump, _dumps(found), labels)
        facts = {"app": app.name, "database": database.name, "container": database.container, "source": found.id}
        proofs.append({**facts, "rows": sum(dump.tables.values()), "tables": len(dump.tables), "size": dump.size, "seconds": seconds})
    return {"changed": False, "proofs": proofs}


def _dumps(found: Found) -> str:
    return f"{found.directory}/{DUMPS}"
