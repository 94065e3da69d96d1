# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings a snapshot of the server to each of its repositories; systemd starts it by a timer, and each deploy at its end.

Usage: python3 -m ansible_collections.rarebooks.platform.plugins.module_utils._offsite.snapshot [clear]

What was put together is removed however it ends; clear does that alone, after it was killed.

It takes no lease: a deploy may begin and end meanwhile. What was put together is looked at again afterwards, and where another release
went live, all is done again.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from .._backup.databases import remove_leftovers
from .._base.errors import describe
from .._base.times import TIME, is_ahead
from .._engine import client as engine_client
from .._run import lease, ledger
from . import fetch, images, records, settings, staging, work
from .contents import BACKUP_TAG, NUMBER_TAG, TAG
from .records import Known, Taken
from .repository import Repository
from .settings import Settings
from .staging import Moved, Staged

if TYPE_CHECKING:
    from docker import DockerClient

ACTION = "snapshot"
CLEAR = "clear"
# So often all is done again because of deploys, before it is told that there is no snapshot.
ROUNDS = 4
# A deploy that is at work is waited for so long; one that hangs does not keep the data from being brought away.
SECONDS_TO_WAIT = 3600.0
POLL_SECONDS = 2.0


@dataclass
class Snapshotter:
    """One run of the program."""

    settings: Settings
    client: DockerClient
    repositories: list[Repository]
    state: str = records.DIRECTORY
    place: lease.Place = field(init=False)
    # What went wrong, by repository, for the ledger and the exit code.
    failed: dict[str, str] = field(default_factory=dict)
    # Of the snapshot that is being brought, and by repository what there is of a time that has not been yet.
    number: int = 0
    ahead: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.place = lease.Place(self.settings.path)

    def run(self) -> None:
        """Bring what is live to each repository, again where another release went live meanwhile."""
        brought = ""
        for _round in range(ROUNDS):
            wait_until_idle(self.place)
            staged = self._stage()
            if staged is None:
                return
            self.failed = {}
            self._number_next()
            for repository in self.repositories:
                self._bring(repository, staged)
            brought = staged.release
            staging.clear(self.settings)
            if staging.digest_now(self.settings, self.client) == brought:
                return

    def _stage(self) -> Staged | None:
        """Put together what is live; again where a run at work came between."""
        for last in (False,) * (ROUNDS - 1) + (True,):
            before = runs_ended(self.settings.path)
            try:
                return staging.stage(self.settings, self.client, datetime.now(timezone.utc))
            except Exception as error:
                disturbed = isinstance(error, Moved) or self.place.load() is not None or runs_ended(self.settings.path) != before
                if last or not disturbed:
                    self._fail_all(error)
                    return None
            wait_until_idle(self.place)
        return None

    def _number_next(self) -> None:
        """Give the snapshot that is to be brought the number after all there are, and note which of these have not been yet."""
        found, _errors = fetch.listed(self.repositories, self.settings.host)
        with records.changing(self.state) as known:
            known.number = max([known.number, *(one.snapshot.order[0] for one in found)]) + 1
            self.number = known.number
        moment = datetime.now(timezone.utc)
        self.ahead = {one.repository.shown: one.snapshot.created.strftime(TIME) for one in found if is_ahead(one.snapshot.created, moment)}

    def _bring(self, repository: Repository, staged: Staged) -> None:
        """Bring what was put together to one repository; one that fails keeps no other from having it."""
        told, host = staged.contents, self.settings.host
        try:
            identity = work.recognised(repository, self.state)
            images.bring(self.client, repository, told.images, host)
            tags = [TAG, f"{BACKUP_TAG}{told.backup}", f"{NUMBER_TAG}{self.number}", *images.uses(told.images)]
            added = repository.backup(staged.paths, host, tags)
            notes = [*staged.notes, *(f"Not read: {one}" for one in added.unread)]
            size = (added.added, added.total, added.seconds)
            taken = Taken(added.snapshot, told.created, told.backup, staged.release, *size, notes)
            self._note(repository, lambda known: note_taken(known, identity, taken, self.ahead.get(repository.shown, "")))
            work.tell(
                f"{self.settings.host}: snapshot {taken.id[:8]} of backup {told.backup} is in {repository} ({taken.added >> 20} MiB new)"
            )
            if not self.settings.append_only:
                work.forget_old(repository, self.settings)
        except Exception as error:
            self._fail(repository, error)

    def _note(self, repository: Repository, change: Callable[[Known], None]) -> None:
        with records.changing(self.state) as known:
            change(known.of(repository.shown))

    def _fail(self, repository: Repository, error: Exception) -> None:
        text = describe(error)
        self.failed[repository.shown] = text
        self._note(repository, lambda known: known.fail(ACTION, error, text))

    def _fail_all(self, error: Exception) -> None:
        for repository in self.repositories:
            self._fail(repository, error)


def note_taken(known: Known, identity: str, taken: Taken, ahead: str) -> None:
    """Note a snapshot that is there."""
    known.id, known.snapshot, known.ahead = identity, taken, ahead
    known.succeed(ACTION)


def runs_ended(path: str) -> int:
    """Return how many runs have ended, whichever way."""
    return len(ledger.read(path)[0])


def wait_until_idle(place: lease.Place, seconds: float = SECONDS_TO_WAIT) -> bool:
    """Wait until no run is at work, at most so long; say whether none is."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            lease.inspect(place)
            return True
        except lease.LeaseHeld:
            if time.monotonic() > deadline:
                return False
        time.sleep(POLL_SECONDS)


def main() -> int:
    """Run once, and return the exit code for the unit."""
    if sys.argv[1:] == [CLEAR]:
        found = settings.load()
        with work.idle() as idle:
            if found and idle:
                staging.clear(found)
                remove_leftovers(engine_client.connect(), found.project, staging.PREFIX)
        return 0
    with work.begun(ACTION) as begun:
        if begun is None:
            return 0
        one = Snapshotter(begun.settings, engine_client.connect(), begun.repositories)
        try:
            one.run()
        finally:
            staging.clear(begun.settings)
        begun.failed = one.failed
        return begun.end()


if __name__ == "__main__":
    raise SystemExit(main())
