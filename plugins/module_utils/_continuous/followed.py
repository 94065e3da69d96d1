# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which databases are followed: those of the live release, one in each container, since the log is a whole cluster's."""

from __future__ import annotations

import os

from .._backup.databases import databases_of
from .._base.errors import PlatformError
from .._postgres.client import Database
from .._release import live
from .._release.description import FILE
from .._tree import plan


def clusters(path: str) -> list[Database]:
    """Return one database of each container of the live release; raise PlatformError where it is damaged, and not without databases."""
    existing = plan.look(os.path.join(path, FILE))
    if damage := live.damage_of({FILE: existing} if existing else {}):
        raise PlatformError(f"{path}/{damage}. So it is not known which databases there are. Deploy again, which writes it anew.")
    found: dict[str, Database] = {}
    for databases in databases_of(live.stated(path)).values():
        for database in databases:
            found.setdefault(database.container, database)
    return list(found.values())
