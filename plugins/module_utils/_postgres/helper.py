# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Containers that live as long as one dump or restore: one beside a database, one with an empty PostgreSQL."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .client import UNLIMITED, Database, DatabaseError, conninfo
from .programs import reaching, run_program, said

try:
    import docker.errors
    from docker.types import LogConfig, Mount
except ImportError:  # See _base.libraries.
    pass

if TYPE_CHECKING:
    from docker import DockerClient

PREFIX = "rarebooks-scratch-"
# The label that gives them another beginning: two that are at work at once take no container of each other's.
PREFIX_LABEL = "rarebooks.platform.scratch"
MOUNT = "/dump"
MAX_JOBS = 4

# What a killed run leaves behind ends by itself, where no later run comes to remove it.
_SECONDS_TO_LIVE = "86400"
_SECONDS_TO_START = 120.0
_POLL_SECONDS = 0.1

# Nothing in the scratch server has to survive it, and its user is the only one.
_CARELESS = ["fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off", "max_wal_size=4GB"]

# It is emptied should it end before all is in it, and it is stopped in order once it is: so much has to be done for that alone.
_UNTIL_STOPPED = ["full_page_writes=off", "synchronous_commit=off", "autovacuum=off", "max_wal_size=4GB"]
_SECONDS_TO_STOP = 300
# Of the container with the new version of a database, in its name.
PURPOSE = "upgrade"


def beside(
    client: DockerClient, database: Database, purpose: str, path: str, labels: Mapping[str, str], *, writable: bool
) -> AbstractContextManager[str]:
    """Run an idle container that reaches the database over TCP and sees path; the context is its name."""
    inspected = _inspect(client, database.container)
    settings = {
        "entrypoint": ["sleep"],
        "command": [_SECONDS_TO_LIVE],
        "user": "0:0",
        "network_mode": f"container:{inspected['Id']}",
        "environment": access_of(inspected),
        "mounts": [_mount(path, writable)],
    }
    return _scratch(client, scratch_name(purpose, database, labels), inspected["Image"], labels, settings)


def first_user(client: DockerClient, container: str) -> str:
    """Return the user that initialises a container's PostgreSQL, and may do everything there; nothing where a file says who that is."""
    environment = _environment(_inspect(client, container))
    return environment.get("POSTGRES_USER") or ("" if "POSTGRES_USER_FILE" in environment else "postgres")


def access_of(inspected: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment by which a program in a database's network logs in there."""
    environment = _environment(inspected)
    # Here and not in an argument, which every user of the server can read in the list of processes.
    access = {"PGHOST": "127.0.0.1", "PGPORT": environment.get("PGPORT", "5432")}
    if "POSTGRES_PASSWORD" in environment:
        access["PGPASSWORD"] = environment["POSTGRES_PASSWORD"]
    return access


@contextmanager
def server(client: DockerClient, database: Database, path: str, labels: Mapping[str, str], image: str = "") -> Iterator[Database]:
    """Run an empty PostgreSQL that sees path, and yield how to reach it. The image is its container's, if none is given."""
    settings = {
        "command": ["postgres", *(word for option in _CARELESS for word in ("-c", option))],
        "network_mode": "none",
        "environment": {"POSTGRES_USER": database.user, "POSTGRES_PASSWORD": secrets.token_urlsafe(24)},
        "mounts": [_mount(path, False)],
    }
    image = image or _inspect(client, database.container)["Image"]
    with ExitStack() as stack:
        name = stack.enter_context(_scratch(client, scratch_name("proof", database, labels), image, labels, settings))
        wait_until_ready(client, name, database.user)
        yield replace(database, container=name)


def pg_restore(client: DockerClient, where: str, container: str, user: str, dbname: str, form: str, flags: Sequence[str] = ()) -> None:
    """Load the dump that a container sees into an empty database, and stop at the first error."""
    # Only a dump in the directory format was large enough to be made in parallel.
    jobs = min(MAX_JOBS, os.cpu_count() or 1) if form == "directory" else 1
    options = [f"--format={form}", f"--jobs={jobs}", "--exit-on-error", *flags]
    command = ["pg_restore", *options, "-w", "-U", user, "-d", conninfo(dbname), MOUNT]
    # As root, who alone may read the dump, also where somebody has the container run as another user.
    outcome = run_program(client, container, command, environment=UNLIMITED, user="0")
    if outcome.code != 0:
        advice = (
            "Where the disk is full, free space below /var/lib/docker; where a role is missing, create it; "
            "otherwise do not rely on this dump."
        )
        raise DatabaseError(where, "pg_restore failed", "exit code 0", str(outcome), advice)


@contextmanager
def server_on(
    client: DockerClient,
    database: Database,
    image: str,
    volume: tuple[str, str],
    environment: Mapping[str, str],
    path: str,
    labels: Mapping[str, str],
) -> Iterator[Database]:
    """Run a PostgreSQL of an image that initialises an empty volume, mounted where the second of the pair says, and sees path.

    It is stopped in order at the end, so that what lies in the volume is whole, and belongs to the next container.
    """
    name, target = volume
    settings = {
        "command": ["postgres", *(word for option in _UNTIL_STOPPED for word in ("-c", option))],
        "network_mode": "none",
        "environment": dict(environment),
        "mounts": [_mount(path, False), Mount(target, name, type="volume")],
    }
    with ExitStack() as stack:
        container = stack.enter_context(_scratch(client, scratch_name(PURPOSE, database, labels), image, labels, settings))
        wait_until_ready(client, container, database.user)
        yield replace(database, container=container)
        with reaching(f"container {container}"):
            client.containers.get(container).stop(timeout=_SECONDS_TO_STOP)
        code = _inspect(client, container)["State"]["ExitCode"]
        if code != 0:
            expected = "exit code 0"
            raise DatabaseError(f"container {container}", "PostgreSQL did not stop in order", expected, f"exit code {code}", _ADVICE)


def restart(client: DockerClient, database: Database) -> None:
    """Stop the server of a scratch container in order and start it again, with the settings that need that."""
    with reaching(f"container {database.container}"):
        client.containers.get(database.container).restart(timeout=_SECONDS_TO_STOP)
    wait_until_ready(client, database.container, database.user)


@contextmanager
def _scratch(client: DockerClient, name: str, image: str, labels: Mapping[str, str], settings: dict[str, Any]) -> Iterator[str]:
    remove(client, name)
    try:
        with reaching(f"container {name}"):
            # The log must be readable whatever the engine does with those of other containers.
            log = LogConfig(type=LogConfig.types.JSON)
            client.containers.create(image, name=name, labels=dict(labels), log_config=log, **settings).start()
        yield name
    except BaseException:
        # The first error is the one to be told; what is left is removed by the next run.
        with suppress(DatabaseError):
            remove(client, name)
        raise
    remove(client, name)


def scratch_name(purpose: str, database: Database, labels: Mapping[str, str]) -> str:
    """Return the name of the container that serves a purpose for a database."""
    return f"{labels.get(PREFIX_LABEL, PREFIX)}{purpose}-{database.container}"


def remove(client: DockerClient, name: str) -> None:
    """Remove a scratch container with its volumes, whatever it does; nothing where there is none."""
    with reaching(f"container {name}"), suppress(docker.errors.NotFound):
        client.containers.get(name).remove(v=True, force=True)


def _mount(path: str, writable: bool) -> Any:
    # Unlike a volume this fails where path is missing, and takes any character in it.
    return Mount(MOUNT, os.path.abspath(path), type="bind", read_only=not writable)


def _inspect(client: DockerClient, container: str) -> dict[str, Any]:
    with reaching(f"container {container}"):
        inspected: dict[str, Any] = client.api.inspect_container(container)
    return inspected


def _environment(inspected: Mapping[str, Any]) -> dict[str, str]:
    pairs = (item.partition("=") for item in inspected["Config"]["Env"] or [])
    return {name: value for name, _equals, value in pairs}


def wait_until_ready(client: DockerClient, name: str, user: str) -> None:
    """Wait until the PostgreSQL in a container accepts connections."""
    deadline = time.monotonic() + _SECONDS_TO_START
    last = "nothing"
    while True:
        state = _inspect(client, name)["State"]
        if state["Status"] != "running":
            expected = "one that starts"
            got = f"exit code {state['ExitCode']}: {said(_logs(client, name))}"
            raise DatabaseError(f"container {name}", "the scratch PostgreSQL ended", expected, got, _ADVICE)
        # Over TCP, which the image does not open before the database is complete.
        with suppress(DatabaseError):
            outcome = run_program(client, name, ["pg_isready", "-h", "127.0.0.1", "-U", user])
            if outcome.code == 0:
                return
            last = f"{outcome}; {said(outcome.stdout)}"
        if time.monotonic() > deadline:
            expected = f"one that accepts connections within {_SECONDS_TO_START:.0f} s"
            raise DatabaseError(f"container {name}", "the scratch PostgreSQL does not start", expected, last, _ADVICE)
        time.sleep(_POLL_SECONDS)


_ADVICE = "Look whether the server has memory and disk left ('free -m', 'df -h'), and run it again."


def _logs(client: DockerClient, name: str) -> bytes:
    with reaching(f"container {name}"):
        output: bytes = client.api.logs(name, tail=20)
    return output
