# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a container may take traffic, read from what ``docker inspect`` says about it."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from .._engine.client import DockerUnavailable
from .gate import OK, ProbeResult, failed, waiting
from .state import ContainerState, parse_state

ASSESSED = ("starting", "healthy")
GONE = ("exited", "dead", "removing", "paused")


class ContainerReader(Protocol):
    """The little the gate needs of a Docker client."""

    def inspect(self, name: str, /) -> dict[str, Any] | None: ...

    def logs(self, name: str, lines: int, /) -> str: ...


class Forecast(Protocol):
    """Says why waiting cannot help a container, and what its health check told it."""

    @property
    def output(self) -> str: ...

    def assess(self, state: ContainerState, /) -> str: ...


def ending(state: ContainerState) -> str:
    """Say how the container's process ended last."""
    killed = ", killed because it used up its memory (OOMKilled)" if state.oom_killed else ""
    return f"exit code {state.exit_code}{killed}"


def check_container(state: ContainerState | None, first: ContainerState | None, began: datetime) -> ProbeResult:
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
        return check_unhealthy(state, first, began)
    return waiting(f"running, health {state.health}, {state.failing_streak} failed probes in a row")


def check_unhealthy(state: ContainerState, first: ContainerState, began: datetime) -> ProbeResult:
    """Give a container that was unhealthy all along one more probe: this deploy may have repaired what it needs."""
    stale = state.probe_started is not None and state.probe_started < began
    if first.health == "unhealthy" and stale:
        return waiting("unhealthy since before the gate began, its next probe decides")
    return failed(f"unhealthy, {state.failing_streak} failed probes in a row")


class ContainerProbe:
    """Asks the engine about one container and remembers the last answer for the report."""

    kind = "container"
    expectation = "running, and healthy where it has a health check"

    def __init__(self, reader: ContainerReader, name: str, began: datetime, outlook: Forecast | None = None) -> None:
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

    def check(self) -> ProbeResult:
        try:
            state = self.look()
        except DockerUnavailable as error:
            return waiting(f"Docker does not answer: {error}")
        outcome = check_container(state, self._first.get(state.id) if state else None, self._began)
        if state and self._outlook and outcome.verdict != "failed" and state.status == "running" and state.health in ASSESSED:
            return self._foreseen(self._outlook, state) or outcome
        return outcome

    def _foreseen(self, outlook: Forecast, state: ContainerState) -> ProbeResult | None:
        """Return a failure that Docker will find in minutes."""
        reason = outlook.assess(state)
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
