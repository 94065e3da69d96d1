# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of a container an inventory has to say: values of its environment that are no secrets, and its health check.

Which of an app's own variables those are, its role says (docs/apps.md, adoption). Of all other keys the name and the value tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .._base.published_secrets import is_published
from .._release.differences import pairs
from .engine import name_of
from .environment import DISAPPEARS

_SECRET_NAME = re.compile(
    r"(?i)pass|pwd|secret|token|key|cred|private|salt|sign|connection|dsn|auth|cookie|hook|cert|phone|mail|code|invite|seed"
)
_SECRET_VALUE = re.compile(r"(?i)\bp(?:ass)?w(?:or)?d\s*=|://[^/\s:@]+:[^/\s@]+@|-----BEGIN")
# In a command.
_SECRET_OPTION = re.compile(r"(?i)(?:^|\s)-a(?:\s|$)|pass|secret|token|authorization|\bkey=")
# Long and without a sign that a person would write between words.
_RANDOM = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9+/=_-]{20,}")
_NANOSECONDS = 10**9


def may_be_secret(name: str, value: str) -> bool:
    """Say whether a value had better stay on the server."""
    return bool(_SECRET_NAME.search(name) or _SECRET_VALUE.search(value) or _RANDOM.fullmatch(value) or is_published(value))


def told(container: Mapping[str, Any], states: Mapping[str, str], adoptions: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the values that roles ask for with their variables, those that the release does not set and may be shown, and the names
    of the others."""
    name, now = name_of(container), pairs(container["Config"].get("Env") or [])
    listed = list(adoptions)
    environments = [role.get("environment") or {} for role in listed]
    asked = {place["key"]: variable for one in environments for variable, place in one.items() if place["container"] == name}
    extra = any(name in (role.get("extra_environment") or {}).values() for role in listed)
    others = {key for key, state in states.items() if state == DISAPPEARS} - asked.keys() if extra else set()
    return {
        "values": {key: now[key] for key in sorted(asked.keys() & now.keys()) if not is_published(now[key])},
        "variables": asked,
        "extra": {key: now[key] for key in sorted(others) if not may_be_secret(key, now[key])},
        "unsaid": sorted(key for key in others if may_be_secret(key, now[key])),
    }


def health_check(container: Mapping[str, Any]) -> dict[str, Any]:
    """Return the command of a health check as its words, and the timings that it has, in seconds.

    Empty where there is none, or one that may hold a secret.
    """
    check = container["Config"].get("Healthcheck") or {}
    kind, *words = check.get("Test") or ["NONE"]
    if kind == "NONE" or any(may_be_secret("", word) or _SECRET_OPTION.search(word) for word in words):
        return {}
    seconds = {"interval": "Interval", "timeout": "Timeout", "start_period": "StartPeriod"}
    timing = {name: int(check[key]) // _NANOSECONDS for name, key in seconds.items() if check.get(key)}
    retries = {"retries": int(check["Retries"])} if check.get("Retries") else {}
    return {"test": ["sh", "-c", *words] if kind == "CMD-SHELL" else words, "timing": {**timing, **retries}}
