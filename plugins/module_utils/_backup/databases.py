# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The databases of a release: which to dump and how, and what a manifest says of them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .._engine.containers import OWNER_LABEL
from .._postgres import client as postgres_client
from .._postgres import dump, exchange, helper, proof
from .._postgres.client import DEFAULT_SCHEMA_QUERY, Database
from .._postgres.position import Position
from .._postgres.start import is_running
from .._release.description import Release
from .._release.live import Live

if TYPE_CHECKING:
    from docker import DockerClient

MIB = 1 << 20
MODES = ("off", "dump", "prove")


@dataclass(frozen=True)
class Policy:
    """How databases are backed up. Sizes are those of the database, in MiB."""

    mode: Literal["off", "dump", "prove"] = "prove"
    # From this size on the dump is made in parallel, in PostgreSQL's directory format.
    parallel_from: int = 2048
    # Above this size the proof is left out, with a warning; 0 proves whatever its size.
    prove_up_to: int = 20480
    compressed: bool = True


@dataclass(frozen=True)
class Dumping:
    """One database to dump, with its size in bytes."""

    database: Database
    size: int
    policy: Policy

    @property
    def parallel(self) -> bool:
        return self.size >= self.policy.parallel_from * MIB

    @property
    def proven(self) -> bool:
        limit = self.policy.prove_up_to
        return self.policy.mode == "prove" and (not limit or self.size <= limit * MIB)


def databases_of(release: Release) -> dict[str, list[Database]]:
    """Return the databases of a release by app."""
    return {
        app.name: [Database(one.container, one.name, one.user, one.schema_query or DEFAULT_SCHEMA_QUERY) for one in app.databases]
        for app in release.apps
    }


def due(live: Live, policy: Policy, unchanged_apps: Container[str], dumped: Container[str], only: Container[str] = ()) -> list[Database]:
    """Return the databases to dump: those of the live apps that are about to change, or those in some containers.

    One that has no container, and that no backup (dumped names those) has a dump of, has never been started: it is empty.
    """
    if policy.mode == "off":
        return []
    return [
        database
        for app, databases in databases_of(live.description).items()
        if app not in unchanged_apps
        for database in databases
        if database.container in live.images or database.container in dumped
        if not only or database.container in only
    ]


def plan(client: DockerClient, databases: Iterable[Database], policy: Policy) -> dict[str, Dumping]:
    """Return how each is dumped, by container. One that is down, as it may be in check mode alone, has no size yet."""
    return {one.container: Dumping(one, postgres_client.size(client, one) if is_running(client, one) else 0, policy) for one in databases}


def dumps_space(dumping: Mapping[str, Dumping]) -> int:
    """Return the bytes that the dumps may take; a dump is smaller than its database."""
    return sum(one.size for one in dumping.values())


def proof_space(dumping: Mapping[str, Dumping]) -> int:
    """Return the bytes that the largest proof may take; they are made one after another."""
    return max((one.size for one in dumping.values() if one.proven), default=0)


def remove_leftovers(client: DockerClient, project: str, prefix: str = helper.PREFIX) -> None:
    """Remove the scratch containers of runs that died; a lock, of a run its lease, says that no other one is at work."""
    for container in client.containers.list(all=True, filters={"label": f"{OWNER_LABEL}={project}"}):
        if str(container.name).startswith(prefix):
            container.remove(force=True, v=True)


def dump_all(
    client: DockerClient,
    live: Live,
    dumping: Mapping[str, Dumping],
    directory: str,
    labels: Mapping[str, str],
    unread: Container[str] = (),
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Dump what is to be dumped, and state every database of the release with its schema, but those in unread containers."""
    stated: dict[str, dict[str, Any]] = {}
    warnings = []
    for databases in databases_of(live.description).values():
        for database in databases:
            if database.container in unread or not (database.container in live.answering or database.container in dumping):
                continue
            entry: dict[str, Any] = {
                "name": database.name,
                "user": database.user,
                "schema_query": database.schema_query,
                "schema": postgres_client.schema_id(client, database),
                "dump": None,
                "proof_seconds": None,
            }
            one = dumping.get(database.container)
            if one is not None:
                # Before the snapshot: what is written after this is in the dump or makes a difference to be seen later.
                entry["oid"] = exchange.number_of(client, database, database.name)
                entry["written"] = exchange.rows_written(client, database, database.name)
                entry["position"] = Position.of(client, database).to_dict()
                jobs = helper.MAX_JOBS if one.parallel else 0
                made = dump.dump(client, database, directory, jobs, labels=labels, compressed=one.policy.compressed)
                entry["dump"] = made.to_dict()
                if one.proven:
                    entry["proof_seconds"] = proof.prove(client, database, made, directory, labels)
                elif one.policy.mode == "prove":
                    warnings.append(
                        f"The dump of database {database.name} in {database.container} was NOT proven by restoring it: the database "
                        f"has {one.size // MIB} MiB, and stack_backup_prove_up_to is {one.policy.prove_up_to} MiB."
                    )
            stated[database.container] = entry
    return stated, warnings


def as_database(container: str, entry: Mapping[str, Any]) -> Database:
    """Return the database that a manifest states."""
    return Database(container, entry["name"], entry["user"], entry["schema_query"])


def moved_schemas(client: DockerClient, databases: Mapping[str, Mapping[str, Any]], running: set[str]) -> dict[str, tuple[str, str]]:
    """Return the containers whose database has another schema now than was sealed, with both."""
    found = {}
    for container, entry in databases.items():
        if container in running:
            now = postgres_client.schema_id(client, as_database(container, entry))
            if now != entry["schema"]:
                found[container] = (entry["schema"], now)
    return found
