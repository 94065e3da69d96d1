# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finds volumes that a proven release had and that are missing or empty now.

Docker makes a volume that is missing, PostgreSQL initialises an empty one, and an app gives it tables: everything is healthy, and all
data are gone. What there was is known from the ledger, from the live release's description and from sealed backups.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from .._base.command import RunCommand
from .._postgres.counts import COUNT_QUERY
from .._release import live
from .._release.description import Database, Release, volume_name
from .._run import ledger as run_ledger
from . import listing
from .manifest import Manifest
from .verdict import PROVEN, proven_releases

# After these the live release may be one that never served.
UNPROVEN = ("broken", "interrupted")


@dataclass(frozen=True)
class Wanted:
    """What the release to be deployed keeps data in; volumes without the project's prefix, but for those that have none."""

    project: str
    volumes: frozenset[str]
    databases: tuple[Database, ...]
    unprefixed: frozenset[str] = frozenset()

    def name_of(self, volume: str) -> str:
        return volume_name(self.project, volume, self.unprefixed)

    def database_in(self, volume: str) -> Database | None:
        return next((one for one in self.databases if one.volume == volume), None)


@dataclass(frozen=True)
class Sealed:
    """The newest dump of a database."""

    backup: str
    created: float
    rows: int
    others: tuple[str, ...]


def lost(run_command: RunCommand, root: str, wanted: Wanted, paths: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the volumes whose data are gone. Paths tells where each volume of the server lies."""
    ledger, _unreadable = run_ledger.read(root)
    proven = [entry for entry in ledger if entry["result"] in PROVEN]
    suspects = [volume for volume in sorted(wanted.volumes) if proven and _suspect(paths, wanted, volume, _seconds(proven[-1]["ended"]))]
    if not suspects:
        return []
    manifests = [one.manifest for one in listing.find_all(root) if one.manifest is not None]
    had = known_volumes(root, ledger, manifests, wanted)
    found = [_look(run_command, wanted, volume, paths, manifests) for volume in suspects if volume in had]
    return [one for one in found if one is not None]


def _suspect(paths: Mapping[str, str], wanted: Wanted, volume: str, proven: float) -> bool:
    """Say whether a volume is missing, or one of a database that was made after the last run that ended well."""
    path = paths.get(wanted.name_of(volume))
    return path is None or (wanted.database_in(volume) is not None and _created(path) > proven)


def _look(
    run_command: RunCommand, wanted: Wanted, volume: str, paths: Mapping[str, str], manifests: list[Manifest]
) -> dict[str, Any] | None:
    """Return what is gone with a volume; None where it holds as much as its dump."""
    name, database = wanted.name_of(volume), wanted.database_in(volume)
    sealed = newest_dump(manifests, database.container) if database else None
    facts = {
        "volume": name,
        "database": database.name if database else "",
        "container": database.container if database else "",
        "backup": sealed.backup if sealed else "",
        "others": list(sealed.others) if sealed else [],
        "rows_sealed": sealed.rows if sealed else 0,
        "rows": 0,
    }
    if name not in paths:
        return {**facts, "state": "missing"}
    if database is None or sealed is None or _created(paths[name]) <= sealed.created:
        return None
    rows = count_rows(run_command, database, paths[name])
    return None if rows is None or rows >= sealed.rows else {**facts, "state": "empty", "rows": rows}


def known_volumes(root: str, ledger: list[dict[str, Any]], manifests: Iterable[Manifest], wanted: Wanted) -> set[str]:
    """Return the volumes that the live release, where it is known to have served, and the newest good backup say they have."""
    switched = [entry["result"] for entry in ledger if entry["result"] in (*PROVEN, *UNPROVEN)]
    # Of a server set up by hand, a backup is described by the release that took its place.
    served = proven_releases(ledger)
    good = [manifest for manifest in manifests if not manifest.by_hand and manifest.release in served]
    releases = [good[-1].description] if good else []
    if switched[-1:] and switched[-1] not in UNPROVEN:
        releases.append(live.stated(root))
    return {volume for release in releases for volume in _described(release, wanted)}


def _described(release: Release, wanted: Wanted) -> set[str]:
    """Return the volumes of a release; older ones name their databases alone."""
    volumes = {volume for app in release.apps for volume in app.volumes}
    containers = {database.container for app in release.apps for database in app.databases}
    return volumes | {one.volume for one in wanted.databases if one.volume and one.container in containers}


def newest_dump(manifests: Iterable[Manifest], container: str) -> Sealed | None:
    """Return the newest dump of a container's database."""
    for manifest in reversed(list(manifests)):
        dump = (manifest.databases.get(container) or {}).get("dump")
        if dump:
            others = tuple(sorted(name for name, one in manifest.databases.items() if one.get("dump") and name != container))
            return Sealed(manifest.id, _seconds(manifest.created), sum(map(int, (dump.get("tables") or {}).values())), others)
    return None


def count_rows(run_command: RunCommand, database: Database, path: str) -> int | None:
    """Return the rows in a database that is newer than its dump; None where nothing answers and something lies there."""
    psql = ["psql", "-X", "-q", "-A", "-t", "-w", "-U", database.user, "-d", database.name]
    argv = ["docker", "exec", "--interactive", database.container, *psql]
    code, output, _error = run_command(argv, data=f"{COUNT_QUERY};\n", handle_exceptions=False)
    if code == 0:
        return sum(int(line.rpartition("|")[2]) for line in output.splitlines() if line)
    return None if os.path.exists(os.path.join(path, "PG_VERSION")) else 0


def _created(path: str) -> float:
    """Return when a volume was made, as the engine itself tells it; 0 for one that lies elsewhere."""
    try:
        return os.lstat(os.path.dirname(path)).st_ctime if path else 0.0
    except OSError:
        return 0.0


def _seconds(text: str) -> float:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc).timestamp()
    except ValueError:
        return 0.0
