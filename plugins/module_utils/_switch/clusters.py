# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Refusing a release whose databases would not find their data: before anything changes, and with what to do instead.

An image of another major version than the data's ends again and again. One that keeps its data elsewhere starts empty, and so does a
volume of another name; everything is healthy then, and the rows are gone from sight.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .._base.errors import PlatformError, describe
from .._engine.compose import ComposeError, Definition
from .._engine.containers import containers_of
from .._postgres import cluster as postgres_cluster
from .._postgres import exchange
from .._postgres.carry_over import end_clients
from .._postgres.client import Database, DatabaseError
from .._postgres.cluster import Cluster
from .._release import database_volumes, live
from .._release.description import App, Release, volume_name
from .server import Server

UNCHANGED = "Nothing has been changed."
# What upgrade_database.yml appends to the name of a volume.
SUFFIX = re.compile(r"_\d+$")
EMPTY = '""'
# How long connections to the database of a release that did not serve are ended, so that they tell what they have written.
_SECONDS_TO_LEAVE = 2.0


class ClusterError(PlatformError):
    """A database would not find its data."""


@dataclass(frozen=True)
class Going:
    """What kind of run asks: to a backup or not, whether it may lose rows, and whether a switch was cut off before."""

    to: str = ""
    databases: bool = False
    confirmed: bool = False
    cut_off: bool = False


@dataclass(frozen=True)
class Images:
    """The ids of images by containers: of those that run, and of those that the wanted release was sealed with."""

    now: Mapping[str, str] = field(default_factory=dict)
    wanted: Mapping[str, str] = field(default_factory=dict)


def check(server: Server, release: Release, tree: str, going: Going, images: Images) -> list[str]:
    """Refuse the release of a staged tree, or of the live one, where one of its databases would not find its data; return what to tell."""
    if not any(app.databases for app in release.apps):
        return []
    documents = {path: document(server, path) for path in dict.fromkeys((server.root, tree))}
    now = clusters(server, live.stated(server.root), documents[server.root], images.now)
    wanted = clusters(server, release, documents[tree], images.wanted)
    notes: list[str] = []
    for app in release.apps:
        for one in app.databases:
            found, before = wanted.get(one.container), now.get(one.container)
            if found is None:
                continue
            if before and found.volume and found.place != before.place and before.version and found.holds != before.version:
                database = Database(one.container, one.name, one.user)
                notes += _other_volume(server, app, database, before, found, going)
            _refuse_unfit(server, app, one.container, one.volume, found)
    return notes


def document(server: Server, tree: str) -> dict[str, Any]:
    """Return what Compose makes of a tree, as if it were the live one; no services where it cannot say."""
    try:
        found = Definition(server.run_command, tree, server.project).document()
        moved: dict[str, Any] = json.loads(json.dumps(found).replace(tree, server.root))
        return moved
    except ComposeError:
        return {"services": {}}  # Such as where the live files are damaged; those that are wanted are validated anyhow.


def clusters(server: Server, release: Release, document: Mapping[str, Any], images: Mapping[str, str]) -> dict[str, Cluster]:
    """Return where each database of a release finds its data, by container: with the image of an id, where there is one."""
    containers = {one.container for app in release.apps for one in app.databases}
    services = {str(one.get("container_name")): one for one in document["services"].values()}
    return {
        name: postgres_cluster.cluster_of(server.client, services[name], document, images.get(name, ""))
        for name in sorted(containers & services.keys())
    }


def _other_volume(server: Server, app: App, database: Database, before: Cluster, found: Cluster, going: Going) -> list[str]:
    """Refuse to serve from another volume than today, unless nothing is lost by it or that is what was asked for."""
    written = _written_since(server, before.volume, partial(exchange.rows_written, server.client, database, database.name))
    if not going.to:
        if going.cut_off and not written:
            return []
        holds = f"with that of PostgreSQL {found.holds}" if found.holds else "which holds none"
        raise ClusterError(
            f"{database.container}: expected volume {before.place} with today's data, of PostgreSQL {before.version}, got "
            f"{found.place}, {holds}, so that the app would not see what was written lately. {UNCHANGED} Put into the "
            f"inventory: {lines(app, before.image, before.volume)}"
        )
    if not (found.holds or found.elsewhere):
        raise ClusterError(
            f"{database.container}: expected volume {found.place} with the data of backup {going.to}, got "
            f"{'one without any' if found.path else 'none of that name'}, so that the app would serve from an empty database. {UNCHANGED} "
            f"Today's data are in volume {before.place}. To have the rows of the backup there: ansible-playbook database.yml "
            f"-e operation=restore -e database={database.name} -e from={going.to} -e confirm={database.name}"
        )
    if going.databases:
        raise ClusterError(
            f"rollback_restore_database: expected a backup whose database {database.name} lies in today's volume, {before.place}, got "
            f"{found.place} of PostgreSQL {found.holds} in backup {going.to}. {UNCHANGED} Go back without rollback_restore_database: "
            "that volume holds the data of when the database was upgraded."
        )
    kept = f"Volume {before.place} stays as it is, and the newest backup leads back to it."
    if not written:
        return [f"Database {database.name} is that of PostgreSQL {found.holds} in volume {found.place} again. {kept}"]
    rows = f"{written} rows" if written > 0 else "what was"
    text = f"PostgreSQL {found.holds} of backup {going.to} starts on volume {found.place}, without {rows} written or changed since"
    if not going.confirmed:
        raise ClusterError(
            f"Database {database.name} in {database.container} was upgraded to PostgreSQL {before.version} after that backup: {text}. "
            f"{UNCHANGED} {kept} If that is what you want, run: ansible-playbook rollback.yml -e rollback_to={going.to} "
            "-e rollback_confirm=true"
        )
    return [f"Database {database.name}: {text}. {kept}"]


def left_behind(server: Server, sealed: Release) -> list[str]:
    """Say which rows stay in other volumes when a sealed release takes the place of the live one, which did not serve.

    Whatever fails here is told as well: it may not keep the sealed release from coming back.
    """
    try:
        return list(_left_behind(server, sealed))
    except Exception as error:
        return [f"Whether rows were written to databases in other volumes than before could not be found out: {describe(error)}"]


def _left_behind(server: Server, sealed: Release) -> Iterator[str]:
    then = {one.container: one.volume for app in sealed.apps for one in app.databases}
    present = containers_of(server.client, server.project)
    for app in live.stated(server.root).apps:
        for one in app.databases:
            before, name = then.get(one.container, ""), volume_name(server.project, one.volume, app.unprefixed_volumes)
            # What was cut off, or failed, before its container was made anew still has the volume of before.
            mounted = {mount.get("Name") for mount in (present.get(one.container) or {}).get("Mounts") or []}
            if not before or not one.volume or before == one.volume or name not in mounted:
                continue
            database = Database(one.container, one.name, one.user)
            written = _written_since(server, one.volume, partial(end_clients, server.client, database, _SECONDS_TO_LEAVE))
            if written:
                rows = f"at least {written} rows written or changed meanwhile: they are"
                uncounted = "what was written meanwhile, which could not be counted: it is"
                yield (
                    f"Database {one.name} in {one.container} serves from volume {before} again, without "
                    f"{rows if written > 0 else uncounted} in volume {name}. Look whether that is needed before you remove it, on the "
                    f"server: docker volume rm {name}"
                )


def _written_since(server: Server, volume: str, count: Callable[[], int]) -> int:
    """Return how many rows were written to a volume since it took its place; -1 where nobody knows."""
    known = database_volumes.read(server.root).get(volume, database_volumes.UNFINISHED)
    try:
        now = count()
    except DatabaseError:
        return -1
    return now - known if 0 <= known <= now else -1


def _refuse_unfit(server: Server, app: App, container: str, volume: str, found: Cluster) -> None:
    """Refuse an image that does not start on the data of its volume, or does not find them there."""
    if found.version and found.major not in (0, found.version):
        raise ClusterError(
            f"{container}: expected an image of PostgreSQL {found.version}, which wrote the data in volume {found.place}, got "
            f"{found.image} of PostgreSQL {found.major}, which does not start on them. {UNCHANGED} "
            f"{_way(app, found.version, found.major)}"
        )
    left = found.elsewhere if found.certain else 0
    if found.certain and not found.volume:
        path = postgres_cluster.volume_path(server.client, volume_name(server.project, volume, app.unprefixed_volumes)) if volume else ""
        left = Cluster(found.image, found.major, volume, path, "/", "/none").elsewhere
    if left:
        raise ClusterError(
            f"{container}: expected {found.image} to find the data of PostgreSQL {left} in volume {found.place or volume}, got it "
            f"looking in {found.directory}, where it would start without any. {UNCHANGED} {_way(app, left, found.major)}"
        )


def _way(app: App, version: int, major: int) -> str:
    if major > version:
        return (
            f"Put the image of PostgreSQL {version} back, then have the data taken along: ansible-playbook upgrade_database.yml "
            f"-e app={app.name} -e to={major}"
        )
    return f"Use an image of PostgreSQL {version} that keeps its data where that one did: no data go to an older version."


def lines(app: App, image: str, volume: str) -> str:
    """Return what the inventory has to say for a database of an app to be this one."""
    suffix = SUFFIX.search(volume)
    return (
        f"{app.name}_db_image: {image} and {app.name}_db_volume_suffix: {suffix[0] if suffix else EMPTY} "
        f"(or, where the app has a Compose file of its own, that image and the volume {volume} there)"
    )
