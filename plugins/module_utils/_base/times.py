# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How moments are written in what a server keeps: in UTC, sortable as text."""

from __future__ import annotations

from datetime import datetime, timedelta

TIME = "%Y-%m-%dT%H:%M:%SZ"
# Clocks are set by seconds now and then. What is further ahead was written by a clock that was wrong, or is read by one that is.
AHEAD = timedelta(minutes=5)


def is_ahead(moment: datetime, now: datetime) -> bool:
    """Say whether a moment that was written down has not been yet."""
    return moment > now + AHEAD
