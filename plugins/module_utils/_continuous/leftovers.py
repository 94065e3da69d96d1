# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a killed restore to a moment leaves: a directory with a copy of the database and, with it, containers that see that.

Only for whoever has just taken the lease, under which they are made: then none is at work.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress

from .settings import PREFIX, RESTORING


def places(root: str) -> dict[str, str]:
    """Return the directories in which restores to a moment work, by the container of the database."""
    directory = os.path.join(root, RESTORING)
    with suppress(FileNotFoundError, NotADirectoryError):
        return {name: os.path.join(directory, name) for name in sorted(os.listdir(directory))}
    return {}


def remove(root: str) -> list[str]:
    """Remove what killed restores left, and return the directories.

    A directory goes last: as long as it is there, the next run knows that something is left.
    """
    found = places(root)
    if not found:
        return []
    # Here, since each run takes a lease and hardly any finds something: the engine's library takes a while to load.
    from .._engine import client as engine_client
    from .._postgres import helper

    client = engine_client.connect()
    for container, place in found.items():
        recovered = f"{PREFIX}{RESTORING}-{container}"
        # What dumped from it is in its network.
        for name in (f"{helper.PREFIX}dump-{recovered}", recovered):
            helper.remove(client, name)
        shutil.rmtree(place)
    return list(found.values())
