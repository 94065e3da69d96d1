# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one kind of error that is meant for people. Whatever else is raised is a fault of ours, and is told as one."""

from __future__ import annotations

import shlex
import traceback
from typing import Any


class PlatformError(Exception):
    """A message for people, and facts for machines, which become keys of the failed task's result."""

    def __init__(self, message: str = "", **facts: Any) -> None:
        super().__init__(message)
        self.facts = facts


def describe(error: Exception) -> str:
    """Return an error's message; one that nobody foresaw needs its kind and place."""
    if isinstance(error, PlatformError):
        return str(error)
    last = traceback.extract_tb(error.__traceback__)[-1:]
    place = f" ({shlex.quote(last[0].name)})" if last else ""
    return f"{type(error).__name__}{place}: {error}"


def facts_of(error: Exception) -> dict[str, Any]:
    """Return what an error tells machines; nothing where nobody foresaw it."""
    return dict(error.facts) if isinstance(error, PlatformError) else {}
