# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The container that receives a database's log: of the database's own image, in its network, so that it fits and nothing is opened.

It is no part of a release, so that no rollback and no prune takes it for one.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .._base.files import make_directory, sha256
from .._engine.containers import OWNER_LABEL
from .._postgres.client import Database
from .._postgres.helper import access_of
from .._postgres.programs import reaching
from .settings import LABEL, PREFIX, SLOT, Place

if TYPE_CHECKING:
    from docker import DockerClient

try:
    import docker.errors
    from docker.types import LogConfig, Mount
except ImportError:  # See _base.libraries.
    pass

MOUNT = "/log"
RESTART: Any = {"Name": "unless-stopped"}
# What it is made of; where that is another one, it is made anew.
MADE_OF = "rarebooks.platform.continuous.made-of"


def name_of(container: str) -> str:
    """Return the name of the receiver of a database's container."""
    return f"{PREFIX}{container}"


def ensure(client: DockerClient, database: Database, place: Place, project: str) -> str:
    """Have it run, and return what was done: made, restarted or nothing."""
    name = name_of(database.container)
    with reaching(f"container {name}"):
        source = client.api.inspect_container(database.container)
        made_of = sha256("\n".join((source["Id"], source["Image"], place.log)).encode())
        there = _inspected(client, name)
        if there and there["Config"]["Labels"].get(MADE_OF) == made_of:
            # A database that was restarted has another network, in which one that is older is not.
            if there["State"]["Running"] and _sortable(there["State"]["StartedAt"]) > _sortable(source["State"]["StartedAt"]):
                return ""
            client.api.restart(name, timeout=2)
            return "restarted"
        remove(client, database.container)
        make_directory(place.log, 0o700)
        _make(client, database, place, source, {OWNER_LABEL: project, LABEL: "receiver", MADE_OF: made_of})
    return "made"


def _make(client: DockerClient, database: Database, place: Place, source: dict[str, Any], labels: dict[str, str]) -> None:
    command = ["--no-password", "--username", database.user, "--slot", SLOT, "--synchronous", "--directory", MOUNT]
    client.containers.create(
        source["Image"],
        name=name_of(database.container),
        entrypoint=["pg_receivewal"],
        command=command,
        user="0:0",
        network_mode=f"container:{source['Id']}",
        environment=access_of(source),
        mounts=[Mount(MOUNT, place.log, type="bind")],
        labels=labels,
        # The only signal at which all versions end in order.
        stop_signal="SIGINT",
        restart_policy=RESTART,
        log_config=LogConfig(type=LogConfig.types.JSON, config={"max-size": "1m", "max-file": "1"}),
    ).start()


def remove(client: DockerClient, container: str) -> None:
    """Remove the receiver of a database's container; nothing where there is none."""
    with reaching(f"container {name_of(container)}"), suppress(docker.errors.NotFound):
        client.containers.get(name_of(container)).remove(v=True, force=True)


def all_followed(client: DockerClient, project: str) -> set[str]:
    """Return the containers that have a receiver."""
    with reaching("the receivers"):
        found = client.containers.list(all=True, ignore_removed=True, filters={"label": [f"{OWNER_LABEL}={project}", f"{LABEL}=receiver"]})
    return {str(one.name).removeprefix(PREFIX) for one in found}


def _inspected(client: DockerClient, name: str) -> dict[str, Any] | None:
    try:
        inspected: dict[str, Any] = client.api.inspect_container(name)
    except docker.errors.NotFound:
        return None
    return inspected


def _sortable(moment: str) -> str:
    """Return a moment of the engine's with all of its digits; it leaves out zeros at the end."""
    seconds, _dot, fraction = moment.rstrip("Z").partition(".")
    return f"{seconds}.{fraction:0<9}"
