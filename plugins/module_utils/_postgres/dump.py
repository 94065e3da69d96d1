# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Dumps a live database, together with the number of rows each table had in the very snapshot that was dumped."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from .._base.files import sync_directory
from . import global_objects
from .client import UNLIMITED, Database, DatabaseError, conninfo, fail, query, size, snapshot
from .helper import MOUNT, beside, remove, scratch_name
from .programs import run_program

if TYPE_CHECKING:
    from docker import DockerClient

FORMATS = ("custom", "directory")
_BUFFER = 1 << 20
_LOCK_MILLISECONDS = 60000
_TABLES_SHOWN = 10
_END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :'application'"


@dataclass(frozen=True)
class Dump:
    """A dump in a backup's directory: a file, or a directory of files, and what must be in it."""

    file: str
    format: str
    size: int
    seconds: float
    tables: dict[str, int]
    # The file beside it that says what surrounded the database; empty in what 0.3 and before have made.
    globals: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Dump:
        """Return the dump that a manifest describes."""
        file, form, beside_it = str(data["file"]), str(data["format"]), str(data.get("globals", ""))
        if file in ("", ".", "..") or "/" in file + beside_it or beside_it in (".", "..") or form not in FORMATS:
            expected = f"names without a directory and one of {', '.join(FORMATS)}"
            advice = "Use another backup, this one's manifest was changed."
            raise DatabaseError("manifest", "this does not describe a dump", expected, f"{file!a}, {beside_it!a} and {form!a}", advice)
        tables = {str(name): int(number) for name, number in data["tables"].items()}
        return cls(file, form, int(data["size"]), float(data["seconds"]), tables, beside_it)

    def to_dict(self) -> dict[str, Any]:
        """Return the dump for a manifest."""
        return asdict(self)

    def require(self, where: str, found: Mapping[str, int]) -> None:
        """Refuse a restored database whose tables or their numbers of rows are not those of the dump."""
        wrong = [
            f"{name}: {_rows(self.tables.get(name))} expected, {_rows(found.get(name))} restored"
            for name in sorted({*self.tables, *found})
            if self.tables.get(name) != found.get(name)
        ]
        if wrong:
            more = f" and {len(wrong) - _TABLES_SHOWN} more" if len(wrong) > _TABLES_SHOWN else ""
            raise DatabaseError(
                where,
                f"the dump {self.file} does not restore what was dumped",
                f"{sum(self.tables.values())} rows in {len(self.tables)} tables",
                f"differences in {len(wrong)} tables ({'; '.join(wrong[:_TABLES_SHOWN])}{more})",
                "Do not rely on this dump; make a new one, or use another backup.",
            )


def _rows(number: int | None) -> str:
    return "no table" if number is None else f"{number} rows"


def dump(
    client: DockerClient,
    database: Database,
    directory: str,
    jobs: int = 0,
    *,
    labels: Mapping[str, str] | None = None,
    compressed: bool = True,
) -> Dump:
    """Dump into directory: as one file, or, for a large database, as a directory written by that many jobs.

    One that is to be deduplicated is not compressed: a row that changes would change all that comes after it.
    """
    begun = time.monotonic()
    path = os.path.join(directory, database.container + (".dumpdir" if jobs else ".dump"))
    application = f"rarebooks-dump-{secrets.token_hex(4)}"
    options = [] if compressed else ["--compress=0"]
    try:
        # A killed run's helper would go on writing there.
        remove(client, scratch_name("dump", database, labels or {}))
        _delete(path)
        with snapshot(client, database) as (name, tables):
            if jobs:
                _write_directory(client, database, path, name, application, jobs, labels or {}, options)
            else:
                _write_file(client, database, path, name, application, options)
            surroundings = global_objects.save(global_objects.read(client, database), directory, database.container)
        sync_directory(directory)
    except BaseException as error:
        # Docker lets a program run on when nobody reads its output, and this one would keep its snapshot.
        with suppress(DatabaseError):
            query(client, database, _END, application=application)
        have = _free(directory)
        _delete(path)
        _delete(os.path.join(directory, database.container + global_objects.SUFFIX))
        if isinstance(error, OSError):
            _refuse(client, database, directory, error, have)
        raise
    seconds = round(time.monotonic() - begun, 3)
    form = "directory" if jobs else "custom"
    return Dump(os.path.basename(path), form, sum(map(os.path.getsize, _files(path))), seconds, tables, surroundings)


def _pg_dump(database: Database, snapshot: str, *options: str) -> list[str]:
    wait = f"--lock-wait-timeout={_LOCK_MILLISECONDS}"
    return ["pg_dump", *options, f"--snapshot={snapshot}", wait, "-w", "-U", database.user, "-d", conninfo(database.name)]


def _write_file(client: DockerClient, database: Database, path: str, snapshot: str, application: str, options: Sequence[str]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb", buffering=_BUFFER) as stream:
        command = _pg_dump(database, snapshot, "--format=custom", *options)
        environment = {"PGHOST": "", "PGAPPNAME": application, **UNLIMITED}
        outcome = run_program(client, database.container, command, environment=environment, into=stream)
        if outcome.code != 0:
            fail(database, "pg_dump failed", outcome)
        stream.flush()
        os.fsync(stream.fileno())


def _write_directory(
    client: DockerClient,
    database: Database,
    path: str,
    snapshot: str,
    application: str,
    jobs: int,
    labels: Mapping[str, str],
    options: Sequence[str],
) -> None:
    os.mkdir(path, 0o700)
    with beside(client, database, "dump", path, labels, writable=True) as helper:
        command = _pg_dump(database, snapshot, "--format=directory", f"--jobs={jobs}", f"--file={MOUNT}", *options)
        outcome = run_program(client, helper, command, environment={"PGAPPNAME": application, **UNLIMITED})
    if outcome.code != 0:
        fail(database, "pg_dump failed", outcome)
    for file in _files(path):
        with open(file, "rb") as stream:
            os.fsync(stream.fileno())
    sync_directory(path)


def _files(path: str) -> list[str]:
    return [entry.path for entry in os.scandir(path)] if os.path.isdir(path) else [path]


def _delete(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def _free(directory: str) -> str:
    try:
        return f"{shutil.disk_usage(directory).free} bytes"
    except OSError:
        return "an unknown number of bytes"


def _refuse(client: DockerClient, database: Database, directory: str, error: OSError, have: str) -> NoReturn:
    need = "room for the dump"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        with suppress(DatabaseError):
            need = f"room for at most {size(client, database)} bytes, the size of the database"
    got = f"{error.strerror}; {have} are free there with the unfinished dump still in place"
    advice = "Free space there, or change where backups are kept, and run it again."
    raise DatabaseError(str(database), f"the dump cannot be written to {directory}", need, got, advice) from error
