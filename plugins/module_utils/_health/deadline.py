# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How long the gate waits: as long as the slowest container may take by its own health check."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from .state import ContainerState

# Seconds; a site needs some time also behind containers without health checks.
SHORTEST_DEADLINE = 60.0


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
