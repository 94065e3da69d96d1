# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The gate's rounds, with probes that answer from a script and a clock that only moves when the gate sleeps."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._health.gate import OK, GateResult, ProbeResult, failed, run_gate, waiting

W = waiting("not yet")
F = failed("dead")


class Scripted:
    """Gives one outcome per attempt, the last one for ever."""

    expectation = "whatever"

    def __init__(self, name: str, *outcomes: ProbeResult, kind: str = "container") -> None:
        self.name, self.kind, self.outcomes = name, kind, list(outcomes)

    def check(self) -> ProbeResult:
        return self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]

    def next_step(self) -> str:
        return "look"


class Clock:
    def __init__(self) -> None:
        self.now, self.slept = 1000.0, list[float]()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def run(*stages: list[Scripted], deadline: float = 10, interval: float = 0.5) -> tuple[GateResult, Clock]:
    clock = Clock()
    return run_gate(stages, deadline, interval, clock, clock.sleep), clock


def test_it_opens_at_once_without_sleeping() -> None:
    result, clock = run([Scripted("a", OK)], [Scripted("site", OK)])
    assert result.held
    assert clock.slept == []
    assert [record.attempts for record in result.records] == [1, 1]


def test_it_opens_only_in_a_round_in_which_everything_holds() -> None:
    # In each of the first three rounds one of the two does not hold, though each held before.
    result, _clock = run([Scripted("a", OK, W, OK, OK)], [Scripted("b", W, OK, W, OK)])
    assert result.held
    assert [record.attempts for record in result.records] == [4, 4]


def test_elapsed_is_when_the_probe_began_to_hold_for_good() -> None:
    result, _clock = run([Scripted("a", OK, W, OK)], [Scripted("b", W, W, W, W, OK)])
    assert [record.elapsed for record in result.records] == [1.0, 2.0]
    assert result.elapsed == 2.0


def test_a_success_keeps_the_last_error() -> None:
    result, _clock = run([Scripted("a", waiting("first"), waiting("second"), OK)])
    assert result.held
    assert result.records[0].last_error == "second"


def test_a_final_failure_ends_it_at_once() -> None:
    result, clock = run([Scripted("a", W, F), Scripted("b", W)], [Scripted("site", W)], deadline=600)
    assert result.failed_fast and not result.held
    assert clock.slept == [0.5]
    # The other container was still asked in the last round, so that all the dead are known; the site was not.
    assert [record.attempts for record in result.records] == [2, 2, 1]


def test_the_deadline_ends_it_with_a_last_round() -> None:
    result, clock = run([Scripted("a", W)], deadline=1.2)
    assert not result.held and not result.failed_fast
    assert clock.slept == pytest.approx([0.5, 0.5, 0.2])
    assert result.elapsed == pytest.approx(1.2)
    assert result.records[0].attempts == 4


def test_what_holds_in_the_last_round_opens_it() -> None:
    result, _clock = run([Scripted("a", W, W, OK)], deadline=1)
    assert result.held


def test_each_round_that_it_waits_after_is_shown() -> None:
    clock, seen = Clock(), list[list[bool]]()
    stages = [[Scripted("a", W, OK)], [Scripted("site", W, W, OK)]]
    run_gate(stages, 10, 0.5, clock, clock.sleep, lambda records: seen.append([one.ok for one in records]))
    assert seen == [[False, False], [True, False]]


def test_the_probes_of_a_stage_run_at_once() -> None:
    """Each waits for the other inside its check: one after the other would break the barrier."""
    barrier = threading.Barrier(2, timeout=5)

    class Meeting(Scripted):
        def check(self) -> ProbeResult:
            barrier.wait()
            return OK

    result, _clock = run([Meeting("a", OK), Meeting("b", OK)])
    assert result.held
