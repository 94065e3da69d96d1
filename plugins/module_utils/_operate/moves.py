# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where each database of an app goes on its way to another major version: its image, its new volume, and where that is mounted."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .._backup.databases import databases_of
from .._engine.image_name import image_name
from .._postgres import cluster as postgres_cluster
from .._postgres.client import Database
from .._release import database_volumes
from .._release.description import App, Release, volume_name
from .._switch import clusters as switch_clusters
from .._switch.server import Server
from . import obstacles
from .carrying import Move
from .options import Options
from .standing import OperationError

with suppress(ImportError):  # See _base.libraries.
    import docker.errors

if TYPE_CHECKING:
    from docker import DockerClient

UNCHANGED = "Nothing has been changed."
TAG = re.compile(r"^(?P<name>(?:[^@]*/)?(?:postgres|postgis):)(?P<major>\d{1,2})(?P<minor>[.\d]*)(?P<flavour>-[^:/@]*)?(?:@.*)?$")


def newer(image: str, to: int) -> str:
    """Return an image's name with another major version in its tag."""
    found = TAG.match(image)
    if not found:
        raise OperationError(
            f"image: expected the image of PostgreSQL {to} to follow from {image}, got a tag that does not say its version. {UNCHANGED} "
            "Say which it is by -e image=NAME"
        )
    # Debian's release is another one by then, maybe, while a kind such as alpine stays.
    flavour = found["flavour"] or ""
    return f"{found['name']}{to}{flavour if flavour.startswith('-alpine') else ''}"


def moves_of(
    client: DockerClient, server: Server, options: Options, app: App, to: int, image: str, check_mode: bool
) -> tuple[list[Move], list[Database]]:
    """Return where each database goes, and those that are there already."""
    document = server.compose.document()
    services = {str(one.get("container_name")): (name, one) for name, one in document["services"].items()}
    known, moves, done = database_volumes.read(options.path), list[Move](), list[Database]()
    for database in databases_of(Release(apps=(app,)))[app.name]:
        if database.container not in services:
            raise OperationError(f"{database.container}: expected a service of that container in the live release, got none. {UNCHANGED}")
        service, definition = services[database.container]
        before = postgres_cluster.cluster_of(client, definition, document)
        if not before.version or not before.volume or os.path.isabs(before.volume):
            raise OperationError(
                f"{database.container}: expected the data of PostgreSQL in a volume of Compose, got {before.volume or 'none'} with "
                f"{'those of ' + str(before.version) if before.version else 'none'}. {UNCHANGED} {_way_into_a_volume(before)}"
            )
        if before.below:
            raise OperationError(
                f"{database.container}: expected the data of PostgreSQL in a volume of their own, got them in {before.below} of volume "
                f"{before.volume}. {UNCHANGED} Mount a volume for this database alone, with the data in it."
            )
        if before.version == to:
            done.append(database)
        elif before.version > to:
            raise OperationError(
                f"to: expected a later version than {before.version}, which database {database.name} is of, got {to}. {UNCHANGED} To go "
                "back to what was before an upgrade: ansible-playbook backups.yml names the backup that was sealed then."
            )
        else:
            wanted = image or newer(before.image, to)
            config = _provided(client, wanted, to, check_mode)
            volume = f"{switch_clusters.SUFFIX.sub('', before.volume)}_{to}"
            name = volume_name(server.project, volume, () if before.volume not in app.unprefixed_volumes else (volume,))
            _refuse_occupied(client, known, volume, name)
            environment = {key: str("" if value is None else value) for key, value in (definition.get("environment") or {}).items()}
            of_image = dict(line.partition("=")[::2] for line in config.get("Env") or [])
            directory = environment.get("PGDATA") or of_image.get("PGDATA") or postgres_cluster.data_directory(to)
            obstacles.refuse_tied(database.container, definition, before, directory)
            target = postgres_cluster.mount_of(config or postgres_cluster.expected_config(to), directory)
            moves.append(Move(database, before, to, wanted, volume, name, target, service, environment, bool(config)))
    _refuse_shared(moves)
    return moves, done


def _way_into_a_volume(before: postgres_cluster.Cluster) -> str:
    if before.version:
        return f"Move them into a volume of Compose first, and mount that at {before.directory}."
    return (
        f"Where they lie says `docker inspect`: an image makes a volume by itself where none is mounted at {before.directory}. Have "
        "them in a volume of Compose that is mounted there, and run again."
    )


def _refuse_shared(moves: Iterable[Move]) -> None:
    """Refuse to fill one new volume with two databases: the second would take the place of the first."""
    into: dict[str, Move] = {}
    for move in moves:
        other = into.setdefault(move.name, move)
        if other is not move:
            raise OperationError(
                f"Volume {move.name}: expected it to become that of one database, got {other.database} and {move.database}. {UNCHANGED} "
                "Give each of them a container of its own in the app, and a volume whose name differs in more than a number at its end."
            )


def _provided(client: DockerClient, image: str, to: int, check_mode: bool) -> dict[str, Any]:
    """Return the configuration of an image, which is pulled where it is missing, and is of the version that was asked for."""
    config = postgres_cluster.image_config(client, image)
    if not config and not check_mode:
        try:
            client.images.pull(image_name(image))
        except docker.errors.DockerException as error:
            words = getattr(error, "explanation", None) or error
            raise OperationError(f"Image {image}: expected it on the server or in its registry, got: {words}. {UNCHANGED}") from error
        config = postgres_cluster.image_config(client, image)
    environment = dict(line.partition("=")[::2] for line in config.get("Env") or [])
    found = postgres_cluster.major_of(image, environment)
    if found not in (0, to):
        raise OperationError(f"image: expected one of PostgreSQL {to}, got {image} of PostgreSQL {found}. {UNCHANGED}")
    return config


def _refuse_occupied(client: DockerClient, known: Mapping[str, int], volume: str, name: str) -> None:
    """Refuse to empty a volume that may have served: somebody's rows may be nowhere else."""
    there = postgres_cluster.volume_path(client, name)
    if there and known.get(volume) != database_volumes.UNFINISHED:
        raise OperationError(
            f"Volume {name}: expected none of that name, got one that an earlier upgrade has left. What was written to it then may be "
            f"nowhere else. {UNCHANGED} When nothing in it is needed any more, on the server: docker volume rm {name}"
        )
