# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How long something is watched, and what ends it, with probes that answer from a script and a clock that only moves in sleep."""

from __future__ import annotations

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._health.gate import OK, GateResult, ProbeResult, failed, waiting
from ansible_collections.rarebooks.platform.plugins.module_utils._health.watch import keep_watching

LOST, DEAD = waiting("status 503"), failed("exited, exit code 1")


class Scripted:
    """Gives one outcome per attempt, the last one for ever."""

    expectation = "whatever"

    def __init__(self, kind: str, *outcomes: ProbeResult) -> None:
        self.name, self.kind, self.outcomes = "messenger", kind, list(outcomes)

    def check(self) -> ProbeResult:
        return self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]

    def next_step(self) -> str:
        return "look"


def watched(*probes: Scripted, seconds: float = 30) -> GateResult:
    now = [1000.0]

    def sleep(much: float) -> None:
        now[0] += much

    return keep_watching(probes, seconds, lambda: now[0], sleep)


def test_what_goes_on_is_watched_to_the_end() -> None:
    result = watched(Scripted("container", OK), Scripted("http", OK))
    assert (result.held, result.elapsed, [one.attempts for one in result.records]) == (True, 30, [16, 16])


def test_a_container_that_ends_is_an_answer_at_once() -> None:
    result = watched(Scripted("container", OK, OK, DEAD), Scripted("http", OK))
    assert (result.held, result.failed_fast, result.elapsed) == (False, True, 4)


@pytest.mark.parametrize("outcome", [LOST, failed("another version answers")])
def test_a_site_has_to_fail_three_times_in_a_row(outcome: ProbeResult) -> None:
    assert watched(Scripted("http", OK, outcome, outcome, OK)).held
    result = watched(Scripted("http", OK, outcome, outcome, OK, outcome, outcome, outcome, OK))
    assert (result.held, result.elapsed) == (False, 12)


def test_an_engine_that_is_restarted_undoes_nothing_and_one_that_stays_away_does() -> None:
    away = waiting("Docker does not answer: connection refused")
    assert watched(Scripted("container", OK, *[away] * 20, OK), Scripted("http", OK)).held
    result = watched(Scripted("container", OK, away), Scripted("http", OK))
    assert (result.held, result.elapsed) == (False, 60)


def test_two_of_one_name_are_not_counted_together() -> None:
    assert watched(Scripted("http", OK, LOST, OK), Scripted("tls", OK, OK, LOST, OK), Scripted("visitors", OK, OK, OK, LOST, OK)).held


def test_the_end_waits_for_what_fails_just_then() -> None:
    begins = [OK] * 15
    assert (watched(Scripted("http", *begins, LOST, OK)).held, watched(Scripted("http", *begins, LOST, OK)).elapsed) == (True, 32)
    assert not watched(Scripted("http", *begins, LOST)).held
