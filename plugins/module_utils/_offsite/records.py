# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is known of each repository on this server: the last snapshot, check and drill, and what went wrong last.

The programs write it, verification and summaries read it. A repository goes by its location as it is shown, without a password.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .._base import state
from .._base.files import make_directory, write_durably
from .._run.ledger import now
from .complaints import RepositoryError

DIRECTORY = "/var/lib/rarebooks.platform/offsite"
FILE = "state.json"
REMEDY = "Remove it: the next snapshot writes it anew."


@dataclass
class Trouble:
    """What went wrong, doing what; times are ISO 8601 in UTC."""

    at: str
    kind: str
    text: str


@dataclass
class Taken:
    """A snapshot: its id in the repository, the backup in it, bytes that were new, and of which it is. Notes are what it lacks."""

    id: str
    at: str
    backup: str
    release: str
    added: int
    total: int
    seconds: float
    notes: list[str] = field(default_factory=list)


@dataclass
class Checked:
    """A check that found nothing: which part of how many it has read."""

    at: str
    part: int
    parts: int


@dataclass
class Drilled:
    """A drill that proved a snapshot: how many tables were counted, files hashed, and containers that became healthy on it.

    Notes are what it left out, and why; the turn is which part of the files it was.
    """

    at: str
    backup: str
    seconds: float
    tables: int = 0
    files: int = 0
    probes: int = 0
    notes: list[str] = field(default_factory=list)
    turn: int = 0


@dataclass
class Known:
    """One repository. Id is the repository's own, from when it was first seen; troubles are by what was done, and end when it succeeds.

    Ahead is the time of a snapshot of this server in it that had not been when the last one was made.
    """

    id: str = ""
    snapshot: Taken | None = None
    check: Checked | None = None
    drill: Drilled | None = None
    pruned: str = ""
    ahead: str = ""
    troubles: dict[str, Trouble] = field(default_factory=dict)

    def fail(self, doing: str, error: BaseException, text: str) -> None:
        """Note that something went wrong."""
        self.troubles[doing] = Trouble(now(), error.kind if isinstance(error, RepositoryError) else "failed", text)

    def succeed(self, doing: str) -> None:
        """Note that it went well."""
        self.troubles.pop(doing, None)


@dataclass
class Records:
    """All repositories that there ever were on this server, by location, and the number that a snapshot was given last."""

    repositories: dict[str, Known] = field(default_factory=dict)
    number: int = 0

    def of(self, location: str) -> Known:
        """Return what is known of one."""
        return self.repositories.setdefault(location, Known())


def read(directory: str = DIRECTORY) -> Records:
    """Return what is known; nothing where there is none."""
    return state.load(os.path.join(directory, FILE), Records, REMEDY) or Records()


@contextmanager
def changing(directory: str = DIRECTORY) -> Iterator[Records]:
    """Yield what is known, and write down what became of it; no other program does so meanwhile."""
    make_directory(directory, 0o700)
    descriptor = os.open(os.path.join(directory, f"{FILE}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            known = read(directory)
        except state.StateError:
            known = Records()  # It remembers nothing that the next runs do not find out again.
        yield known
        write_durably(os.path.join(directory, FILE), (json.dumps(state.plain(known), indent=1) + "\n").encode(), 0o600)
    finally:
        os.close(descriptor)
