# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verdicts over recorded inspect output, and the memory of a probe."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.client import DockerUnavailable
from ansible_collections.rarebooks.platform.plugins.module_utils._health.container import ContainerProbe
from ansible_collections.rarebooks.platform.plugins.module_utils._health.deadline import derive_deadline
from ansible_collections.rarebooks.platform.plugins.module_utils._health.state import ContainerState, parse_check, parse_state, parse_time

BEGAN = datetime(2026, 11, 22, 20, 0, 0, tzinfo=timezone.utc)
BEFORE, AFTER = "2026-11-22T22:59:31.123456789+03:00", "2026-11-22T20:00:01.5Z"
SECOND = 1_000_000_000


def inspected(
    status: str = "running",
    health: str | None = None,
    probed: str = BEFORE,
    restarts: int = 0,
    id: str = "4fddccf44ba8",
    check: dict[str, Any] | None = None,
    **state: Any,
) -> dict[str, Any]:
    """Return what engine 20.10 answers, cut to the keys around those that are read."""
    answer: dict[str, Any] = {
        "Id": id,
        "Name": "/maymessenger_backend",
        "RestartCount": restarts,
        "State": {
            "Status": status,
            "Running": status == "running",
            "Paused": False,
            "Restarting": False,
            "Dead": False,
            "OOMKilled": False,
            "Pid": 28784,
            "ExitCode": 0,
            "Error": "",
            "FinishedAt": "0001-01-01T00:00:00Z",
            **state,
        },
        "Config": {"Image": "maymessenger_backend:1", "Healthcheck": check, "Labels": None},
    }
    if health is not None:
        log = [
            {"Start": "2026-11-22T19:58:00Z", "End": "2026-11-22T19:58:01Z", "ExitCode": 0, "Output": "older"},
            {"Start": probed, "End": probed, "ExitCode": 1, "Output": "/bin/sh: 1: curl: not found\n"},
        ]
        answer["State"]["Health"] = {"Status": health, "FailingStreak": 3, "Log": log}
    return answer


class Reader:
    """A Docker client that answers each inspect from a script."""

    def __init__(self, *answers: dict[str, Any] | Exception | None) -> None:
        self.answers = list(answers)

    def inspect(self, _name: str) -> dict[str, Any] | None:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def logs(self, _name: str, _lines: int) -> str:
        return ""


def verdicts(*answers: dict[str, Any] | Exception | None) -> list[str]:
    probe = ContainerProbe(Reader(*answers), "maymessenger_backend", BEGAN)
    return [probe.check().verdict for _answer in answers]


@pytest.mark.parametrize(
    ("answer", "verdict", "error"),
    [
        (inspected(), "ok", ""),
        (inspected(health="healthy"), "ok", ""),
        (inspected(health="starting"), "waiting", "running, health starting, 3 failed probes in a row"),
        (inspected(status="created"), "waiting", "created, not running yet"),
        (
            inspected(status="created", ExitCode=127, Error="exec: no such file"),
            "failed",
            "it could not be started, exit code 127: exec: no such file",
        ),
        (None, "failed", "there is no such container"),
        (inspected(status="exited", ExitCode=139), "failed", "exited, exit code 139"),
        (inspected(status="exited"), "failed", "exited, exit code 0"),
        (inspected(status="dead", ExitCode=1), "failed", "dead, exit code 1"),
        (inspected(status="removing"), "failed", "removing, exit code 0"),
        (inspected(status="paused", health="healthy"), "failed", "paused"),
        (
            inspected(status="restarting", ExitCode=137, OOMKilled=True),
            "failed",
            "it keeps dying and is being restarted, exit code 137, killed because it used up its memory (OOMKilled)",
        ),
        (inspected(health="unhealthy", probed=AFTER), "failed", "unhealthy, 3 failed probes in a row"),
        (
            inspected(health="unhealthy", probed=BEFORE),
            "waiting",
            "unhealthy since before the gate began, its next probe decides",
        ),
    ],
)
def test_first_look(answer: dict[str, Any] | None, verdict: str, error: str) -> None:
    outcome = ContainerProbe(Reader(answer), "maymessenger_backend", BEGAN).check()
    assert (outcome.verdict, outcome.error) == (verdict, error)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        # Unhealthy all along: its next probe decides, either way.
        (
            [inspected(health="unhealthy"), inspected(health="unhealthy"), inspected(health="unhealthy", probed=AFTER)],
            ["waiting", "waiting", "failed"],
        ),
        ([inspected(health="unhealthy"), inspected(health="healthy", probed=AFTER)], ["waiting", "ok"]),
        # Turned unhealthy while the gate ran, by a probe that had begun before: no further chance.
        ([inspected(health="starting"), inspected(health="unhealthy")], ["waiting", "failed"]),
        ([inspected(health="healthy"), inspected(health="starting")], ["ok", "waiting"]),
    ],
)
def test_health_over_time(answers: list[dict[str, Any]], expected: list[str]) -> None:
    assert verdicts(*answers) == expected


def test_a_restart_during_the_gate_is_final_and_an_older_one_is_not() -> None:
    assert verdicts(inspected(restarts=2), inspected(restarts=2), inspected(restarts=3)) == ["ok", "ok", "failed"]


def test_restarts_are_counted_per_container_not_per_name() -> None:
    """A container made anew starts counting at 0: its first restart must not hide behind the old one's count."""
    answers = [inspected(restarts=5), inspected(id="915b36a3", restarts=0), inspected(id="915b36a3", restarts=1)]
    assert verdicts(*answers) == ["ok", "ok", "failed"]


def test_the_baseline_is_the_first_look_not_the_first_check() -> None:
    probe = ContainerProbe(Reader(inspected(restarts=0), inspected(restarts=1)), "maymessenger_backend", BEGAN)
    probe.look()
    assert probe.check().error == "it died and was restarted 1x since the gate began"


def test_an_engine_that_does_not_answer_is_asked_again() -> None:
    assert verdicts(DockerUnavailable("timed out"), inspected()) == ["waiting", "ok"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T20:00:00.123456789Z", BEGAN + timedelta(microseconds=123456)),
        ("2026-11-22T23:00:00.5+03:00", BEGAN + timedelta(microseconds=500000)),
        ("2026-11-22T20:00:00Z", BEGAN),
        ("", None),
    ],
)
def test_times_of_the_engine(text: str, expected: datetime | None) -> None:
    assert parse_time(text) == expected


@pytest.mark.parametrize(
    ("check", "seconds"),
    [
        (None, None),
        ({"Test": ["NONE"]}, None),
        ({"Test": ["CMD", "probe"]}, 180.0),
        ({"Test": ["CMD", "probe"], "Interval": 0, "Timeout": 0, "Retries": 0, "StartPeriod": 0}, 180.0),
        ({"Test": ["CMD", "probe"], "Interval": 30 * SECOND, "Timeout": 10 * SECOND, "Retries": 10, "StartPeriod": 180 * SECOND}, 580.0),
    ],
)
def test_patience_of_a_health_check(check: dict[str, Any] | None, seconds: float | None) -> None:
    parsed = parse_check(check)
    assert (parsed and parsed.patience) == seconds


SLOW = {"Test": ["CMD", "p"], "Interval": 30 * SECOND, "Timeout": 10 * SECOND, "Retries": 10, "StartPeriod": 120 * SECOND}


def state_of_age(health: str, age: float, check: dict[str, Any] | None = SLOW, **state: Any) -> ContainerState:
    started = (BEGAN - timedelta(seconds=age)).isoformat().replace("+00:00", "Z")
    return parse_state(inspected(health=health, check=check, StartedAt=started, **state))


@pytest.mark.parametrize(
    ("health", "age", "seconds"),
    [
        # As old as it is: what was started in this switch counts whole, what has been there for long does not.
        ("starting", 0, 520.0),
        ("starting", 100, 420.0),
        # Docker is about to say: the answer of its next probe is waited for.
        ("starting", 519, 60.0),
        # Its own check is content; until its start period is over the site may be late.
        ("healthy", 5, 115.0),
        ("healthy", 100, 60.0),
        ("healthy", 10_000, 60.0),
        # Unhealthy all along: its next probe decides.
        ("unhealthy", 10_000, 60.0),
    ],
)
def test_the_deadline_counts_what_is_young(health: str, age: float, seconds: float) -> None:
    assert derive_deadline([state_of_age(health, age)], BEGAN) == seconds


def test_the_deadline_is_that_of_the_slowest_container() -> None:
    slow, quick = state_of_age("starting", 0), state_of_age("starting", 0, {"Test": ["CMD", "p"], "Retries": 1})
    assert derive_deadline([quick, None, slow, parse_state(inspected())], BEGAN) == 520.0
    assert derive_deadline([], BEGAN) == 60.0


def test_the_deadline_has_a_lower_bound() -> None:
    """The way back: what was set for a release may lengthen the wait for the one before it."""
    assert derive_deadline([state_of_age("healthy", 10_000)], BEGAN, at_least=200) == 200.0
    assert derive_deadline([state_of_age("starting", 0)], BEGAN, at_least=5) == 520.0


def test_an_unhealthy_container_with_a_slow_check_is_asked_once_more() -> None:
    hourly = {**SLOW, "Interval": 100 * SECOND}
    assert derive_deadline([state_of_age("unhealthy", 10_000, hourly)], BEGAN) == 110.0


def test_the_newest_health_log_entry_is_the_one_that_counts() -> None:
    state = parse_state(inspected(health="unhealthy", probed=AFTER))
    assert state.probe_output == "/bin/sh: 1: curl: not found"


def test_next_step_knows_the_compose_service() -> None:
    answer = inspected()
    probe = ContainerProbe(Reader(answer), "maymessenger_backend", BEGAN)
    assert probe.next_step() == "docker ps --all"
    probe.look()
    assert probe.next_step() == "docker logs --tail=200 maymessenger_backend"
    answer["Config"]["Labels"] = {
        "com.docker.compose.service": "api",
        "com.docker.compose.project.working_dir": "/opt/my apps",
    }
    probe.look()
    assert probe.next_step() == "cd '/opt/my apps' && docker compose logs --tail=200 api"
