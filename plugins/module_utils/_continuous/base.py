# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes bases: copies of whole database clusters to which their log is applied, one a week in each repository, each verified.

Usage: python3 -m ansible_collections.rarebooks.platform.plugins.module_utils._continuous.base

systemd runs it, once at a time. PostgreSQL's own programs make and verify them. They are
not compressed, since the repository compresses, and keeps what is equal once.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from .._base.errors import describe
from .._base.files import make_directory
from .._base.times import TIME, is_ahead
from .._engine import client as engine_client
from .._engine.containers import OWNER_LABEL
from .._offsite import work
from .._offsite.repository import Repository, RepositoryError, Snapshot, access_of
from .._offsite.settings import Settings, load
from .._postgres.client import Database, DatabaseError, query
from .._postgres.helper import MOUNT, PREFIX_LABEL, beside
from .._postgres.programs import run_program
from .._run.ledger import now
from . import log_files, slot, state_file
from .followed import clusters
from .moment import completed
from .settings import DIRECTORY, PREFIX, Bounds, Place
from .shipping import PARTIAL, WAL
from .state_file import Based, Followed

if TYPE_CHECKING:
    from docker import DockerClient

BASE = "base"
DATA = "data"
# A disk that is full stops the database itself.
SPARE = 1 << 30


@dataclass(frozen=True)
class Start:
    """Where the log begins that a base needs, when the base was complete, and when it was begun."""

    segment: str
    at: str
    began: str


def is_due(based: Based, followed: Followed, location: str, host: str, age: timedelta, when: datetime) -> bool:
    """Say whether a repository needs a new base: it has none of this cluster and server, an old one, or one that a gap in the log follows.

    Where no log has come to yet, a base would be of no use, such as before the first snapshot has made the repository.
    """
    if not followed.cluster or not followed.of(location).at:
        return False
    if not based.is_of(followed.cluster, host) or based.begun < followed.gap(location):
        return True
    moment = datetime.strptime(based.at, TIME).replace(tzinfo=timezone.utc)
    # From one of a clock that was ahead, no moment until then can be reached.
    return when - moment > age or is_ahead(moment, when)


def make(client: DockerClient, database: Database, place: Place, project: str) -> Start:
    """Copy the cluster into the place of bases, with the log that it needs by itself, and verify that."""
    _require_room(client, database, place)
    _require_one_place(client, database)
    clear(place)
    make_directory(place.base, 0o700)
    labels = {OWNER_LABEL: project, PREFIX_LABEL: PREFIX}
    directory = f"{MOUNT}/{DATA}"
    began = _clock(client, database)
    with beside(client, database, BASE, place.base, labels, writable=True) as helper:
        copy = ["pg_basebackup", "--no-password", "--username", database.user, "--pgdata", directory]
        for command in ([*copy, "--checkpoint=fast", "--wal-method=stream", "--label=rarebooks"], ["pg_verifybackup", directory]):
            outcome = run_program(client, helper, command)
            if outcome.code != 0:
                advice = f"Look at its log (docker logs --tail 50 {database.container}). It is tried again within an hour."
                raise DatabaseError(str(database), f"{command[0]} failed", "exit code 0", str(outcome), advice)
    moment = _clock(client, database)
    with open(os.path.join(place.base, DATA, "backup_manifest"), encoding="utf-8") as stream:
        ranges = json.load(stream)["WAL-Ranges"]
    first = min(ranges, key=lambda one: int(one["Timeline"]))
    return Start(log_files.name_of(int(first["Timeline"]), first["Start-LSN"], slot.read(client, database).segment), moment, began)


def _clock(client: DockerClient, database: Database) -> str:
    """Return the database's own time, by which it writes into its log when rows were committed."""
    return query(client, database, "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")[0][0]


def clear(place: Place) -> None:
    """Remove a base that lies here."""
    shutil.rmtree(place.base, ignore_errors=True)


def _require_room(client: DockerClient, database: Database, place: Place) -> None:
    need = int(query(client, database, "SELECT sum(pg_database_size(oid)) FROM pg_database")[0][0]) + SPARE
    make_directory(place.root, 0o700)
    free = shutil.disk_usage(place.root).free
    if free < need:
        advice = "Free some, or enlarge it; it is tried again within an hour. Until then the log goes on from the last base."
        raise DatabaseError(str(database), "no base can be made", f"{need >> 20} MiB free below {place.root}", f"{free >> 20} MiB", advice)


def _require_one_place(client: DockerClient, database: Database) -> None:
    """Refuse tablespaces: they lie elsewhere, and a copy has only the way there."""
    found = [name for (name,) in query(client, database, "SELECT spcname FROM pg_tablespace WHERE spcname !~ '^pg_'")]
    if found:
        advice = "Move what is in them to pg_default and drop them, or set stack_continuous: false; snapshots have their rows."
        raise DatabaseError(str(database), "no base can be made", "no tablespaces", ", ".join(found), advice)


def bring(repository: Repository, place: Place, start: Start, host: str) -> None:
    """Bring a base to a repository."""
    tags = [BASE, *place.tags, f"start:{start.segment}", f"at:{start.at}"]
    added = repository.backup([os.path.join(place.base, DATA)], host, tags)
    if added.unread:
        raise RepositoryError("failed", repository.shown, f"Repository {repository}: {'; '.join(added.unread)}. Look at the server's disk.")


def bases_of(repository: Repository, container: str, host: str) -> list[Snapshot]:
    """Return the bases of a server's database that a repository has, oldest first. Other servers may have one of that name as well."""
    return repository.snapshots(BASE, f"container:{container}", host=host)


def forget_old(repository: Repository, place: Place, bounds: Bounds, host: str, when: datetime) -> None:
    """Forget the bases before the last ones, the log before these, and, once these are all of this cluster, what was there of others.

    None goes before one that stays is old enough: several of one evening lead no further back than that.
    """
    bases = bases_of(repository, place.container, host)
    # By the log, which no clock sets back.
    mine = sorted((one for one in bases if place.tags[1] in one.tags), key=lambda one: one.tagged("start:")[0])
    old = [number for number, one in enumerate(mine) if when - completed(one) >= bounds.base_age]
    first = max(min(old[-1], len(mine) - bounds.bases), 0) if old else 0
    kept, gone = mine[first:], mine[:first]
    oldest = min((one.tagged("start:")[0] for one in kept), default="")
    logs = [one for kind in (WAL, PARTIAL) for one in repository.snapshots(kind, place.tags[0], host=host)]
    gone += [one for one in logs if place.tags[1] in one.tags and one.tagged("last:") and one.tagged("last:")[0] < oldest]
    others = [one for one in (*bases, *logs) if place.tags[1] not in one.tags]
    # Another server of this name may live, such as the one that this one was restored as before it came back.
    if old and len(kept) >= bounds.bases and all(one.created < kept[0].created for one in others):
        gone += others
    if gone:
        repository.forget(*(one.id for one in gone))


def renew(client: DockerClient, settings: Settings, repositories: Sequence[Repository], bounds: Bounds, root: str = DIRECTORY) -> int:
    """Make what is due and bring it to where it is due; return how much failed."""
    known, bases, failed = state_file.read(root), state_file.read_bases(root), 0
    for database in clusters(settings.path):
        followed = known.of(database.container)
        # One that is taken out and put back later has a gap.
        shown = {one.shown for one in repositories}
        bases.databases[database.container] = {
            location: based for location, based in bases.databases.get(database.container, {}).items() if location in shown
        }
        place = Place(database.container, followed.cluster, root)
        when = datetime.now(timezone.utc)
        based = {one: bases.of(database.container, one.shown) for one in repositories}
        due = [one for one in repositories if is_due(based[one], followed, one.shown, settings.host, bounds.base_age, when)]
        if due:
            failed += _renew(client, database, place, settings, due, bases, bounds, lambda: state_file.write(bases, root))
            state_file.write(bases, root)
    return failed


def _renew(
    client: DockerClient,
    database: Database,
    place: Place,
    settings: Settings,
    due: Sequence[Repository],
    bases: state_file.Bases,
    bounds: Bounds,
    note: Callable[[], None],
) -> int:
    failed = 0
    start: Start | None = None
    for repository in due:
        based = bases.of(database.container, repository.shown)
        try:
            start = start or make(client, database, place, settings.project)
            bring(repository, place, start, settings.host)
            based.cluster, based.host, based.at, based.began, based.trouble = place.cluster, settings.host, start.at, start.began, ""
            note()  # Before the next one, on whose way there this may be ended.
            if not settings.append_only:
                forget_old(repository, place, bounds, settings.host, datetime.now(timezone.utc))
            work.tell(f"{settings.host}: a base of {database} is in {repository}")
        except Exception as error:
            failed += 1
            based.trouble = f"{now()}: {describe(error)}"
            work.tell(f"{settings.host}: base: {describe(error)}", urgent=True)
    clear(place)
    return failed


def main() -> int:
    """Run once, and return the exit code."""
    settings = load()
    if settings is None:
        return 0
    repositories = [Repository(one, access_of(settings)) for one in settings.repositories]
    return 1 if renew(engine_client.connect(), settings, repositories, Bounds()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
