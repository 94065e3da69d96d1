# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The moment that a database is to be restored to, as people type it, and a base that it may be reached from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone

from .._base.errors import PlatformError
from .._base.times import TIME
from .._offsite.repository import Repository, Snapshot
from .shipping import PARTIAL, WAL, furthest

UNCHANGED = "Nothing has been changed."
EXAMPLE = "2026-11-25 21:14:30+03"
_HOURS_ONLY = re.compile(r"(?<=[+-]\d\d)$")


class MomentError(PlatformError):
    """A database cannot be restored to a moment; the message says what is possible."""


@dataclass(frozen=True)
class From:
    """A base in a repository, with the log that begins there."""

    repository: Repository
    snapshot: Snapshot

    @property
    def cluster(self) -> str:
        return self.snapshot.tagged("cluster:")[0]

    @property
    def start(self) -> str:
        return self.snapshot.tagged("start:")[0]

    @property
    def at(self) -> datetime:
        return completed(self.snapshot)

    def log(self) -> list[Snapshot]:
        """Return what the repository has of the log from there on: first what was being written, then what is complete, which replaces it.

        They are listed in this order, the other way round than they are brought there: what is completed meanwhile would be in neither.
        """
        # Others may share the repository, and a copy of a whole machine has the cluster's number as well.
        container, host = self.snapshot.tagged("container:")[0], self.snapshot.host
        tags = (f"cluster:{self.cluster}", f"container:{container}")
        partials = furthest(self.repository.snapshots(PARTIAL, *tags, host=host))
        return [*partials, *(one for one in self.repository.snapshots(WAL, *tags, host=host) if one.tagged("last:")[0] >= self.start)]


def parse(typed: str, now: datetime) -> datetime:
    """Return the moment that somebody typed, in UTC."""
    text = typed.strip().replace("Z", "+00:00")
    try:
        moment = datetime.fromisoformat(_HOURS_ONLY.sub(":00", text) if re.search(r"\d:\d\d.*[+-]\d\d$", text) else text)
    except ValueError:
        raise MomentError(f"restore_time: expected a time such as '{EXAMPLE}', got {typed!r}. {UNCHANGED}") from None
    if moment.tzinfo is None:
        raise MomentError(
            f"restore_time: expected a time with its time zone, such as '{EXAMPLE}', got {typed!r}, which is another "
            f"moment in each. {UNCHANGED}"
        )
    if moment > now:
        raise MomentError(f"restore_time: expected a time that has been, at most {shown(now)}, got {shown(moment)}. {UNCHANGED}")
    return moment.astimezone(timezone.utc)


def shown(moment: datetime) -> str:
    """Return a moment for people."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S+00")


def completed(snapshot: Snapshot) -> datetime:
    """Return when a base was complete: nothing before that can be reached from it."""
    return datetime.strptime(snapshot.tagged("at:")[0], TIME).replace(tzinfo=timezone.utc)
