"""How long the gate waits for releases that never serve, and that it waits for those which only are slow.

Each container follows a script of its own on a clock that moves when the gate sleeps, with the health check of the contract.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base.process import Work
from ansible_collections.rarebooks.platform.plugins.module_utils._health.activity import Activity
from ansible_collections.rarebooks.platform.plugins.module_utils._health.container import ContainerProbe
from ansible_collections.rarebooks.platform.plugins.module_utils._health.deadline import derive_deadline
from ansible_collections.rarebooks.platform.plugins.module_utils._health.gate import OK, GateResult, ProbeResult, run_gate, waiting
from ansible_collections.rarebooks.platform.plugins.module_utils._health.outlook import Outlook

SECOND = 1_000_000_000
INTERVAL, TIMEOUT, RETRIES, START = 30, 10, 10, 120
BEGAN = 1_795_640_000.0
APP, DATABASE = 100, 200
REFUSED, UNAVAILABLE, MISSING = "curl: (7) Connection refused", "HTTP Error 503", "/bin/sh: 1: curl: not found"
LISTENS = "info: Microsoft.Hosting.Lifetime[14]\n      Now listening on: http://[::]:5001\n"
PASSWORD = 'Npgsql.PostgresException: 28P01: password authentication failed for user "may"\n'

Script = Callable[[float], Any]


class Life:
    """A container as old as the gate, and its database: what each says and does, by its age in seconds."""

    def __init__(
        self,
        probe: Script,
        log: Script = lambda age: "",
        busy: Script = lambda age: False,
        database_busy: Script = lambda age: False,
        site: Script = lambda age: True,
        start_interval: float = 1,
    ) -> None:
        self.probe, self.log, self.busy, self.database_busy, self.site = probe, log, busy, database_busy, site
        self.age, self.asked = 0.0, 0
        self.health, self.failing, self._next, self._start_interval = "starting", 0, start_interval, start_interval

    # The clock and the engine.

    def sleep(self, seconds: float) -> None:
        self.age += seconds
        while self._next <= self.age:
            self._probe_of_docker(self._next)

    def _probe_of_docker(self, age: float) -> None:
        """Docker's own rules: failures in the start period do not count until the first success."""
        if self.probe(age) is None:
            self.health, self.failing = "healthy", 0
        elif self.health == "healthy" or age >= START:
            self.failing += 1
            self.health = "unhealthy" if self.failing >= RETRIES else self.health
        self._next = age + (self._start_interval if self.health == "starting" and age < START else INTERVAL)

    # What the gate asks.

    def inspect(self, name: str) -> dict[str, Any]:
        check = {
            "Test": ["CMD", "probe"],
            "Interval": INTERVAL * SECOND,
            "Timeout": TIMEOUT * SECOND,
            "Retries": RETRIES,
            "StartPeriod": START * SECOND,
        }
        output = self.probe(self.age) or ""
        health = {"Status": self.health, "FailingStreak": self.failing, "Log": [{"Start": "", "Output": output}]}
        return {
            "Id": "1",
            "State": {"Status": "running", "Health": health, "Pid": APP, "StartedAt": "2026-11-25T20:53:20Z"},
            "Config": {"Image": "app:1", "Healthcheck": check, "Labels": {"com.docker.compose.depends_on": "db:service_healthy:false"}},
        }

    def logs(self, name: str, lines: int, since: float = 0) -> str:
        return str(self.log(self.age))

    def run(self, name: str, argv: Sequence[str], seconds: float) -> tuple[bool, str]:
        assert (list(argv), seconds) == (["probe"], TIMEOUT)
        self.asked += 1
        output = self.probe(self.age)
        return output is None, output or ""

    def work(self, process: int) -> Work:
        """Return what a process has worked so far: a fifth of a core while it is busy."""
        busy = self.busy if process == APP else self.database_busy
        return Work(sum(0.2 for second in range(int(self.age)) if busy(second)))

    # The gate.

    def hold(self) -> GateResult:
        site = Site(self)
        outlook = Outlook(
            self,
            "app",
            lambda: [DATABASE],
            lambda: site.doubtful,
            lambda: self.age,
            lambda: BEGAN + self.age,
            lambda: Activity(self.work),
        )
        container = ContainerProbe(self, "app", datetime.fromtimestamp(BEGAN, timezone.utc), outlook)
        deadline = derive_deadline([container.look()], datetime.fromtimestamp(BEGAN, timezone.utc))
        return run_gate([[container], [site]], deadline, 0.5, lambda: self.age, self.sleep)


class Site:
    """The site as it answers through the proxy."""

    name, kind, expectation = "site", "http", "200"

    def __init__(self, life: Life) -> None:
        self._life, self.doubtful = life, False

    def check(self) -> ProbeResult:
        self.doubtful = not self._life.site(self._life.age)
        return waiting("status 502") if self.doubtful else OK

    def next_step(self) -> str:
        return "look"


def after(seconds: float, before: str, text: str | None = None) -> Script:
    """Return a probe that says one thing before, and another after so many seconds."""
    return lambda age: before if age < seconds else text


def always(value: Any) -> Script:
    return lambda age: value


def lines(every: int) -> Script:
    """Return a log that grows by a line every few seconds."""
    return lambda age: "waiting\n" * int(age // every)


DEAD: dict[str, tuple[Life, float, float, str]] = {
    # Silent and idle: nobody may be impatient while the start period runs, and for half a minute after it.
    "never listens": (Life(always(REFUSED)), 150, 160, "its start period has been over for 30 s, its health check fails"),
    "never listens, and Docker asks seldom": (Life(always(REFUSED), start_interval=30), 150, 160, "its start period has been over"),
    "hangs": (Life(always("Health check exceeded timeout (10s)")), 150, 160, "its start period has been over for 30 s"),
    "listens elsewhere": (Life(always(REFUSED), always(LISTENS)), 10, 20, "it says that it has started, and nothing listens where"),
    "is refused by its database": (Life(always(UNAVAILABLE), always(PASSWORD)), 10, 20, "does nothing any more: PostgreSQL refuses"),
    "is refused again and again": (
        Life(always(UNAVAILABLE), lambda age: PASSWORD * (1 + int(age))),
        10,
        20,
        "does nothing any more: PostgreSQL refuses",
    ),
    "has no probe": (Life(always(MISSING)), 10, 20, "its health probe uses curl, which the image does not have"),
    "has no probe, and is busy": (Life(always(MISSING), busy=always(True)), 30, 40, "its health probe uses curl"),
    "turns unhealthy": (
        Life(lambda age: None if 2 <= age < 5 else UNAVAILABLE, site=always(False)),
        30,
        45,
        "it was healthy and is not any more",
    ),
    "turns unhealthy under load": (
        Life(lambda age: None if 2 <= age < 5 else UNAVAILABLE, busy=always(True), site=always(False)),
        120,
        130,
        "it was healthy and is not any more",
    ),
}


@pytest.mark.parametrize("name", DEAD)
def test_a_release_that_never_serves_is_given_up_early(name: str) -> None:
    life, least, most, reason = DEAD[name]
    result = life.hold()
    assert result.failed_fast and least <= result.elapsed <= most
    (error,) = (record.outcome.error for record in result.records if record.outcome and record.outcome.verdict == "failed")
    assert reason in error


SLOW: dict[str, tuple[Life, float]] = {
    "at once": (Life(always(None)), 5),
    # A silent start that needs nearly all of its start period.
    "sleeps for 100 s": (Life(after(100, REFUSED)), 135),
    "sleeps through the start period": (Life(after(125, REFUSED)), 155),
    # Beyond the start period, but something moves.
    "migrates for 300 s": (Life(after(300, REFUSED), busy=lambda age: age < 300), 335),
    "its database migrates for 300 s": (Life(after(300, REFUSED), database_busy=lambda age: age < 300), 335),
    "writes of its progress for 300 s": (Life(after(300, REFUSED), lines(20)), 335),
    "works now and then": (Life(after(300, UNAVAILABLE), busy=lambda age: int(age) % 25 < 6), 335),
    # Words in a log are no proof while it works.
    "one optional database refuses it": (Life(after(100, UNAVAILABLE), always(PASSWORD), database_busy=lambda age: age < 100), 135),
    "listens, and is not ready": (Life(after(100, UNAVAILABLE), always(LISTENS)), 135),
    "installs its probe at start": (Life(after(20, MISSING), busy=lambda age: age < 20), 25),
    # Was healthy before it migrated.
    "migrates behind an open port": (
        Life(lambda age: None if age < 3 or age >= 90 else UNAVAILABLE, database_busy=lambda age: age < 90, site=lambda age: age >= 90),
        95,
    ),
    "its site comes 25 s later": (Life(lambda age: None if age < 3 or age >= 25 else UNAVAILABLE, site=lambda age: age >= 25), 30),
    "healthy, and its site comes late": (Life(always(None), site=lambda age: age >= 100), 105),
    "unhealthy now and then": (
        Life(lambda age: UNAVAILABLE if age >= 3 and int(age) % 20 < 15 else None, site=lambda age: age >= 100),
        105,
    ),
}


@pytest.mark.parametrize("name", SLOW)
def test_a_release_that_is_slow_passes(name: str) -> None:
    life, most = SLOW[name]
    result = life.hold()
    assert result.held, [record.outcome for record in result.records]
    assert result.elapsed <= most


def test_a_release_that_serves_is_not_asked_by_us() -> None:
    life = Life(always(None))
    assert life.hold().held and life.asked == 0


def test_within_the_start_period_docker_asks_alone() -> None:
    life = Life(after(100, REFUSED))
    assert life.hold().held and life.asked == 0
