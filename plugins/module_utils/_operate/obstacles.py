# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What keeps the data of a database from going to another version of PostgreSQL, found before its app is stopped."""

from __future__ import annotations

import json
import os
import posixpath
import re
import shutil
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .._engine import container_files
from .._postgres.client import query, size
from .._postgres.cluster import Cluster
from .carrying import Move
from .standing import OperationError

if TYPE_CHECKING:
    from docker import DockerClient

UNCHANGED = "Nothing has been changed."
_TABLESPACES = "SELECT spcname FROM pg_tablespace WHERE spcname !~ '^pg_' ORDER BY 1"
_EXTENSIONS = "SELECT extname FROM pg_extension ORDER BY 1"
# One that every PostgreSQL has: where it lies, the others do.
_OF_ALL = "plpgsql"
# Debian's packages, and what is built from source, such as the images of Alpine.
_EXTENSION_DIRECTORIES = ("/usr/share/postgresql/{major}/extension", "/usr/local/share/postgresql/extension")
_LOG_DIRECTORY = "POSTGRES_INITDB_WALDIR"


def refuse_tied(container: str, definition: Mapping[str, Any], before: Cluster, directory: str) -> None:
    """Refuse a service that says more about where its data lie than image and volume: the new data would lie elsewhere than it says."""
    environment = definition.get("environment") or {}
    if environment.get(_LOG_DIRECTORY):
        raise OperationError(
            f"{container}: expected its write-ahead log in the volume of its data, got {_LOG_DIRECTORY}={environment[_LOG_DIRECTORY]}. "
            f"{UNCHANGED} A log elsewhere cannot be taken along: move it into the data directory first, and take the variable away."
        )
    below = re.compile(rf"(?<![\w./-]){re.escape(before.directory)}(?![\w.-])")
    tied = [str(mount["target"]) for mount in definition.get("volumes") or [] if _is_below(str(mount["target"]), before.directory)]
    if directory != before.directory:
        tied += [
            f"{key}: {json.dumps(definition[key])}" for key in ("command", "entrypoint") if below.search(str(definition.get(key) or ""))
        ]
        tied += [f"{name}={value}" for name, value in environment.items() if name != "PGDATA" and below.search(str(value))]
        if tied:
            raise OperationError(
                f"{container}: expected nothing but the volume of its data at {before.directory}, got {' and '.join(tied)}. {UNCHANGED} "
                f"The new image keeps its data in {directory}, and would not find that. Take it out of the Compose file, and deploy; what "
                "it set can be set by ALTER SYSTEM, which is taken along."
            )


def refuse(client: DockerClient, project: str, moves: Iterable[Move]) -> None:
    """Refuse data that the new image would not take, of databases that run."""
    known = list(moves)
    for move in known:
        _refuse_tablespaces(client, move)
        _refuse_unknown_extensions(client, project, move)
    _refuse_without_room(client, known)


def _refuse_tablespaces(client: DockerClient, move: Move) -> None:
    found = [name for (name,) in query(client, move.database, _TABLESPACES)]
    if found:
        raise OperationError(
            f"{move.database}: expected all of it in volume {move.before.volume}, got the tablespace {', '.join(found)} outside of it. "
            f"{UNCHANGED} Move what is in it first: ALTER TABLE ALL IN TABLESPACE {found[0]} SET TABLESPACE pg_default, the same for its "
            f"indexes, then DROP TABLESPACE {found[0]}."
        )


def _refuse_unknown_extensions(client: DockerClient, project: str, move: Move) -> None:
    """Refuse an image without what the database uses. One that is not on the server yet, or keeps that elsewhere, may have it."""
    used = [name for (name,) in query(client, move.database, _EXTENSIONS) if name != _OF_ALL]
    if not used or not move.is_image_present:
        return
    directories = [one.format(major=move.to) for one in _EXTENSION_DIRECTORIES]
    wanted = {name: {f"{directory}/{name}.control" for directory in directories} for name in (*used, _OF_ALL)}
    found = container_files.found_in_image(client, move.image, set().union(*wanted.values()), project)
    missing = [name for name in used if not wanted[name] & found]
    if missing and wanted[_OF_ALL] & found:
        raise OperationError(
            f"image: expected one with the extension {', '.join(missing)}, which database {move.database.name} uses, got {move.image} "
            f"without. {UNCHANGED} Name one that has it by -e image=NAME, or where nothing needs it any more: DROP EXTENSION {missing[0]}"
        )


def _refuse_without_room(client: DockerClient, moves: Iterable[Move]) -> None:
    """Refuse what would fill a disk: by the new volumes on it, all of which are there in the end, and by the log written beside them."""
    disks: dict[int, list[Move]] = {}
    for move in moves:
        disks.setdefault(os.stat(move.before.path).st_dev, []).append(move)
    for found in disks.values():
        path, names = found[0].before.path, " and ".join(move.database.name for move in found)
        need, free = sum(2 * size(client, move.database) for move in found), shutil.disk_usage(path).free
        if free < need:
            raise OperationError(
                f"Disk: expected at least {need >> 20} MiB free for {path}, twice the size of database {names}, got {free >> 20} MiB. "
                f"{UNCHANGED} Free some space (`docker system df` shows what images use)."
            )


def _is_below(target: str, directory: str) -> bool:
    target = posixpath.normpath(target)
    return target != directory and posixpath.commonpath([target, directory]) == directory
