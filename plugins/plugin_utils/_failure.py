# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a run ended, for its entry in the ledger.

Ansible tells the failed task to a rescue only, and a rescue that fails again shows people a second error. So each task of ours that
can fail registers how it ended (a unit test sees to that), and what failed is among what was registered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

# What tasks register that nobody else reads comes first: a failure that was handled is told by the task that handled it.
OUTCOME = re.compile(r"__[a-z]+_outcome")
OURS = re.compile(r"__(stack|rollback|docker|network|certificates)_[a-z_]+")
LONGEST = 500


def error_of(variables: Mapping[str, Any]) -> str:
    """Return the first line of the error of the task that failed, empty where none of those that are known did."""
    for names in (OUTCOME, OURS):
        for text in _errors(value for name, value in variables.items() if names.fullmatch(name)):
            return text
    return ""


def _errors(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        if isinstance(value, Mapping) and value.get("failed") is True:
            yield _first_line(_failed_item(value))


def _failed_item(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the item of a loop that failed, or the result itself."""
    items = result.get("results")
    failed = [one for one in items if isinstance(one, Mapping) and one.get("failed") is True] if isinstance(items, list) else []
    return failed[0] if failed else result


def _first_line(result: Mapping[str, Any]) -> str:
    if result.get("censored") or result.get("_ansible_no_log"):
        return ""
    lines = str(result.get("msg") or "").strip().splitlines() or [""]
    return lines[0][:LONGEST]
