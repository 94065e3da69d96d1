# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rows that the log has beyond a snapshot: dumps of them, with which a server that is being restored is filled.

A snapshot is of last night, the log of the last minute. Where the log cannot be had there is the snapshot's own dump, so that nothing here
keeps a server from coming back.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .._backup.databases import as_database
from .._backup.manifest import Manifest
from .._base.errors import PlatformError, describe
from .._base.files import make_directory
from .._engine.containers import OWNER_LABEL
from .._offsite.repository import Repository, RepositoryError
from .._postgres import dump as postgres_dump
from .._postgres.client import Database, query, schema_id
from .._postgres.position import Position
from .._run import restoring
from .._run.restoring import Newer
from . import recover
from .base import bases_of
from .moment import From, completed
from .settings import Place
from .shipping import PARTIAL, WAL

if TYPE_CHECKING:
    from docker import DockerClient

# As the recovery saw it, which knows when what it applied had been committed.
_LAST = "SELECT to_char(pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"


class LogError(PlatformError):
    """The log has newer rows than a snapshot, and they cannot be had."""


def bring(client: DockerClient, repositories: Iterable[Repository], manifest: Manifest, host: str, root: str) -> list[str]:
    """Bring what the log of a server has beyond a backup of it, and note it; return why some of it could not be had."""
    known, troubles = list(repositories), []
    for container, entry in manifest.databases.items():
        note = restoring.read(root)
        if note is None or not note.log or not entry["dump"] or container in note.newer:
            continue
        try:
            found = _of_one(client, known, manifest, as_database(container, entry), host, root)
        except Exception as error:
            troubles.append(
                f"{container}: its rows are those of the snapshot, since newer ones of the log cannot be had: {describe(error)}"
            )
            continue
        if found:
            note.newer[container] = found
            restoring.write(root, note)
    return troubles


def _of_one(
    client: DockerClient, repositories: Sequence[Repository], manifest: Manifest, database: Database, host: str, root: str
) -> Newer | None:
    """Dump a database as it was last; None where its log has nothing beyond the backup."""
    found = sources(repositories, database.container, host)
    troubles: list[PlatformError] = []
    # Another repository may have what this one lacks; another cluster is another story.
    for source in [one for one in found if one.cluster == found[0].cluster]:
        try:
            return _from(client, source, manifest, database, root)
        except PlatformError as error:
            troubles.append(error)
    if troubles:
        raise troubles[0]
    return None


def _from(client: DockerClient, source: From, manifest: Manifest, database: Database, root: str) -> Newer | None:
    directory = os.path.join(root, restoring.NEWER)
    make_directory(directory, 0o700)
    work = recover.Work(os.path.join(directory, f"{database.container}.recovering"), "newer")
    labels = {OWNER_LABEL: manifest.project}
    try:
        recover.gather(source, Place(database.container, source.cluster), work, copies=3)
        image = manifest.images[database.container]["id"]
        with recover.recovered(client, database, source, work, None, labels, image=image) as then:
            # Without a log after it, what the base has is what there is.
            until = last_commit(client, then) or source.snapshot.tagged("at:")[0]
            if not _is_newer(manifest, Position.of(client, then), until, database.container):
                return None
            _require_same_schema(manifest.databases[database.container], schema_id(client, then), until)
            target = os.path.join(directory, database.container)
            shutil.rmtree(target, ignore_errors=True)
            make_directory(target, 0o700)
            dump = postgres_dump.dump(client, then, target, labels=labels)
    finally:
        recover.clear(work)
    os.sync()  # It is noted next, and is not brought again then.
    return Newer(until, dump.to_dict())


def _is_newer(manifest: Manifest, reached: Position, until: str, container: str) -> bool:
    """Tell whether the log has something beyond a backup, by a count that no clock can change where both are of one cluster."""
    sealed = manifest.databases[container].get("position")
    if sealed and str(sealed["cluster"]) == reached.cluster:
        return reached.may_be_beyond(Position.from_dict(sealed))
    # One that says nothing of it, or of another cluster: the database was restored in between.
    return until > manifest.created


def last_commit(client: DockerClient, recovered: Database) -> str:
    """Return when the last commit was of what a recovery applied, ISO 8601 in UTC; nothing where that was none."""
    return query(client, recovered, _LAST)[0][0]


def sources(repositories: Iterable[Repository], container: str, host: str) -> list[From]:
    """Return the newest base of each cluster that a server's database was, in each repository, where the log goes on for longest first.

    A repository that does not answer is passed over where another one does.
    """
    found: list[tuple[datetime, From]] = []
    troubles: list[RepositoryError] = []
    for repository in repositories:
        try:
            bases = sorted(bases_of(repository, container, host), key=completed)
            for source in {base.tagged("cluster:")[0]: From(repository, base) for base in bases}.values():
                logs = [one for kind in (WAL, PARTIAL) for one in repository.snapshots(kind, f"cluster:{source.cluster}", host=host)]
                found.append((max(one.created for one in (source.snapshot, *logs)), source))
        except RepositoryError as error:
            troubles.append(error)
    if troubles and not found:
        raise troubles[0]
    return [source for _last, source in sorted(found, key=lambda one: one[0], reverse=True)]


def _require_same_schema(entry: Mapping[str, Any], schema: str, until: str) -> None:
    if schema != entry["schema"]:
        raise LogError(
            f"expected the schema of the snapshot ({entry['schema'] or 'none'}), got {schema or 'none'} at {until}: another release was "
            "deployed after the snapshot."
        )
