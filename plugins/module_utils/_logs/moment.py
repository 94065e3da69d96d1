# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Moments as people type them: so long ago, or a date and a time of the server's logs."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from .._base.errors import PlatformError

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
PARTS = re.compile(r"(\d+)([smhdw])")
DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?)? ?(Z|UTC|[+-]\d\d:\d\d)?")


class NoMoment(PlatformError):
    """A text is neither so long ago nor a date."""


def duration(text: str) -> timedelta | None:
    """Return how long a text such as 90s, 1h30m or 2d says, None where it says something else."""
    found = PARTS.findall(text)
    if not found or "".join(number + unit for number, unit in found) != text:
        return None
    try:
        return timedelta(**{UNITS[unit]: float(number) for number, unit in found})
    except OverflowError:
        return None


def moment(name: str, text: str, now: datetime) -> datetime:
    """Return the moment that a text names, in UTC unless it says another zone; name is the variable that holds it."""
    text = text.strip()
    try:
        if ago := duration(text):
            return now - ago
        if match := DATE.fullmatch(text):
            day, time, zone = match.groups()
            zone = "+00:00" if zone in (None, "Z", "UTC") else zone
            return datetime.fromisoformat(f"{day}T{time or '00:00'}{zone}").astimezone(timezone.utc)
    except (ValueError, OverflowError):
        pass
    raise NoMoment(f"{name}: expected how long ago, such as 30m, 1h or 2d, or a time in UTC such as '2026-11-26 10:00', got {text!r}.")
