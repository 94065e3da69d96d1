# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The part of ``docker inspect`` that says how a container is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

# What the engine uses where a health check does not say (or says 0).
DEFAULT_INTERVAL = 30.0
DEFAULT_TIMEOUT = 30.0
DEFAULT_RETRIES = 3

NANOSECONDS = 1_000_000_000
TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)")


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
