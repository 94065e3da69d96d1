# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many rows had been written to a database when one volume took the place of another as the one that it lies in.

By these numbers it is known later whether going back to the other volume loses anything. A volume that is only being filled is told by
the same record from one that somebody's rows may be in.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from .._base import state
from .._base.files import write_durably

FILE = ".database_volumes.json"
# In the place of the number: it is being filled, and nothing but that has been done to it.
UNFINISHED = -1
REMEDY = "Nothing has been changed. Move it away: going back to another volume then asks for a confirmation in any case."


@dataclass(frozen=True)
class Volumes:
    """What is known of the volumes by their names in Compose."""

    format: int = 1
    written: dict[str, int] = field(default_factory=dict)


def read(root: str) -> dict[str, int]:
    """Return the rows that had been written to the database in each volume."""
    known = state.load(os.path.join(root, FILE), Volumes, REMEDY)
    return dict(known.written) if known else {}


def note(root: str, volume: str, written: int) -> None:
    """Remember it, so that it survives the end of the server as well."""
    _write(root, {**read(root), volume: written})


def note_served(root: str, volumes: Iterable[str]) -> None:
    """Take none of the volumes that a release was proven with for one that is only being filled: where a run was killed just before it
    had noted the rows, nobody knows whose are in it since.
    """
    known, served = read(root), set(volumes)
    left = {volume: written for volume, written in known.items() if volume not in served or written != UNFINISHED}
    if left != known:
        _write(root, left)


def _write(root: str, written: dict[str, int]) -> None:
    known = Volumes(written=written)
    write_durably(os.path.join(root, FILE), (json.dumps(asdict(known), indent=1, sort_keys=True) + "\n").encode(), 0o600)
