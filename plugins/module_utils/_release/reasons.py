# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a container is started or made anew, in a few words. No value of anything is in them, only its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._engine.compose import ENDED
from .differences import pairs
from .stopped import Stopped

NEW = "new"
IMAGE = "image differs"
# What ends a program that is asked to end: by itself, by the signal, or killed once it did not.
ASKED_TO_END = (0, 137, 143)


def of_state(inspected: Mapping[str, Any], stopped: Stopped | None = None) -> list[str]:
    """Return how a container that does not run came to that; nothing for one that runs."""
    state = inspected["State"]
    if state["Status"] not in ENDED:
        return []
    if stopped:
        return [f"was {stopped}"]
    if state["Status"] == "created":
        return ["was never started"]
    if state.get("OOMKilled"):
        return ["had run out of memory"]
    return ["was stopped" if state["ExitCode"] in ASKED_TO_END else f"had ended with exit code {state['ExitCode']}"]


def of_definitions(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return what two definitions of a container do not say the same."""
    found = []
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) == after.get(key):
            continue
        if key == "environment":
            found.append(environment(before.get(key) or {}, after.get(key) or {}))
        else:
            found.append(IMAGE if key == "image" else key)
    return found


def of_instances(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return what differs between a container and the one that replaced it, as far as it shows in what an app sees."""
    if before["Id"] == after["Id"]:
        return []
    found = [IMAGE] if before["Image"] != after["Image"] else []
    # A new image brings an environment of its own.
    there, now = (pairs(one["Config"].get("Env") or []) for one in (before, after))
    return found or ([environment(there, now)] if there != now else [])


def environment(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    keys = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    return f"environment {', '.join(keys)}"


def worded(found: Iterable[str], by_hand: bool) -> list[str]:
    """Return differences of a definition as a reason: whose they are, and which."""
    found = list(dict.fromkeys(found))
    if by_hand:
        return [f"edited by hand: {', '.join(found)}"] if found else []
    others = [one for one in found if one != IMAGE]
    return [IMAGE] * (IMAGE in found) + ([f"its definition differs: {', '.join(others)}"] if others else [])
