# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the volumes are there, and none of a database began empty after the release had been proven."""

from __future__ import annotations

import os
from collections.abc import Iterator

from .._backup import volumes as backup_volumes
from .._backup.volumes import Wanted
from .._base.command import run_command
from .._base.sentence import say
from .._release.description import volume_name
from .._run import ledger
from .finding import Finding, failed, passed
from .observed import Observed

# PostgreSQL writes it when it initialises a volume, and never again.
INITIALISED = ("PG_VERSION", "data/PG_VERSION")
LIST = "ansible-playbook backups.yml"


def check(server: Observed) -> Iterator[Finding]:
    """Yield how each volume is."""
    paths = {one["Name"]: str(one.get("Mountpoint") or "") for one in server.client.api.volumes()["Volumes"] or []}
    step = say("See what can be gone back to: {command}", command=LIST)
    lost = {one["volume"]: one for one in backup_volumes.lost(run_command, server.settings.path, wanted(server), paths)}
    written = proven_at(server.settings.path)
    databases = {one.volume for _app, one in server.databases}
    for app in server.release.apps:
        for volume in app.volumes:
            name = volume_name(server.settings.project, volume, app.unprefixed_volumes)
            if name not in paths:
                yield failed("volumes", name, say("expected a volume of this name, got none"), step)
            elif name in lost:
                text = say(
                    "expected the {rows} rows of backup {backup}, got {left}",
                    rows=lost[name]["rows_sealed"],
                    backup=lost[name]["backup"],
                    left=lost[name]["rows"],
                )
                yield failed("volumes", name, text, step)
            elif volume in databases and written and initialised_at(paths[name]) > written:
                text = say("expected the data of the release that is live, got a volume that PostgreSQL initialised after its last deploy")
                yield failed("volumes", name, text, step)
            else:
                yield passed("volumes", name, say("is there"))


def wanted(server: Observed) -> Wanted:
    apps = server.release.apps
    return Wanted(
        project=server.settings.project,
        volumes=frozenset(volume for app in apps for volume in app.volumes),
        databases=tuple(database for _app, database in server.databases),
        unprefixed=frozenset(volume for app in apps for volume in app.unprefixed_volumes),
    )


def proven_at(root: str) -> float:
    """Return when the last run that proved a release was recorded, by this server's own clock; 0 where none has.

    The times in the ledger are those of controllers, whose clocks may be off: of them only what lies between two entries counts.
    """
    entries, _unreadable = ledger.read(root)
    proven = [one for one in entries if one["release"]]
    if not proven:
        return 0.0
    since = ledger.seconds_between(proven[-1]["ended"], entries[-1]["ended"])
    return os.path.getmtime(os.path.join(root, ledger.FILE)) - since


def initialised_at(path: str) -> float:
    """Return when PostgreSQL initialised a volume; 0 where that cannot be told."""
    for name in INITIALISED:
        try:
            return os.path.getmtime(os.path.join(path, name))
        except OSError:
            continue
    return 0.0
