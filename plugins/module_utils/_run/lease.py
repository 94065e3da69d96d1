# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lease of a stack: one run at a time, kept alive by a heartbeat, so that nobody ever has to remove a lock by hand.

It lies on a tmpfs and ends with the server's uptime. Ages are differences of uptime, never of a clock that somebody may set.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from .._base import state
from .._base.errors import PlatformError
from .._base.files import read_if_exists, write_durably
from .._base.process import alive, boot, start_of, uptime
from .ledger import Run

DIRECTORY = "/run/rarebooks.platform"
INTERVAL = 5
STALE_AFTER = 20
# Seconds by which a heartbeat may seem to come from the future: it is written with two digits.
TOLERANCE = 1


@dataclass
class Lease:
    """What the lease's file says. Since and reached are uptimes: when it was taken, and when its step began."""

    run: Run
    step: str
    boot: str
    since: float
    reached: float
    process: dict[str, int] | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def recorded(self) -> bool:
        return bool(self.facts.get("recorded"))

    @property
    def duration(self) -> float:
        """How long this run has held it. For a run of this boot only."""
        return max(0.0, uptime() - self.since)


@dataclass(frozen=True)
class Place:
    """Where the lease of the stack in path lies."""

    path: str
    directory: str = DIRECTORY
    stale_after: float = STALE_AFTER

    def file(self, name: str) -> str:
        """Return the path of the file that ends in .json (the lease), .lock, or the token (its heartbeat)."""
        stack = hashlib.sha256(os.path.realpath(self.path).encode()).hexdigest()[:16]
        return os.path.join(self.directory, f"{stack}.{name}")

    @staticmethod
    def progress(heartbeat: str) -> str:
        """Return the path of the file that says what a run is at, beside its heartbeat."""
        return f"{heartbeat}.progress"

    def age(self, token: str) -> float | None:
        """Return how old the last heartbeat is, None where there is none."""
        try:
            age = uptime() - float((read_if_exists(self.file(token)) or b"").split()[0])
        except (IndexError, ValueError, OSError):
            return None
        # One of the future is none either: an uptime only ever gets longer, so it would hold the lease for as long as it says.
        return max(0.0, age) if -TOLERANCE <= age < math.inf else None

    def load(self) -> Lease | None:
        """Return the lease as it stands. One that makes no sense is none: it must not lock anybody out."""
        try:
            return state.load(self.file("json"), Lease, "")
        except state.StateError:
            return None


class LeaseHeld(PlatformError):
    """Another run holds the lease."""

    def __init__(self, place: Place, lease: Lease, age: float | None) -> None:
        self.holder, self.step, self.age, self.process = lease.run, lease.step, age, lease.process
        heartbeat = "" if age is None else f" Its last heartbeat was {age:.0f} s ago."
        super().__init__(f"{place.path} is held by another run: {lease.run}, now at: {lease.step}.{heartbeat} {self._advice(place)}")

    def _advice(self, place: Place) -> str:
        left = max(1, math.ceil(place.stale_after - (self.age or 0)) + 1)
        return (
            "This run has changed nothing. Wait until that one has ended, then run again. If its machine is gone, run again "
            f"in {left} s: the lease ends by itself {place.stale_after:g} s after the last heartbeat."
        )


class LeaseBusy(LeaseHeld):
    """The holder's controller is dead, but what it started on the server is still at work and goes on by itself."""

    def _advice(self, _place: Place) -> str:
        pid = (self.process or {}).get("pid")
        return (
            f"Its controller is gone, but process {pid} on the server goes on without it. This run has changed nothing. "
            f"Run again when that process has ended (on the server: ps -fp {pid})."
        )


class LeaseLost(PlatformError):
    """The lease is no longer this run's."""

    def __init__(self, place: Place, successor: Lease | None) -> None:
        self.successor = successor.run if successor else None
        gone = "the server was restarted, or another one took over and has ended"
        why = f"another one took over ({successor.run})" if successor else gone
        super().__init__(
            f"This run no longer holds {place.path}: {why}. It stops here and does nothing more. Look what serves, then run again."
        )


@contextmanager
def _locked(place: Place) -> Iterator[None]:
    os.makedirs(place.directory, mode=0o700, exist_ok=True)
    descriptor = os.open(place.file("lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _save(place: Place, lease: Lease) -> None:
    write_durably(place.file("json"), json.dumps(asdict(lease)).encode() + b"\n", 0o600)


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)


def _forget(place: Place, token: str) -> None:
    """Remove the heartbeat of a run, and what it was at."""
    heartbeat = place.file(token)
    _remove(heartbeat)
    _remove(place.progress(heartbeat))


def inspect(place: Place, dead_token: str = "") -> Lease | None:
    """Return the lease of an interrupted run, None where there is none; raise LeaseHeld or LeaseBusy where a run is alive."""
    lease = place.load()
    if lease is None or lease.boot != boot():
        return lease
    age = place.age(lease.run.token)
    if age is not None and age <= place.stale_after and lease.run.token != dead_token:
        raise LeaseHeld(place, lease, age)
    if lease.process and alive(lease.process["pid"], lease.process["start"]):
        raise LeaseBusy(place, lease, age)
    return lease


def take(place: Place, run: Run, step: str, dead_token: str = "") -> Lease | None:
    """Take the lease, and return that of an interrupted run taken over; raises as inspect does. The dead token's controller has ended."""
    with _locked(place):
        orphan = inspect(place, dead_token)
        moment = uptime()
        write_durably(place.file(run.token), f"{moment:.2f}\n".encode(), 0o600)
        _save(place, Lease(run, step, boot(), moment, moment))
        if orphan:
            _forget(place, orphan.run.token)
        return orphan


def mine(place: Place, token: str) -> Lease:
    """Return the lease of this run; raise LeaseLost unless it is."""
    lease = place.load()
    if lease is None or lease.boot != boot() or lease.run.token != token:
        raise LeaseLost(place, lease if lease and lease.run.token != token else None)
    return lease


def begin_step(place: Place, token: str, step: str, process: bool = False) -> Lease:
    """Begin a step: record it, and with process also that this process goes on by itself should the controller die."""
    with _locked(place):
        lease = mine(place, token)
        lease.step, lease.reached = step, uptime()
        lease.process = this_process() if process else None
        _save(place, lease)
        return lease


def record_process(place: Place, token: str) -> None:
    """Record that this process works for the run, in the step it is at, and goes on by itself should the controller die."""
    with _locked(place):
        lease = mine(place, token)
        lease.process = this_process()
        _save(place, lease)


def join(place: Place) -> None:
    """Record that this process works for the run that holds the lease, if one does: it may outlive its controller."""
    if place.load() is None:
        return
    with _locked(place):
        lease = place.load()
        if lease and lease.boot == boot():
            lease.process = this_process()
            _save(place, lease)


def this_process() -> dict[str, int]:
    return {"pid": os.getpid(), "start": start_of(os.getpid())}


def take_unattended(place: Place, run: Run, step: str, wait: float, poll: float = 2.0) -> Lease | None:
    """Take the lease for a process of the server itself, once whoever holds it has ended; raise LeaseHeld after so many seconds.

    Return that of an interrupted run: nobody is there to be told of it, so give_back leaves it for the next run.
    """
    deadline = time.monotonic() + wait
    while True:
        try:
            orphan = take(place, run, step)
            break
        except LeaseHeld:
            if time.monotonic() > deadline:
                raise
            time.sleep(poll)
    begin_step(place, run.token, step, process=True)
    # There is no controller whose heartbeat could be missed: this process alone tells that the run is alive.
    _remove(place.file(run.token))
    return orphan


def note(place: Place, token: str, **facts: Any) -> Lease:
    """Record facts in the lease, such as recorded=True: this run's entry is in the ledger."""
    with _locked(place):
        lease = mine(place, token)
        lease.facts.update(facts)
        _save(place, lease)
        return lease


def give_back(place: Place, token: str, orphan: Lease | None = None) -> Lease | None:
    """End the lease, and return what it said last; None if it was lost. An orphan is left as it was found."""
    with _locked(place):
        try:
            lease = mine(place, token)
        except LeaseLost:
            return None
        if orphan:
            _save(place, orphan)
        else:
            _remove(place.file("json"))
        _forget(place, token)
        return lease
