# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The moment that a database is to be restored to, as people type it, and which base it is reached from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from .._base.errors import PlatformError
from .._base.times import TIME
from .._offsite.repository import Repository, RepositoryError, Snapshot
from .base import bases_of

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


def choose(repositories: Sequence[Repository], container: str, host: str, moment: datetime) -> From:
    """Return the newest base of a server's database before a moment, of the first repository that has one and can be reached."""
    oldest: list[datetime] = []
    troubles: list[str] = []
    for repository in repositories:
        try:
            bases = sorted(bases_of(repository, container, host), key=completed)
        except RepositoryError as error:
            troubles.append(str(error))
            continue
        fitting = [one for one in bases if completed(one) <= moment]
        if fitting:
            return From(repository, fitting[-1])
        oldest += [completed(one) for one in bases]
    if troubles:
        raise MomentError(f"{' '.join(troubles)} {UNCHANGED}")
    if not oldest:
        raise MomentError(
            f"restore_time: expected a repository with a base of {container}, got none. {UNCHANGED} The first one is made within the hour "
            "after stack_offsite_repository was set and deployed; what it has is shown by: ansible-playbook offsite.yml"
        )
    raise MomentError(
        f"restore_time: expected a time from {shown(min(oldest))} on, when the oldest base of {container} was complete, got "
        f"{shown(moment)}. {UNCHANGED} Dumps of before: ansible-playbook database.yml"
    )
