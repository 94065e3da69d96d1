# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Follows the write-ahead log of each database of the live release, and brings it to each repository; systemd keeps it running.

Usage: python3 -m ansible_collections.rarebooks.platform.plugins.module_utils._continuous.follow [off]

What it has is read anew each time, so that a deploy that replaces a container, a restart and a kill are all the same to it. With off it
leaves the databases as they were before they were followed.
"""

from __future__ import annotations

import shutil
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from .._base import command
from .._base.errors import PlatformError, describe
from .._engine import client as engine_client
from .._offsite import work
from .._offsite.repository import Repository, RepositoryError, access_of
from .._offsite.settings import Settings, load
from .._postgres.client import Database, DatabaseError
from .._run import ledger
from .._run.ledger import now
from . import base, receiver, shipping, slot, state_file
from .followed import clusters
from .settings import DIRECTORY, SLOT, Bounds, Place
from .state_file import Followed, Shipped

if TYPE_CHECKING:
    from docker import DockerClient

ACTION = "continuous"
# So many looks without anything that came, though something was written or nobody receives: a minute.
LOOKS_STILL = 3
# So many looks between two questions which repository it is, which starts restic once more: five minutes. One that has failed is
# asked as soon as it is there again.
LOOKS_BETWEEN_IDS = 15
# What was received of a cluster or of a container that is not any more, for whoever notices late that it was the right one.
DAYS_KEPT = 14
BASE_UNIT = "rarebooks-base.service"
# A base that failed is not tried at each look.
SECONDS_BETWEEN_BASES = 3600.0


@dataclass
class Follower:
    """What follows the databases of one server."""

    settings: Settings
    client: DockerClient
    repositories: Sequence[Repository]
    bounds: Bounds = field(default_factory=Bounds)
    root: str = DIRECTORY
    # After how many looks each repository is asked which one it is.
    _looks_to_id: dict[str, int] = field(default_factory=dict)

    def look(self) -> bool:
        """Look once at each database, and say whether one needs a new base. One in trouble keeps no other from being followed."""
        known = state_file.read(self.root)
        known.set_right(now())
        wanted = clusters(self.settings.path)
        for database in wanted:
            one = known.of(database.container)
            one.since = one.since or now()
            try:
                self._follow(database, one, lambda: state_file.write(known, self.root))
                one.trouble = ""
            except Exception as error:
                self._trouble(one, f"{database}: {describe(error)}")
            if one.cluster:
                self._ship(Place(database.container, one.cluster, self.root), one)
        gone = receiver.all_followed(self.client, self.settings.project) | known.databases.keys()
        for container in gone - {one.container for one in wanted}:
            receiver.remove(self.client, container)
            known.databases.pop(container, None)
        shipping.clear_gone((one.container for one in wanted), self.root, DAYS_KEPT)
        # Last, since it takes a second in which nothing would be brought away.
        for repository in self.repositories:
            self._recognise(repository, known)
        known.at = now()
        state_file.write(known, self.root)
        return self._base_due(known)

    def _recognise(self, repository: Repository, known: state_file.Records) -> None:
        """Note which repository lies at a place, and treat another one than before as one that nothing was brought to."""
        left = self._looks_to_id.get(repository.shown, 0)
        self._looks_to_id[repository.shown] = (left or LOOKS_BETWEEN_IDS) - 1
        if left:
            return
        try:
            identity = repository.identity()
        except RepositoryError:  # Bringing something there fails as well, and tells.
            return
        ids = {container: one.of(repository.shown).id for container, one in known.databases.items()}
        others = {container: before for container, before in ids.items() if before not in ("", identity)}
        for container, one in known.databases.items():
            if container in others:
                when = now()
                one.repositories[repository.shown] = Shipped(since=when, anew=when)
            one.of(repository.shown).id = identity
        if others:
            before = ", ".join(sorted({one[:8] for one in others.values()}))
            self._record(
                f"Repository {repository}: it is another repository than before. Expected {before}, got {identity[:8]}, which has "
                f"nothing of the log of {', '.join(others)}. What is here is brought to it, with a new base, which is being made: from "
                "then on any second can be restored from it. If the one of before is meant, look whether the right disk is mounted."
            )
            state_file.write(known, self.root)

    def _follow(self, database: Database, one: Followed, note: Callable[[], None]) -> None:
        cluster = slot.read(self.client, database)
        if one.cluster not in ("", cluster.id):
            one.repositories = {}
        one.cluster = cluster.id
        place = Place(database.container, cluster.id, self.root)
        if cluster.slot == slot.LOST:
            self._begin_anew(database, place, one)
            note()  # Before there is a new slot, by which nobody could tell any more that there is a gap.
        cluster = slot.ensure(self.client, database, self.bounds.slot)
        one.lsn, one.lag, one.slot = cluster.lsn, cluster.lag, cluster.slot
        if one.waiting > self.bounds.waiting:
            receiver.remove(self.client, database.container)
            raise DatabaseError(
                str(database),
                "nothing more of its log is received",
                f"at most {self.bounds.waiting >> 20} MiB that wait for a repository",
                f"{one.waiting >> 20} MiB",
                "Mend the repository; it goes on by itself.",
            )
        done = receiver.ensure(self.client, database, place, self.settings.project)
        if done:
            work.tell(f"{self.settings.host}: the receiver of {database.container} was {done}")
        self._require_moving(database, place, one, cluster, done)

    def _require_moving(self, database: Database, place: Place, one: Followed, cluster: slot.Cluster, done: str) -> None:
        """Note that the log is received; a receiver that runs and receives nothing for a minute is made anew, and told of."""
        moves = cluster.active and (cluster.lag == 0 or cluster.received != one.received)
        one.received = cluster.received
        if moves:
            one.at = now()
        one.still = 0 if moves or done else one.still + 1
        if one.still < LOOKS_STILL:
            return
        one.still = 0
        receiver.remove(self.client, database.container)
        shipping.drop_torn(place)
        receiver.ensure(self.client, database, place, self.settings.project)
        raise DatabaseError(
            str(database),
            "its receiver receives nothing",
            f"log from {cluster.received} on",
            "none",
            f"It was made anew. If it says so again: docker logs {receiver.name_of(database.container)}",
        )

    def _begin_anew(self, database: Database, place: Place, one: Followed) -> None:
        """Go on after a gap: what was received is brought away, and the receiver begins where the new slot does."""
        receiver.remove(self.client, database.container)
        self._ship(place, one)
        one.lost = now()
        until = min((shipped.at for shipped in one.repositories.values()), default="")
        self._record(
            f"{database}: expected its slot {SLOT} to keep the log, got one that is lost, since too much was written that nobody received. "
            f"Up to {until or 'then'} any second can be restored, and again from the new base on, which is being made."
        )
        shipping.put_before_gap(place)

    def _ship(self, place: Place, one: Followed) -> None:
        for repository in self.repositories:
            shipped = one.of(repository.shown)
            shipped.since = shipped.since or now()
            troubled = bool(shipped.trouble)
            try:
                shipping.ship(repository, shipped, place, self.settings.host, self.settings.append_only, one.received)
                shipped.trouble = ""
                if troubled:
                    self._looks_to_id[repository.shown] = 0
            except Exception as error:
                shipped.trouble = describe(error)
                work.tell(f"{self.settings.host}: {shipped.trouble}", urgent=True)
        shown = {repository.shown for repository in self.repositories}
        one.repositories = {name: shipped for name, shipped in one.repositories.items() if name in shown}
        there: list[Shipped] = list(one.repositories.values())
        if there and not any(shipped.trouble for shipped in there):
            shutil.rmtree(place.before_gap, ignore_errors=True)
        one.waiting = shipping.waiting(place, there)
        one.size = shipping.trim(place, there, self.bounds.kept_here, self.bounds.waiting)
        shipping.clear_old(place, self.root, DAYS_KEPT)

    def _base_due(self, known: state_file.Records) -> bool:
        bases, when = state_file.read_bases(self.root), datetime.now(timezone.utc)
        return any(
            base.is_due(bases.of(container, repository.shown), one, repository.shown, self.settings.host, self.bounds.base_age, when)
            for container, one in known.databases.items()
            for repository in self.repositories
        )

    def _trouble(self, one: Followed, text: str) -> None:
        if text != one.trouble:
            work.tell(f"{self.settings.host}: {text}", urgent=True)
        one.trouble = text

    def _record(self, text: str) -> None:
        """Put it into the ledger, so that whoever is told of runs is told of it."""
        work.tell(f"{self.settings.host}: {text}", urgent=True)
        this = ledger.Run(uuid.uuid4().hex, ACTION, work.BY, self.settings.host, started=ledger.now())
        ledger.append(self.settings.path, ledger.entry(this, "failed", 0.0, step=ACTION, error=text))

    def off(self) -> None:
        """Leave the databases as they were. What is in repositories stays."""
        for container in receiver.all_followed(self.client, self.settings.project):
            receiver.remove(self.client, container)
        shutil.rmtree(self.root, ignore_errors=True)
        for database in clusters(self.settings.path):
            try:
                slot.release(self.client, database, self.bounds.slot)
            except PlatformError as error:  # It may be what the deploy is to mend. What its slot keeps is bounded.
                how = f"docker exec {database.container} psql -U {database.user} -c \"SELECT pg_drop_replication_slot('{SLOT}')\""
                work.tell(f"{self.settings.host}: {describe(error)} Once it runs, let it keep nothing more: {how}", urgent=True)


def keep_looking(follower: Follower, start_base: Callable[[], None]) -> None:
    """Look again and again; a base is made by a program of its own, since what is received meanwhile has to go on."""
    tried = -SECONDS_BETWEEN_BASES
    while True:
        began = time.monotonic()
        try:
            if follower.look() and began - tried > SECONDS_BETWEEN_BASES:
                start_base()
                tried = began
        except Exception as error:  # Such as an engine that is being restarted.
            work.tell(f"{follower.settings.host}: {describe(error)}", urgent=True)
        time.sleep(max(0.0, follower.bounds.seconds - (time.monotonic() - began)))


def start_base() -> None:
    """Have systemd start what makes bases, unless it is at work."""
    code, _output, errors = command.execute(["systemctl", "start", "--no-block", BASE_UNIT])
    if code != 0:
        raise PlatformError(f"{BASE_UNIT}: expected systemd to start it, got: {errors.strip()}. Deploy again: that installs it.")


def main() -> int:
    """Run until it is stopped."""
    settings = load()
    if settings is None:
        return 0
    repositories = [Repository(one, access_of(settings)) for one in settings.repositories]
    follower = Follower(settings, engine_client.connect(), repositories)
    if sys.argv[1:] == ["off"]:
        follower.off()
        return 0
    with suppress(KeyboardInterrupt):
        keep_looking(follower, start_base)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
