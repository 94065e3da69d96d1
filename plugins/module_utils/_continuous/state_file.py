# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is known of each database that is followed: how far its log was received and brought away, and what went wrong."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field

from .._base import state
from .._base.files import make_directory, write_durably
from .settings import DIRECTORY

REMEDY = "Remove it: it is written anew within a minute."


@dataclass
class Shipped:
    """One repository. At is when it last had all that was received, since is from when on it is known; times are ISO 8601 in UTC.

    Id is the repository's own, anew since when it is another one than before: nothing of what came before that is in it.

    Last is the newest complete segment that is there, seen tells the one that is being written from what it was then. Lost is when so much
    waited for this one alone that some of it was removed: there is a gap in it, which the next base ends.
    """

    at: str = ""
    last: str = ""
    seen: str = ""
    partials: int = 0
    lost: str = ""
    trouble: str = ""
    id: str = ""
    since: str = ""
    anew: str = ""


@dataclass
class Followed:
    """One database cluster. Lag is what was written and not received, waiting what was received and is in no repository.

    Received is until where it was received by the slot, still in how many looks since nothing came.

    Lost is when its slot was found to be lost: there is a gap in the log, which the next base ends. Since is from when on it is known.
    """

    cluster: str = ""
    at: str = ""
    lsn: str = ""
    lag: int = 0
    slot: str = ""
    waiting: int = 0
    size: int = 0
    received: str = ""
    still: int = 0
    lost: str = ""
    trouble: str = ""
    since: str = ""
    repositories: dict[str, Shipped] = field(default_factory=dict)

    def of(self, location: str) -> Shipped:
        """Return what is known of a repository."""
        return self.repositories.setdefault(location, Shipped())

    def gap(self, location: str) -> str:
        """Return since when a repository's log has a gap, or nothing at all of before; nothing where it is whole."""
        return max(self.lost, self.of(location).lost, self.of(location).anew)


@dataclass
class Based:
    """The last base of a cluster in a repository, by the name that the server had then, and what went wrong since."""

    cluster: str = ""
    at: str = ""
    trouble: str = ""
    began: str = ""
    host: str = ""

    @property
    def begun(self) -> str:
        """Return since when it needs a log without a gap, which is not since it was complete. Older records know no better."""
        return self.began or self.at

    def is_of(self, cluster: str, host: str) -> bool:
        """Say whether it is what the log is applied to that comes now. Older records do not say of which server it is."""
        return bool(self.at) and self.cluster == cluster and self.host in ("", host)


@dataclass
class Records:
    """All databases, by container. At is when they were last looked at."""

    at: str = ""
    databases: dict[str, Followed] = field(default_factory=dict)

    def of(self, container: str) -> Followed:
        return self.databases.setdefault(container, Followed())

    def set_right(self, now: str) -> None:
        """Have times that have not been yet count as now: a clock that was ahead wrote them, and they would hide what comes after."""
        for one in self.databases.values():
            one.at, one.lost, one.since = (min(time, now) for time in (one.at, one.lost, one.since))
            for each in one.repositories.values():
                each.at, each.lost, each.since, each.anew = (min(time, now) for time in (each.at, each.lost, each.since, each.anew))


@dataclass
class Bases:
    """The last base of each database in each repository. A file of its own: another program writes it."""

    databases: dict[str, dict[str, Based]] = field(default_factory=dict)

    def of(self, container: str, location: str) -> Based:
        return self.databases.setdefault(container, {}).setdefault(location, Based())


@dataclass
class Proof:
    """When the log of a database was last restored to its end, when that was written, and what was counted; then what went wrong since."""

    at: str = ""
    until: str = ""
    tables: int = 0
    rows: int = 0
    seconds: float = 0.0
    trouble: str = ""


@dataclass
class Proofs:
    """The last drill of each database's log, by container."""

    databases: dict[str, Proof] = field(default_factory=dict)

    def of(self, container: str) -> Proof:
        return self.databases.setdefault(container, Proof())


NAMES: dict[type[Records | Bases | Proofs], str] = {Records: "state.json", Bases: "bases.json", Proofs: "proofs.json"}


def read(directory: str = DIRECTORY) -> Records:
    """Return what is known; nothing where there is none."""
    return state.load(os.path.join(directory, NAMES[Records]), Records, REMEDY) or Records()


def read_bases(directory: str = DIRECTORY) -> Bases:
    """Return what is known of bases."""
    return state.load(os.path.join(directory, NAMES[Bases]), Bases, REMEDY) or Bases()


def read_proofs(directory: str = DIRECTORY) -> Proofs:
    """Return what drills of the log have proven."""
    return state.load(os.path.join(directory, NAMES[Proofs]), Proofs, REMEDY) or Proofs()


def write(known: Records | Bases | Proofs, directory: str = DIRECTORY) -> None:
    """Write it down."""
    make_directory(directory, 0o700)
    write_durably(os.path.join(directory, NAMES[type(known)]), (json.dumps(state.plain(known), indent=1) + "\n").encode(), 0o600)
