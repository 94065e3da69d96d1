# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Starting a database that is down, so that its data can be dumped or restored in place of being given up."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .._engine.compose import ComposeError, Project
from .client import Database, DatabaseError, query
from .programs import DatabaseDown, reaching, run_program, said

if TYPE_CHECKING:
    from docker import DockerClient

# PostgreSQL may have to recover from a crash first, which takes as long as it had written since its last checkpoint.
SECONDS_TO_START = 120.0
POLL_SECONDS = 0.2


def is_running(client: DockerClient, database: Database) -> bool:
    """Say whether the container of a database runs."""
    with reaching(f"container {database.container}"):
        found = client.containers.list(filters={"name": f"^/{database.container}$", "status": "running"})
    return bool(found)


def ensure_running(client: DockerClient, project: Project, databases: Iterable[Database], last: dict[str, str]) -> list[str]:
    """Start what is down of these databases and wait until they answer; return a note for each.

    Last names the newest backup with a proven dump by container, for the message about one that cannot be started.
    """
    notes = []
    for database in databases:
        if is_running(client, database):
            continue
        try:
            _start(client, project, database)
            wait_until_answers(client, database)
        except (DatabaseError, ComposeError) as error:
            raise _down(client, database, error, last.get(database.container, "")) from error
        notes.append(f"Database {database.name}: container {database.container} did not run. It was started, so that no data is given up.")
    return notes


def _start(client: DockerClient, project: Project, database: Database) -> None:
    with reaching(f"container {database.container}"):
        found = client.containers.list(all=True, filters={"name": f"^/{database.container}$"})
        for container in found:
            if container.status == "paused":
                container.unpause()
            else:
                container.start()
    if not found:
        project.up_container(database.container)


def wait_until_answers(client: DockerClient, database: Database) -> None:
    """Wait until the database answers, or give up where its container has ended again."""
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            _require_answer(client, database)
            return
        except DatabaseError:
            if time.monotonic() > deadline or not is_running(client, database):
                raise
        time.sleep(POLL_SECONDS)


def _require_answer(client: DockerClient, database: Database) -> None:
    """Ask over TCP first: while the image makes a new cluster, its PostgreSQL answers on the socket alone, and ends again."""
    outcome = run_program(client, database.container, ["pg_isready", "-h", "127.0.0.1", "-U", database.user, "-d", database.name])
    if outcome.code != 0:
        advice = "Look at its log."
        raise DatabaseError(str(database), "it does not accept connections", "exit code 0 of pg_isready", str(outcome), advice)
    query(client, database, "SELECT 1")


def _down(client: DockerClient, database: Database, error: Exception, last: str) -> DatabaseDown:
    name = database.container
    kept = f" Its newest dump is in backup {last}, which stays." if last else " There is no dump of it yet."
    advice = (
        f"Nothing that runs has been changed. Start it on the server with `docker start {name}`, look at `docker logs --tail 50 {name}` if "
        f"that fails, then run again.{kept}"
    )
    got = _words(client, name, error)
    return DatabaseDown(str(database), "it does not run and could not be started", "a database to dump", got, advice)


def _words(client: DockerClient, name: str, error: Exception) -> str:
    """Return the container's last words, or else the error's."""
    try:
        with reaching(f"container {name}"):
            output: bytes = client.api.logs(name, tail=5)
    except DatabaseError:
        return str(error)
    return said(output) if output.strip() else str(error)
