# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a container may take traffic, read from what ``docker inspect`` says about it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any, Protocol

from ansible_collections.rarebooks.platform.plugins.module_utils._health_gate import OK, Outcome, failed, waiting

# What the engine uses where a health check does not say (or says 0).
DEFAULT_INTERVAL = 30.0
DEFAULT_TIMEOUT = 30.0
DEFAULT_RETRIES = 3
SHORTEST_DEADLINE = 60.0

NANOSECONDS = 1_000_000_000
JUDGED = ("starting", "healthy")
GONE = ("exited", "dead", "removing", "paused")
TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")


class DockerUnavailable(Exception):
    """The engine did not answer, or answered with an error of its own."""


class ContainerReader(Protocol):
    """The little the gate needs of a Docker client."""

    def inspect(self, name: str, /) -> dict[str, Any] | None: ...

    def logs(self, name: str, lines: int, /) -> str: ...


class Judge(Protocol):
    """Says why waiting cannot help a container, and what its health check told it."""

    @property
    def output(self) -> str: ...

    def judge(self, state: ContainerState, /) -> str: ...


@dataclass(frozen=True)
class HealthCheck:
    """A container's own health check: its command, and its times in seconds."""

    argv: tuple[str, ...]
    interval: float
    timeout: float
    retries: int
    start_period: float

    @property
    def one_probe(self) -> float:
        """Return the seconds until the answer of the next probe is there, at the latest."""
        return self.interval + self.timeout

    @property
    def patience(self) -> float:
        """Return how many seconds it gives a container to become healthy."""
        return self.start_period + self.retries * self.one_probe


@dataclass(frozen=True)
class ContainerState:
    """The part of ``docker inspect`` the gate looks at. ``health`` is ``none`` without a health check."""

    id: str
    image: str
    status: str
    exit_code: int
    error: str
    oom_killed: bool
    restarts: int
    health: str
    failing_streak: int
    probe_started: datetime | None
    probe_output: str
    check: HealthCheck | None
    service: str
    project_directory: str
    started: datetime | None = None
    pid: int = 0
    project: str = ""
    # The services of its project whose health it waits for when it starts, its databases; None where it does not say.
    depends_on: tuple[str, ...] | None = None


def parse_time(text: str) -> datetime | None:
    """Return a time of the engine's (RFC 3339 with up to nine digits, which Python 3.10 does not read itself)."""
    match = TIMESTAMP.match(text)
    if match is None:
        return None
    seconds, fraction, zone = match.groups()
    micros = (fraction or "")[:6].ljust(6, "0")
    return datetime.fromisoformat(f"{seconds}.{micros}{'+00:00' if zone == 'Z' else zone}").astimezone(timezone.utc)


def parse_check(check: dict[str, Any] | None, shell: Sequence[str] = ()) -> HealthCheck | None:
    """Return a container's own health check, None where it has none. Shell is the image's own."""
    if not check or not check.get("Test") or check["Test"][0] == "NONE":
        return None
    kind, *words = check["Test"]
    return HealthCheck(
        argv=(*(shell or ("/bin/sh", "-c")), *words) if kind == "CMD-SHELL" else tuple(words),
        interval=check.get("Interval", 0) / NANOSECONDS or DEFAULT_INTERVAL,
        timeout=check.get("Timeout", 0) / NANOSECONDS or DEFAULT_TIMEOUT,
        retries=check.get("Retries", 0) or DEFAULT_RETRIES,
        start_period=check.get("StartPeriod", 0) / NANOSECONDS,
    )


def remaining(state: ContainerState, now: datetime) -> float:
    """Return how many seconds a container may still take by its own health check, as old as it is; 0 where there is no check.

    One that is healthy already has the rest of its start period to answer through the proxy as well, one that was unhealthy long
    since its next probe.
    """
    if state.check is None:
        return 0.0
    granted = state.check.start_period if state.health == "healthy" else state.check.patience
    age = (now - state.started).total_seconds() if state.started else 0.0
    return max(granted - age, 0.0 if state.health == "healthy" else state.check.one_probe)


def derive_deadline(states: Iterable[ContainerState | None], now: datetime, at_least: float = 0) -> float:
    """Return the seconds that the slowest of these containers may take from now on by its own health check.

    Containers that have been there for long do not count, so that a gate after a switch waits for what was started in it. At_least
    is a lower bound beside that of every gate.
    """
    return max([SHORTEST_DEADLINE, at_least, *(remaining(state, now) for state in states if state)])


def parse_depends_on(label: str | None) -> tuple[str, ...] | None:
    """Return the services in a label of Compose: db:service_healthy:false,cache:service_started:true."""
    return None if label is None else tuple(one.split(":")[0] for one in label.split(",") if one)


def parse_state(inspected: dict[str, Any]) -> ContainerState:
    """Pick what the gate needs out of an inspect answer."""
    state, config = inspected["State"], inspected["Config"]
    health = state.get("Health") or {}
    newest = (health.get("Log") or [{}])[-1]
    labels = config.get("Labels") or {}
    return ContainerState(
        id=inspected["Id"],
        image=config.get("Image", ""),
        status=state["Status"],
        exit_code=state.get("ExitCode", 0),
        error=state.get("Error", ""),
        oom_killed=state.get("OOMKilled", False),
        restarts=inspected.get("RestartCount", 0),
        health=health.get("Status") or "none",
        failing_streak=health.get("FailingStreak", 0),
        probe_started=parse_time(newest.get("Start", "")),
        probe_output=newest.get("Output", "").strip(),
        check=parse_check(config.get("Healthcheck"), config.get("Shell") or ()),
        service=labels.get("com.docker.compose.service", ""),
        project_directory=labels.get("com.docker.compose.project.working_dir", ""),
        started=parse_time(state.get("StartedAt", "")),
        pid=state.get("Pid", 0),
        project=labels.get("com.docker.compose.project", ""),
        depends_on=parse_depends_on(labels.get("com.docker.compose.depends_on")),
    )


def ending(state: ContainerState) -> str:
    """Say how the container's process ended last."""
    killed = ", killed because it used up its memory (OOMKilled)" if state.oom_killed else ""
    return f"exit code {state.exit_code}{killed}"


def judge_container(state: ContainerState | None, first: ContainerState | None, began: datetime) -> Outcome:
    """Return the verdict on a container; ``first`` is how the gate saw this very container (by id) at first."""
    if state is None or first is None:
        return failed("there is no such container")
    if state.status in GONE:
        return failed(state.status if state.status == "paused" else f"{state.status}, {ending(state)}")
    if state.status == "restarting":
        return failed(f"it keeps dying and is being restarted, {ending(state)}")
    if state.restarts > first.restarts:
        again = state.restarts - first.restarts
        # A container that runs again has its exit code reset, so only the flag of the OOM killer may be left.
        return failed(f"it died and was restarted {again}x since the gate began" + ", OOMKilled" * state.oom_killed)
    if state.status == "created" and (state.error or state.exit_code):
        return failed(f"it could not be started, {ending(state)}: {state.error}")
    if state.status != "running":
        return waiting(f"{state.status}, not running yet")
    if state.health in ("healthy", "none"):
        return OK
    if state.health == "unhealthy":
        return judge_unhealthy(state, first, began)
    return waiting(f"running, health {state.health}, {state.failing_streak} failed probes in a row")


def judge_unhealthy(state: ContainerState, first: ContainerState, began: datetime) -> Outcome:
    """Give a container that was unhealthy all along one more probe: this deploy may have repaired what it needs."""
    stale = state.probe_started is not None and state.probe_started < began
    if first.health == "unhealthy" and stale:
        return waiting("unhealthy since before the gate began, its next probe decides")
    return failed(f"unhealthy, {state.failing_streak} failed probes in a row")


class ContainerProbe:
    """Asks the engine about one container and remembers the last answer for the report."""

    kind = "container"
    expectation = "running, and healthy where it has a health check"

    def __init__(self, reader: ContainerReader, name: str, began: datetime, outlook: Judge | None = None) -> None:
        self.name = name
        self.state: ContainerState | None = None
        self._reader = reader
        self._began = began
        self._outlook = outlook
        self._first: dict[str, ContainerState] = {}

    def look(self) -> ContainerState | None:
        """Read the container's state; restarts are counted from the first look at each container of this name."""
        inspected = self._reader.inspect(self.name)
        self.state = None if inspected is None else parse_state(inspected)
        if self.state is not None:
            self._first.setdefault(self.state.id, self.state)
        return self.state

    def check(self) -> Outcome:
        try:
            state = self.look()
        except DockerUnavailable as error:
            return waiting(f"Docker does not answer: {error}")
        outcome = judge_container(state, self._first.get(state.id) if state else None, self._began)
        if state and self._outlook and outcome.verdict != "failed" and state.status == "running" and state.health in JUDGED:
            return self._foreseen(self._outlook, state) or outcome
        return outcome

    def _foreseen(self, outlook: Judge, state: ContainerState) -> Outcome | None:
        """Return a failure that Docker will find in minutes."""
        reason = outlook.judge(state)
        if outlook.output:
            # Newer than what Docker's own question got.
            self.state = replace(state, probe_output=outlook.output)
        return failed(reason) if reason else None

    def next_step(self) -> str:
        if self.state is None:
            return "docker ps --all"
        if self.state.service and self.state.project_directory:
            directory, service = shlex.quote(self.state.project_directory), shlex.quote(self.state.service)
            return f"cd {directory} && docker compose logs --tail=200 {service}"
        return f"docker logs --tail=200 {shlex.quote(self.name)}"
