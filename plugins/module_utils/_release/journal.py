# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The note that a switch is under way. While it is there, what is live may be neither the old release nor the new one.

A switch has ended well once the ledger has an entry of its run that says so; the journal may outlive that by a moment.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from .._base import state
from .._base.files import sync_directory, write_durably
from .._postgres.exchange import Swap
from .._run import ledger

FILE = ".release.journal.json"
DAMAGED = (
    "It is the note of a switch that was cut off, so that what is live may be neither release, and nothing is guessed over it. Nothing "
    "has been changed. Move the file away, then go back to the newest backup (`ansible-playbook backups.yml` lists them; it holds what "
    "was live before that switch) with rollback.yml -e rollback_to=<id>, or deploy again."
)
# The ledger's words for a switch whose release was proven to serve.
PROVEN = ("deployed", "rolled back", "restored", "done")


@dataclass(frozen=True)
class Journal:
    """A switch that began and whose end was not reached."""

    run: dict[str, Any]
    # The backup of the release that was live before, with the data the run began with; empty where there was none.
    backup: str
    # Containers of both releases: whatever of them the release that stays does not have is removed in the end.
    containers: list[str] = field(default_factory=list)
    # Databases that are exchanged for restored ones.
    swaps: list[Swap] = field(default_factory=list)
    # What version 0.3.0 knew of such an exchange.
    aside: dict[str, str] = field(default_factory=dict)

    def is_proven(self, root: str) -> bool:
        """Say whether the switch had ended well, and only what comes after that was cut off."""
        entries, _unreadable = ledger.read(root)
        return any(entry["run"] == self.run.get("token") and entry["result"] in PROVEN for entry in entries)


def read(root: str) -> Journal | None:
    """Return the switch that was interrupted here, None where none was."""
    path = os.path.join(root, FILE)
    journal = state.load(path, Journal, DAMAGED)
    try:
        ledger.Run.from_dict(journal.run if journal else {})
    except (ValueError, TypeError):
        raise state.StateError(f"{path} is damaged: run does not describe a run. {DAMAGED}") from None
    if journal and journal.aside:
        raise state.StateError(
            f"{path} was written by version 0.3.0 while databases were exchanged ({', '.join(sorted(journal.aside))}), and this version "
            "does not guess which of them is which. Nothing has been changed. Finish with version 0.3.0 what it began, then run again."
        )
    return journal


def unfinished(root: str) -> Journal | None:
    """Return the switch that was interrupted before its release was proven."""
    pending = read(root)
    return None if pending is None or pending.is_proven(root) else pending


def write(root: str, journal: Journal) -> None:
    """Note that a switch begins."""
    write_durably(os.path.join(root, FILE), (json.dumps(asdict(journal), indent=1, sort_keys=True) + "\n").encode(), 0o600)


def clear(root: str) -> None:
    """Note that it has ended, in one release or the other."""
    with suppress(FileNotFoundError):
        os.unlink(os.path.join(root, FILE))
        sync_directory(root)
