# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Showing what changes in a tree without showing a secret, neither today's value nor yesterday's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .._base import secret_store
from .._base.files import sha256
from .desired import PRIVATE_MODE, File
from .plan import CREATED, REMOVED, UPDATED, Existing, Owned, Plan

PRIVATE = "(private content, not shown)\n"


def report(plan: Plan, completed: Mapping[str, str], hidden: Mapping[str, str], diff: bool) -> dict[str, Any]:
    """Return what a task says of a plan: paths by what happens to them, those an interrupted run had committed included."""
    changes = {**completed, **plan.changes}
    return {
        **{kind: sorted(path for path, change in changes.items() if change == kind) for kind in (CREATED, UPDATED, REMOVED)},
        "diff": interrupted(plan.root, completed) + render(plan, hidden) if diff else [],
    }


def render(plan: Plan, hidden: Mapping[str, str]) -> list[dict[str, str]]:
    """Return one difference per changed file, in the form that Ansible's callbacks print."""
    desired = {file.path: file for file in plan.files}
    return [_difference(path, plan, desired.get(path), dict(hidden)) for path in sorted(plan.changes)]


def interrupted(root: str, changes: Mapping[str, str]) -> list[dict[str, str]]:
    """Return differences for files that an interrupted run had committed: which they are, and no more."""
    return [
        {
            "before_header": os.path.join(root, path),
            "after_header": os.path.join(root, path),
            "before": "(an interrupted run had committed this file)\n",
            "after": f"({change} in completing it)\n",
        }
        for path, change in sorted(changes.items())
    ]


def _difference(path: str, plan: Plan, file: File | None, hidden: dict[str, str]) -> dict[str, str]:
    existing = plan.before.get(path)
    after = "" if file is None else _after(file, hidden)
    before = "" if existing is None else _before(existing, file, plan.owned_before.get(path), after, hidden)
    if file is not None and existing is not None:
        if existing.data != file.data and before == after:
            after += "(private content differs)\n" if file.private else "(the value of a secret differs)\n"
        was, becomes = _attributes(existing.mode, existing.uid), _attributes(file.mode, file.uid)
        if was != becomes and existing.target is None and file.target is None:
            before, after = was + before, becomes + after
    header = os.path.join(plan.root, path)
    return {"before_header": header, "after_header": header, "before": before, "after": after}


def _attributes(mode: int, uid: int) -> str:
    return f"(mode {mode:04o}, owner {uid})\n"


def _after(file: File, hidden: dict[str, str]) -> str:
    if file.target is not None:
        return f"(symbolic link to {file.target})\n"
    return PRIVATE if file.private else _mask(file.source, hidden)


def _mask(text: str, hidden: dict[str, str]) -> str:
    return secret_store.REFERENCE.sub(secret_store.MASK, secret_store.mask(text, hidden))


def _before(existing: Existing, file: File | None, owned: Owned | None, after: str, hidden: dict[str, str]) -> str:
    if existing.target is not None:
        return f"(symbolic link to {existing.target})\n"
    if file is not None and file.private:
        return PRIVATE
    if owned is not None and owned.source is not None and owned.sha256 == sha256(existing.data):
        # We wrote just this, so the text it was made from can stand for it: also for values that have changed since.
        return _mask(owned.source, hidden)
    text = _mask(existing.data.decode(errors="replace"), hidden)
    if not _may_hold_unknown_secrets(existing, file, owned):
        return text
    if file is None:
        return PRIVATE
    # A hand-made file may hold a password that nobody told us: show what the new text has too, hide the rest.
    known = set(after.splitlines())
    return "".join(f"{line if line in known else secret_store.MASK}\n" for line in text.splitlines())


def _may_hold_unknown_secrets(existing: Existing, file: File | None, owned: Owned | None) -> bool:
    return (
        (file is not None and file.has_references)
        or (owned is not None and owned.mode == f"{PRIVATE_MODE:04o}")
        or existing.mode & 0o077 == 0
    )
