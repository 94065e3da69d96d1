# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Containers that somebody stopped on purpose. It is no part of a release: whatever starts them again ends it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from .._base import state
from .._base.files import sync_directory, write_durably
from .._health.state import parse_time

FILE = ".stopped.json"
REMEDY = f"Remove it: {FILE} only says which containers were stopped on purpose, and by whom."
ENDED = ("created", "exited", "dead")


@dataclass(frozen=True)
class Stopped:
    """Who stopped a container, and when; id is that of the container then."""

    by: str
    at: str
    id: str = ""

    def __str__(self) -> str:
        return f"stopped on purpose by {self.by} on {self.at}"


def read(root: str, containers: Mapping[str, Mapping[str, Any]]) -> dict[str, Stopped]:
    """Return the containers that somebody stopped on purpose and that are still so, of those that were inspected."""
    noted = _load(root)
    return {name: one for name, one in noted.items() if name in containers and _is(containers[name], one)}


def _is(inspected: Mapping[str, Any], noted: Stopped) -> bool:
    if inspected["State"]["Status"] not in ENDED or inspected["Id"] != noted.id:
        return False
    # Started by hand since: whatever ended it then was not that somebody's purpose. The note has whole seconds.
    started, at = parse_time(inspected["State"].get("StartedAt", "")), parse_time(noted.at)
    return not (started and at and started >= at + timedelta(seconds=1))


def _load(root: str) -> dict[str, Stopped]:
    # It decides nothing but how a stopped container is told of, so that a damaged one is none.
    with suppress(state.StateError):
        return state.load(os.path.join(root, FILE), dict[str, Stopped], REMEDY) or {}
    return {}


def note(root: str, found: Mapping[str, Stopped]) -> None:
    """Note that these were stopped."""
    _write(root, {**_load(root), **found})


def forget(root: str, names: Iterable[str] | None = None) -> None:
    """Forget these containers, or all: they are no longer stopped on purpose."""
    gone = None if names is None else set(names)
    left = {} if gone is None else {name: one for name, one in _load(root).items() if name not in gone}
    if left:
        _write(root, left)
    elif os.path.lexists(os.path.join(root, FILE)):
        os.unlink(os.path.join(root, FILE))
        sync_directory(root)


def _write(root: str, noted: Mapping[str, Stopped]) -> None:
    text = json.dumps(state.plain(dict(noted)), indent=1, sort_keys=True)
    write_durably(os.path.join(root, FILE), f"{text}\n".encode(), 0o600)
