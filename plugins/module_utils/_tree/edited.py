# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What somebody changed by hand of the files that a deploy wrote, and why a file is written anew."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import unified_diff

from .._base.files import sha256
from . import diff, dotenv
from .desired import ENVIRONMENT_FILE
from .plan import CREATED, REMOVED, Existing, LiveTree, Owned, Plan

BY_HAND = "edited by hand"
GONE = "removed by hand"


def edited(owned: Mapping[str, Owned], found: Mapping[str, Existing]) -> dict[str, str]:
    """Return the files of ours that are not as we left them, by path, with what was done to each; found are those that are there."""
    done = {path: _done(path, one, found.get(path)) for path, one in sorted(owned.items())}
    return {path: what for path, what in done.items() if what}


def edited_of(live: LiveTree) -> dict[str, str]:
    """Return the same of a live tree."""
    return edited(live.owned, {path: existing for path in live.owned if (existing := live.read(path)) is not None})


def _done(path: str, owned: Owned, existing: Existing | None) -> str:
    if existing is None:
        return GONE
    if existing.target is not None or sha256(existing.data) != owned.sha256:
        keys = dotenv.differing(existing.data.decode(errors="replace"), owned.source) if owned.source and is_environment(path) else []
        return f"{BY_HAND}: {', '.join(keys)}" if keys else BY_HAND
    return "" if f"{existing.mode:04o}" == owned.mode else f"mode changed by hand from {owned.mode} to {existing.mode:04o}"


def is_environment(path: str) -> bool:
    return path.endswith(ENVIRONMENT_FILE)


def reasons(plan: Plan) -> dict[str, str]:
    """Return why each file that a plan changes is changed."""
    by_hand = edited(plan.owned_before, plan.before)
    return {path: _reason(path, change, by_hand.get(path, ""), plan) for path, change in sorted(plan.changes.items())}


def _reason(path: str, change: str, by_hand: str, plan: Plan) -> str:
    if change == REMOVED:
        return by_hand or "not in the release"
    wanted = next(file for file in plan.files if file.path == path)
    if by_hand == BY_HAND and is_environment(path):
        # Of private text nothing is remembered; what it is to be shows which variables were touched.
        keys = dotenv.differing(plan.before[path].data.decode(errors="replace"), wanted.source)
        return f"{BY_HAND}: {', '.join(keys)}" if keys else BY_HAND
    if by_hand or change == CREATED:
        return by_hand or "new"
    if path not in plan.owned_before:
        return "made by hand"
    return "mode or owner differs" if plan.before[path].data == wanted.data else "the release differs"


def overwritten(plan: Plan, hidden: Mapping[str, str]) -> str:
    """Return as a text what of somebody's editing a plan overwrites, with no secret in it; empty where nothing is."""
    by_hand = edited(plan.owned_before, plan.before).keys() & plan.changes.keys()
    if not by_hand:
        return ""
    differences = zip(sorted(plan.changes), diff.render(plan, hidden), strict=True)
    return "".join(line for path, one in differences if path in by_hand for line in _unified(one))


def _unified(one: Mapping[str, str]) -> list[str]:
    lines = (one["before"].splitlines(keepends=True), one["after"].splitlines(keepends=True))
    found = unified_diff(*lines, f"{one['before_header']} (edited)", f"{one['after_header']} (of the release)", n=2)
    return [line if line.endswith("\n") else f"{line}\n" for line in found]
