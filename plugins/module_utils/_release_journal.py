# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The note that a switch is under way. While it is there, what is live may be neither the old release nor the new one."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from ansible_collections.rarebooks.platform.plugins.module_utils._files import read_if_exists, sync_directory, write_durably

FILE = ".release.journal.json"


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
    content = read_if_exists(os.path.join(root, FILE))
    return None if content is None else Journal(**json.loads(content))


def write(root: str, journal: Journal) -> None:
    """Note that a switch begins."""
    write_durably(os.path.join(root, FILE), (json.dumps(asdict(journal), indent=1, sort_keys=True) + "\n").encode(), 0o600)


def clear(root: str) -> None:
    """Note that it has ended, in one release or the other."""
    with suppress(FileNotFoundError):
        os.unlink(os.path.join(root, FILE))
        sync_directory(root)
