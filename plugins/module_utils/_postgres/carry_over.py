# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Takes a database into an empty volume with another PostgreSQL: its roles, its settings and rights, and every row of a dump."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import by_hand, global_objects, properties
from .by_hand import Setting
from .client import COUNT_QUERY, Database, DatabaseError, counts, query
from .dump import Dump
from .exchange import rows_written
from .global_objects import GlobalObjects
from .helper import PURPOSE, pg_restore, remove, restart, scratch_name, server_on
from .programs import reaching

with suppress(ImportError):  # See _base.libraries.
    import docker.errors

if TYPE_CHECKING:
    from docker import DockerClient

_OTHERS = "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname NOT IN ('postgres', :'name') ORDER BY 1"
_END_CLIENTS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = :'name' AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""
_METHOD = "POSTGRES_HOST_AUTH_METHOD"
_IN_A_FILE = "_FILE"
_POLL_SECONDS = 0.1
_SECONDS_TO_LEAVE = 10.0


@dataclass(frozen=True)
class Carried:
    """The rows that were written to the new volume when everything was in it, and what to tell."""

    written: int
    notes: list[str]


def left_behind(client: DockerClient, database: Database, to: int, environment: Mapping[str, str]) -> list[str]:
    """Say what else is in the server of a database, and what becomes of it."""
    others = [name for (name,) in query(client, database, _OTHERS, dbname=database.maintenance, name=database.name)]
    found = []
    if others:
        found.append(
            f"{database.container} also has the database {', '.join(others)}, which is not taken along: it stays in the old volume."
        )
    return found + by_hand.told(client, database, to, environment)


def end_clients(client: DockerClient, database: Database, seconds: float = _SECONDS_TO_LEAVE) -> int:
    """End all connections to a database; return how many rows had been written to it then, which those tell that end.

    Where its app is not stopped, others may come: they are ended as long as the seconds say.
    """
    deadline = time.monotonic() + seconds
    while query(client, database, _END_CLIENTS, dbname=database.maintenance, name=database.name) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return rows_written(client, database, database.name)


def new_volume(client: DockerClient, database: Database, name: str, of_volume: Mapping[str, str], labels: Mapping[str, str]) -> None:
    """Make an empty volume, in the place of one that a run that was killed has begun to fill."""
    remove_volume(client, database, name, labels)
    with reaching(f"volume {name}"):
        client.volumes.create(name, labels=dict(of_volume))


def remove_volume(client: DockerClient, database: Database, name: str, labels: Mapping[str, str]) -> None:
    """Remove a volume that was begun to be filled, and the container that fills it; nothing where there is none."""
    remove(client, scratch_name(PURPOSE, database, labels))
    with reaching(f"volume {name}"), suppress(docker.errors.NotFound):
        client.volumes.get(name).remove()


def carry_over(
    client: DockerClient,
    database: Database,
    dump: Dump,
    directory: str,
    image: str,
    volume: tuple[str, str],
    environment: Mapping[str, str],
    labels: Mapping[str, str],
) -> Carried:
    """Restore a dump into an empty volume with another image, and compare every table.

    The server of the database runs, since its roles and settings come from there.
    """
    where = f"restore of the dump {dump.file} of {database} into volume {volume[0]} with {image}"
    surroundings, made = global_objects.read(client, database), by_hand.settings(client, database)
    first = _first_start(database, environment)
    notes = _let_in_by_md5(database, surroundings, first)
    with server_on(client, database, image, volume, first, os.path.join(directory, dump.file), labels) as new:
        global_objects.give_roles(client, new, surroundings)
        if database.name == "postgres":
            query(client, new, 'DROP DATABASE :"name"', dbname=new.maintenance, name=database.name)
        properties.create(client, new, surroundings.database, new.name)
        pg_restore(client, where, new.container, new.user, new.name, dump.format)
        dump.require(where, counts(query(client, new, COUNT_QUERY)))
        properties.give(client, new, surroundings.database, new.name)
        query(client, new, "ANALYZE")
        return Carried(rows_written(client, new, new.name), notes + _configure(client, database, new, image, made))


def _configure(client: DockerClient, database: Database, new: Database, image: str, made: list[Setting]) -> list[str]:
    """Make the settings that somebody made, and require that it starts with them; return what to tell."""
    given, notes = by_hand.give(client, new, made)
    if given:
        try:
            restart(client, new)
        except DatabaseError as error:
            who = f"-U {database.user} -d {database.maintenance}"
            reset = f"docker exec {database.container} psql {who} -c 'ALTER SYSTEM RESET NAME'"
            raise DatabaseError(
                f"settings of {database.container}",
                f"{image} does not start with what was set there by hand",
                f"one that starts with {', '.join(given)} as it is now",
                str(error),
                f"Take back what keeps it: {reset}{_in_files(database, [one for one in made if one.name in given])}",
            ) from error
    return notes


def _in_files(database: Database, made: list[Setting]) -> str:
    """Say where those are taken back that stand in a file that somebody edited."""
    files = sorted({one.file for one in made if one.is_edited})
    where = [f"{', '.join(one.name for one in made if one.file == file)} in {file} of {database.container}" for file in files]
    return f"; but {' and '.join(where)}" if where else ""


def _let_in_by_md5(database: Database, surroundings: GlobalObjects, first: dict[str, str]) -> list[str]:
    """Have a new cluster let in whose password comes along as MD5, which it does not by itself from 14 on; return what to tell."""
    if first.get(_METHOD) or not any(" PASSWORD 'md5" in one for one in surroundings.roles):
        return []
    first[_METHOD] = "md5"  # Lets in by SCRAM as well.
    return [
        f"{database.container} keeps passwords as MD5, which come along. So pg_hba.conf of the new volume takes md5 where it would take "
        "scram-sha-256 alone; it takes both. Who gives these passwords again can take that back."
    ]


def _first_start(database: Database, environment: Mapping[str, str]) -> dict[str, str]:
    """Return what the image is to know when it initialises the volume; the database itself is made as it was, not as the image does."""
    # Files that the app's Compose file mounts are not there. A password that one of them has comes with its role.
    found = {name: value for name, value in environment.items() if not name.endswith(_IN_A_FILE)}
    if len(found) < len(environment):
        found.setdefault("POSTGRES_PASSWORD", secrets.token_urlsafe(24))
    return {**found, "POSTGRES_USER": database.user, "POSTGRES_DB": "postgres"}
