# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The note that a server is being restored from a repository: until its release serves, nothing but that may go on there.

Without it a deploy would begin with whatever has come back so far, empty databases too, and the next snapshot would be of that.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from .._base import state
from .._base.files import make_directory, sync_directory, write_durably

FILE = ".restoring.json"
# Dumps of what the log has beyond the backup's own.
NEWER = ".restoring-dumps"
REMEDY = "Remove it where nothing is being restored; otherwise run ansible-playbook restore_server.yml again."


@dataclass
class Newer:
    """A dump of a database that is newer than the backup's: its last row's time, and what it is (_postgres.dump)."""

    until: str
    dump: dict[str, Any]


@dataclass
class Restoring:
    """Which backup comes back, from which snapshot of which repository, which parts are there, and which volumes are among them.

    Log says whether what the log has beyond the backup is wanted as well; newer has by container the dumps of that, which lie in NEWER and
    are taken instead of the backup's.
    Prepared is said of one that was brought ahead: the next run takes the newest, and of that only what differs.
    """

    backup: str
    snapshot: str
    repository: str
    done: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    log: bool = True
    newer: dict[str, Newer] = field(default_factory=dict)
    prepared: bool = False


def read(root: str) -> Restoring | None:
    """Return what is being restored, None where nothing is."""
    return state.load(os.path.join(root, FILE), Restoring, REMEDY)


def write(root: str, note: Restoring) -> None:
    """Note what is being restored, and how far it is."""
    make_directory(root, 0o755)
    write_durably(os.path.join(root, FILE), (json.dumps(state.plain(note), indent=1) + "\n").encode(), 0o600)


def clear(root: str) -> None:
    """Note that it serves."""
    shutil.rmtree(os.path.join(root, NEWER), ignore_errors=True)
    with suppress(FileNotFoundError):
        os.unlink(os.path.join(root, FILE))
        sync_directory(root)


def refusal(root: str, action: str, to: str = "") -> str:
    """Return why an action has to wait, nothing where it need not: only what brings the backup back goes on.

    To is the backup that a rollback goes to, empty as long as nobody knows.
    """
    found = read(root)
    if found is None or action == "restore" or (action == "rollback" and to in ("", found.backup)):
        return ""
    return (
        f"{root}: expected a server that is whole, got one whose restore from {found.repository} has not ended (backup {found.backup}). "
        "Nothing has been changed. Run ansible-playbook restore_server.yml again: it goes on where it was."
    )
