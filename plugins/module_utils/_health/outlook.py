# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a container that does not serve yet still may. Docker counts failed probes for minutes; a site is down meanwhile.

The rules are those of docs/design.md. Each of them asks for evidence that a slow but sound release does not give: undoing one of those is
as bad as waiting too long for a dead one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from .activity import Activity
from .diagnosis import NOT_LISTENING, final_cause
from .state import ContainerState

# Seconds between two looks, and between two questions of ours with the container's own health check.
EVERY = 5.0
LOG_LINES = 200
# The seconds and failed questions that each rule asks for.
CAUSE_QUIET = 10.0
PROBE_SETTLED = 30.0
STARTED_FOR = 10.0
SILENT = 30.0
DOUBT_BEGINS = 5.0
FAILED = 3
# What a program says when its start is over and it listens; ASP.NET's words.
STARTED = re.compile(r"Now listening on: |Application started")


class Asking(Protocol):
    """What this needs of a Docker client."""

    def logs(self, name: str, lines: int, since: float = 0, /) -> str: ...

    def run(self, name: str, argv: Sequence[str], seconds: float, /) -> tuple[bool, str]: ...


@dataclass(frozen=True)
class Evidence:
    """What is known of a container at one moment; all times are seconds."""

    state: ContainerState
    log: str = ""
    # Since its start period was over, negative before.
    overdue: float = -1.0
    age: float = 0.0
    # For how long neither it nor the databases it waits for have worked, and for how long it has written nothing either.
    idle: float = 0.0
    silent: float = 0.0
    # Our own questions with its health check: failed ones in a row, for how long, what the last one said, and whether each said the same:
    # that nothing listens.
    failures: int = 0
    failing: float = 0.0
    output: str = ""
    refused: bool = False
    # For how long a site has not answered as it must, though this container counts as healthy.
    doubted: float = 0.0


def hopeless(seen: Evidence) -> str:
    """Return why waiting cannot help, an empty text where it may."""
    healthy = seen.state.health == "healthy"
    if healthy:
        return turned(seen)
    probe = seen.output or seen.state.probe_output
    cause = final_cause("log", seen.log)
    if cause and seen.idle >= CAUSE_QUIET:
        return f"it is not healthy, and does nothing any more: {cause}"
    cause = final_cause("probe", probe)
    if cause and (seen.idle >= CAUSE_QUIET or seen.age >= PROBE_SETTLED):
        return cause
    if seen.failures < FAILED:
        return ""
    if STARTED.search(seen.log) and seen.refused and seen.failing >= STARTED_FOR:
        return f"it says that it has started, and nothing listens where its health check asks ({asked(seen)})"
    if min(seen.overdue, seen.failing, seen.silent) >= SILENT:
        return (
            f"its start period has been over for {seen.overdue:.0f} s, its health check fails ({asked(seen)}), and neither it nor what it "
            f"waits for has done or written anything for {seen.silent:.0f} s"
        )
    return ""


def turned(seen: Evidence) -> str:
    """Return why a container that was healthy will be found unhealthy; its start may go on behind a port that is open already."""
    settled = seen.overdue >= 0 or seen.idle >= SILENT
    if seen.failures >= FAILED and min(seen.failing, seen.doubted) >= SILENT and settled:
        return f"it was healthy and is not any more: its site does not answer as it must, and its health check fails ({asked(seen)})"
    return ""


def asked(seen: Evidence) -> str:
    return f"asked {seen.failures} times in {seen.failing:.0f} s"


class Outlook:
    """Gathers the evidence on one container while the gate goes round."""

    def __init__(
        self,
        reader: Asking,
        name: str,
        others: Callable[[], Sequence[int]] = tuple,
        doubt: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        activity: Callable[[], Activity] = Activity,
    ) -> None:
        """Others returns the first processes of the containers this one waits for; doubt says whether a site does not answer."""
        self._reader, self._name, self._others, self._doubt = reader, name, others, doubt
        self._clock, self._wall, self._new_activity = clock, wall, activity
        self._doubted: float | None = None
        self._container = ""
        self._begin("")

    def _begin(self, container: str) -> None:
        """Forget what was known: this is another container, or one that is healthy."""
        self._container = container
        self._activity = self._new_activity()
        self._looked: float | None = None
        self._failures: list[tuple[float, str]] = []

    @property
    def output(self) -> str:
        """Return what the container's health check said last when it failed to us, an empty text where it did not."""
        return self._failures[-1][1] if self._failures else ""

    def assess(self, state: ContainerState) -> str:
        """Take another look, not more often than every few seconds, and return why waiting cannot help."""
        now = self._clock()
        if self._doubt():
            self._doubted = now if self._doubted is None else self._doubted
        else:
            self._doubted = None
        doubted = 0.0 if self._doubted is None else now - self._doubted
        healthy = state.health == "healthy" and doubted < DOUBT_BEGINS
        if healthy or state.id != self._container:
            self._begin(state.id)
        if healthy or (self._looked is not None and now - self._looked < EVERY):
            return ""
        self._looked = now
        return hopeless(self._evidence(state, now, doubted))

    def _evidence(self, state: ContainerState, now: float, doubted: float) -> Evidence:
        started = state.started.timestamp() if state.started else self._wall()
        age = self._wall() - started
        overdue = age - state.check.start_period if state.check else -1.0
        log = self._reader.logs(self._name, LOG_LINES, started)
        self._activity.look([state.pid, *self._others()], log, now)
        if state.check and (doubted or overdue >= 0 or STARTED.search(log)):
            succeeded, output = self._reader.run(self._name, state.check.argv, state.check.timeout)
            self._failures = [] if succeeded else [*self._failures, (now, output)]
        return Evidence(
            state=state,
            log=log,
            overdue=overdue,
            age=age,
            idle=self._activity.idle(now),
            silent=self._activity.silent(now),
            failures=len(self._failures),
            failing=now - self._failures[0][0] if self._failures else 0.0,
            output=self.output,
            refused=all(NOT_LISTENING.search(output) for _at, output in self._failures),
            doubted=doubted,
        )
