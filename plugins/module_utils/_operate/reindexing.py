# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Building the indexes of an app's databases anew where their image sorts text in another way than before, while the app serves."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._base.errors import describe, facts_of
from .._postgres import collation
from .._postgres.client import Database, DatabaseError
from .._postgres.collation import Outdated
from .._switch.server import Server
from . import standing
from .options import Options
from .record import Record
from .standing import OperationError

if TYPE_CHECKING:
    from docker import DockerClient

STEP = "building indexes anew"


@dataclass(frozen=True)
class Reindexing:
    """A database to build anew, and the one of the app in whose server it is."""

    beside: Database
    outdated: Outdated

    @property
    def facts(self) -> dict[str, str]:
        one = self.outdated
        return {"database": one.name, "container": self.beside.container, "built": one.built, "now": one.now}


def wanted(client: DockerClient, databases: Iterable[Database]) -> tuple[list[Reindexing], list[str]]:
    """Return what has to be built anew in the servers of some databases, and a note for each that could not be looked at.

    What cannot be built anew is refused.
    """
    found, notes = list[Reindexing](), list[str]()
    for database in {one.container: one for one in databases}.values():
        try:
            found += [Reindexing(database, outdated) for outdated in collation.all_outdated(client, database)]
        except DatabaseError as error:
            notes.append(f"Whether indexes of {database} have to be built anew is not known. {error}")
    for one in found:
        if not one.outdated.can_be_rebuilt:
            raise OperationError(
                f"Database {one.outdated.name} in {one.beside.container}: expected the library by which its indexes were built, version "
                f"{one.outdated.built or 'unknown'}, or a later one, got version {one.outdated.now or 'unknown'}. Nothing has been "
                "changed. PostgreSQL does not go from one kind of library to another: use an image of the kind of before, of Debian or of "
                "Alpine."
            )
    return found, notes


def rebuild(client: DockerClient, found: Iterable[Reindexing]) -> None:
    """Build all of it anew, one after the other."""
    for one in found:
        collation.rebuild(client, one.beside, one.outdated.name)


def alone(options: Options, server: Server, found: Iterable[Reindexing]) -> dict[str, Any]:
    """Build it anew where that is all that there is to do, and record it; return what of the result that is."""
    began, record = time.monotonic(), Record(options.place, options.run, STEP, options.backup)
    record.begin()
    try:
        rebuild(server.client, found)
    except Exception as error:
        record.write("failed", error)
        raise OperationError(describe(error), **facts_of(error), result="failed", restored="") from error
    release = standing.proven(server)
    record.write("done", release=release)
    return {"release": release, "seconds": round(time.monotonic() - began, 1), "notes": record.problems}
