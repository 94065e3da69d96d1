# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Proves that snapshots can be restored, and then the log: each database as it was last, from what is elsewhere alone, and counted.

Usage: python3 -m ansible_collections.rarebooks.platform.plugins.module_utils._continuous.drill [clear]

With clear it removes what one that was killed has left.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._backup import databases as backup_databases
from .._base.errors import describe
from .._engine import client as engine_client
from .._engine.containers import OWNER_LABEL
from .._offsite import drill as snapshots
from .._offsite import work
from .._offsite.repository import Repository
from .._offsite.settings import Settings, load
from .._postgres.client import COUNT_QUERY, Database, counts, query
from .._run.ledger import now
from . import newer, recover, state_file
from .followed import clusters
from .settings import DIRECTORY, DRILL, PREFIX, Place
from .state_file import Proof

if TYPE_CHECKING:
    from docker import DockerClient

ACTION = "drill of the log"
CLEAR = "clear"


def prove_all(client: DockerClient, settings: Settings, repositories: Sequence[Repository], root: str = DIRECTORY) -> dict[str, str]:
    """Prove the log of each database that is followed, and write down what came of it; return what failed, by container."""
    known, bases, proofs, failed = state_file.read(root), state_file.read_bases(root), state_file.read_proofs(root), {}
    for database in clusters(settings.path):
        container = database.container
        try:
            cluster = known.of(container).cluster
            based = any(one.is_of(cluster, settings.host) for one in bases.databases.get(container, {}).values())
            proof = _prove(client, settings, repositories, database, cluster, root, based)
        except Exception as error:
            failed[container] = f"{container}: its log: {describe(error)}"
            proofs.of(container).trouble = f"{now()}: {describe(error)}"
        else:
            if proof:
                proofs.databases[container] = proof
                work.tell(f"{settings.host}: the log of {container} was restored in {proof.seconds} s, until {proof.until}")
        state_file.write(proofs, root)
    return failed


def _prove(
    client: DockerClient,
    settings: Settings,
    repositories: Sequence[Repository],
    database: Database,
    cluster: str,
    root: str,
    based: bool,
) -> Proof | None:
    """Return what one log proved; None where there is no base yet of what is live, which the verification tells."""
    began = time.monotonic()
    found = newer.sources(repositories, database.container, settings.host)
    source = next((one for one in found if one.cluster == cluster), None)
    if source is None and based:
        raise newer.LogError("expected the base that was brought to a repository to be there, got none: somebody has let it go.")
    if source is None:
        return None
    scratch = recover.Work(os.path.join(root, DRILL, database.container), DRILL)
    # What is received lies elsewhere: where the server is lost, there is only what was brought away.
    nowhere = Place(database.container, cluster, os.path.join(root, DRILL, "none"))
    try:
        recover.gather(source, nowhere, scratch)
        with recover.recovered(client, database, source, scratch, None, {OWNER_LABEL: settings.project}) as then:
            until, tables = newer.last_commit(client, then), counts(query(client, then, COUNT_QUERY))
    finally:
        recover.clear(scratch)
    return Proof(now(), until, len(tables), sum(tables.values()), round(time.monotonic() - began, 1))


def clear(client: DockerClient, settings: Settings, root: str = DIRECTORY) -> None:
    """Remove what a drill left that was killed."""
    backup_databases.remove_leftovers(client, settings.project, f"{PREFIX}{DRILL}-")
    shutil.rmtree(os.path.join(root, DRILL), ignore_errors=True)


def main() -> int:
    """Run once, and return the exit code."""
    if sys.argv[1:] == [CLEAR]:
        found = load()
        with work.idle() as idle:
            if found and idle:
                clear(engine_client.connect(), found)
        return 0
    # First the snapshots, each by itself: one that cannot be restored says nothing of the log.
    code = snapshots.main()
    with work.begun(ACTION) as begun:
        if begun is None:
            return code
        begun.failed = prove_all(engine_client.connect(), begun.settings, begun.repositories)
        return max(code, begun.end())


if __name__ == "__main__":
    raise SystemExit(main())
