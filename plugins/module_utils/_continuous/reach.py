# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which repository a moment is reached from: the first that has a base from before it, and the log from there until then.

It is read off what the repositories list, so that nothing large comes from one that does not lead there.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from .._offsite.refresh import moment_of
from .._offsite.repository import Repository, RepositoryError, Snapshot
from . import log_files
from .base import bases_of
from .moment import UNCHANGED, From, MomentError, completed, shown
from .settings import DIRECTORY, Place

NO_BASE = (
    "The first one is made within the hour after stack_offsite_repository was set and deployed; what there is, is shown by: "
    "ansible-playbook offsite.yml"
)
DUMPS = "Dumps of before: ansible-playbook database.yml"


@dataclass(frozen=True)
class Reach:
    """How far a base leads with the log after it: until when, None for what is being received here, and which segment is missing then."""

    until: datetime | None
    missing: str = ""

    def complaint(self, source: From, moment: datetime) -> str:
        """Return why a moment is not reached, nothing where it is."""
        if self.until is None or moment <= self.until:
            return ""
        end = f"lacks segment {self.missing}" if self.missing else f"ends at {shown(self.until)}"
        return f"its log {end}; from its base of {shown(source.at)} any second until {shown(self.until)} can be restored."


def choose(repositories: Sequence[Repository], container: str, host: str, moment: datetime, root: str = DIRECTORY) -> From:
    """Return the newest base of a server's database before a moment, of the first repository that leads to that."""
    told, based = [], False
    for repository in repositories:
        try:
            bases = sorted(bases_of(repository, container, host), key=completed)
            based = based or bool(bases)
            fitting = [one for one in bases if completed(one) <= moment]
            if fitting:
                source = From(repository, fitting[-1])
                why = reach_of(source, container, root).complaint(source, moment)
                if not why:
                    return source
            elif bases:
                why = f"any second from {shown(completed(bases[0]))} on can be restored, when its oldest base of {container} was complete."
            else:
                why = f"it has no base of {container}."
            told.append(f"Repository {repository}: {why}")
        except RepositoryError as error:
            told.append(str(error))
    raise MomentError(
        f"restore_time: expected a repository from which {container} can be restored to {shown(moment)}, got none. {UNCHANGED} "
        f"{' '.join(told)} {DUMPS if based else NO_BASE}"
    )


def reach_of(source: From, container: str, root: str = DIRECTORY) -> Reach:
    """Return how far a base leads, with the log in its repository and that which is still here."""
    here = {one.name: one for one in log_files.files_in(Place(container, source.cluster, root).log) if log_files.is_segment(one.name)}
    logs = source.log()
    there = {os.path.basename(path).removesuffix(log_files.PARTIAL): one for one in logs for path in one.paths}
    (path,) = source.snapshot.paths
    # What makes the base consistent came with it.
    within = {
        os.path.basename(one["path"]): int(one.get("size", 0)) for one in source.repository.files(source.snapshot.id, f"{path}/pg_wal")
    }
    size = next((size for name, size in within.items() if log_files.is_segment(name)), 0)
    if not size:
        return Reach(None)  # Nobody can count its segments: the recovery finds out.
    missing, before = log_files.first_missing([*here, *there, *within], source.start, size)
    if missing and before in here:
        return Reach(datetime.fromtimestamp(here[before].changed / 1e9, timezone.utc), missing)
    if missing:
        return Reach(_written(source, there[before], before) if before in there else source.at, missing)
    if here and max(here) >= max(there, default=""):
        return Reach(None)
    return Reach(max((one.created for one in logs), default=source.at))


def _written(source: From, snapshot: Snapshot, name: str) -> datetime:
    """Return when a segment was last written to."""
    for one in source.repository.files(snapshot.id):
        if os.path.basename(one["path"]).removesuffix(log_files.PARTIAL) == name:
            return datetime.fromtimestamp(moment_of(str(one["mtime"])) / 1e9, timezone.utc)
    return source.at
