# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which findings are news: those that are of another level than what was told, twice in a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Level = Literal["passed", "warning", "failed"]
PASSED: Level = "passed"


@dataclass
class Known:
    """What was told of one thing, and what was seen of it once since then."""

    told: Level = PASSED
    seen: Level = PASSED


def compare(known: dict[str, Known], found: Mapping[str, Level]) -> dict[str, Level]:
    """Bring what is known up to date, and return the news.

    Keys are ``area/subject``. What is not found any more has passed, unless its area was not looked at, or not in full: an engine that
    does not answer tells nothing of containers.
    """
    looked_at = {area_of(key) for key in found} - {area_of(key) for key, level in found.items() if level == "failed"}
    unseen = {key: PASSED for key in known if key not in found and area_of(key) in looked_at}
    news: dict[str, Level] = {}
    for key, level in {**found, **unseen}.items():
        one = known.setdefault(key, Known())
        if level not in (one.told, one.seen):
            one.seen = level  # Once is a flicker, or the beginning of something.
            continue
        if level != one.told:
            news[key] = one.told = level
        one.seen = one.told
        if one.told == PASSED:
            del known[key]
    return news


def area_of(key: str) -> str:
    return key.split("/", 1)[0]


def unconfirmed(known: Mapping[str, Known]) -> bool:
    """Say whether something has been seen once that has to be looked at again."""
    return any(one.seen != one.told for one in known.values())
