# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The gate: asks many probes again and again until all hold in the same round, one fails for good, or time is up."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, Protocol

MAX_WORKERS = 32


@dataclass(frozen=True)
class ProbeResult:
    """What one attempt of a probe found. ``failed`` is final: waiting longer cannot mend it."""

    verdict: Literal["ok", "waiting", "failed"]
    error: str = ""


OK = ProbeResult("ok")


def waiting(error: str) -> ProbeResult:
    """Return the outcome of a probe that does not hold yet."""
    return ProbeResult("waiting", error)


def failed(error: str) -> ProbeResult:
    """Return the outcome of a probe that will not hold any more."""
    return ProbeResult("failed", error)


class Probe(Protocol):
    """One thing that must hold. ``check`` may be called from any thread, but never twice at once."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def expectation(self) -> str: ...

    def check(self) -> ProbeResult: ...

    def next_step(self) -> str:
        """Return a command for the server that shows a person more, working as printed."""


@dataclass
class Record:
    """What is known about a probe so far. ``elapsed`` is when it began to hold, or its last attempt if it does not."""

    probe: Probe
    outcome: ProbeResult | None = None
    attempts: int = 0
    elapsed: float = 0.0
    last_error: str = ""

    @property
    def ok(self) -> bool:
        return self.outcome == OK

    def note(self, outcome: ProbeResult, elapsed: float) -> None:
        if not (self.ok and outcome == OK):
            self.elapsed = elapsed
        self.attempts += 1
        self.outcome = outcome
        self.last_error = outcome.error or self.last_error


@dataclass(frozen=True)
class GateResult:
    """How the gate ended: it held, it failed fast, or its deadline passed."""

    records: list[Record]
    elapsed: float
    failed_fast: bool

    @property
    def held(self) -> bool:
        return all(record.ok for record in self.records)


def run_gate(
    stages: Sequence[Sequence[Probe]],
    deadline: float,
    interval: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    observe: Callable[[Sequence[Record]], None] = lambda _records: None,
) -> GateResult:
    """Run rounds of probes until the gate has an answer; there is always at least one round.

    The probes of a stage run at once. A stage follows another in the same round unless a probe failed for good:
    containers come first, because with a dead one there is nothing to learn from a site which hangs until its timeout.
    Observe is shown each round after which the gate waits on.
    """
    began = clock()
    records = [[Record(probe) for probe in stage] for stage in stages]
    everything = [record for stage in records for record in stage]

    def attempt(record: Record) -> None:
        outcome = record.probe.check()
        record.note(outcome, clock() - began)

    with ThreadPoolExecutor(max_workers=MAX_WORKERS) as pool:
        while True:
            for stage in records:
                list(pool.map(attempt, stage))
                if any(record.outcome and record.outcome.verdict == "failed" for record in stage):
                    return GateResult(everything, clock() - began, failed_fast=True)
            left = deadline - (clock() - began)
            if left <= 0 or all(record.ok for record in everything):
                return GateResult(everything, clock() - began, failed_fast=False)
            observe(everything)
            sleep(min(interval, left))
