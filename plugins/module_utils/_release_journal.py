# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The note that a switch is under way. While it is there, what is live may be neither the old release nor the new one."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from ansible_collections.rarebooks.platform.plugins.module_utils import _ledger, _state
from ansible_collections.rarebooks.platform.plugins.module_utils._files import sync_directory, write_durably

FILE = ".release.journal.json"
DAMAGED = (
    "It is the note of a switch that was cut off, so that what is live may be neither release, and nothing is guessed over it. Nothing "
    "has been changed. Move the file away, then go back to the newest backup (`ansible-playbook backups.yml` lists them; it holds what "
    "was live before that switch) with rollback.yml -e rollback_to=<id>, or deploy again."
)


@dataclass(frozen=True)
class Journal:
    """A switch that began and whose end was not reached."""

    run: dict[str, Any]
    # The backup of the release that was live before; empty where there was none.
    backup: str
    # Containers of both releases: whatever of them the release that stays does not have is removed in the end.
    containers: list[str] = field(default_factory=list)
    # Databases that are exchanged for restored ones, by container: the name under which the one that was live is kept.
    aside: dict[str, str] = field(default_factory=dict)


def read(root: str) -> Journal | None:
    """Return the switch that was interrupted here, None where none was."""
    path = os.path.join(root, FILE)
    journal = _state.load(path, Journal, DAMAGED)
    try:
        _ledger.Run.from_dict(journal.run if journal else {})
    except (ValueError, TypeError):
        raise _state.StateError(f"{path} is damaged: run does not describe a run. {DAMAGED}") from None
    return journal


def write(root: str, journal: Journal) -> None:
    """Note that a switch begins."""
    write_durably(os.path.join(root, FILE), (json.dumps(asdict(journal), indent=1, sort_keys=True) + "\n").encode(), 0o600)


def clear(root: str) -> None:
    """Note that it has ended, in one release or the other."""
    with suppress(FileNotFoundError):
        os.unlink(os.path.join(root, FILE))
        sync_directory(root)
