# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the gate waits for, in one line for the person who waits for the gate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from .container import ContainerProbe
from .gate import Record


def waited_for(records: Sequence[Record], now: datetime) -> str:
    """Say of each probe that was asked and does not hold how it is and since when, and how many do."""
    waiting = ", ".join(f"{one.probe.name} ({_so_far(one, now)})" for one in records if one.attempts and not one.ok)
    return f"waiting for {waiting}; {sum(one.ok for one in records)} of {len(records)} probes hold"


def _so_far(record: Record, now: datetime) -> str:
    if not isinstance(record.probe, ContainerProbe):
        return f"not as expected, {record.elapsed:.0f} s"
    state = record.probe.state
    if state is None:
        return "missing"
    if state.status != "running" or state.started is None:
        return state.status
    return f"{state.status if state.health == 'none' else state.health}, {(now - state.started).total_seconds():.0f} s"
