# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The record of every run that got as far as the lease, on the server: one line of JSON each, only ever appended."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta, timezone
from typing import Any

from .._base import state
from .._base.files import read_if_exists, sync_directory
from .._base.times import TIME

FILE = "ledger.jsonl"
SUCCESSES = ("deployed", "rolled back", "renewed", "unchanged", "done")
# done: what its action says, such as "rotate secrets". refused: before anything was changed. failed: before the switch, or with nothing
# to go back to. restored: the old release serves again. broken: that could not be proven. interrupted: the controller died, and the
# successor wrote this.
RESULTS = (*SUCCESSES, "refused", "failed", "restored", "broken", "interrupted")


@dataclass(frozen=True)
class Run:
    """Who deploys, as the controller describes itself."""

    token: str = ""
    action: str = "deploy"
    by: str = ""
    controller: str = ""
    pid: int = 0
    pid_start: int = 0
    commit: str = ""
    started: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Run:
        known: dict[str, Any] = {item.name: data[item.name] for item in fields(cls) if item.name in data}
        for name, value in known.items():  # Numbers may come as text, from a template.
            known[name] = int(value) if name.startswith("pid") else str(value)
        return cls(**known)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.action} by {self.by}, started {self.started}" + (f", commit {self.commit}" if self.commit else "")


@dataclass(frozen=True)
class Entry:
    """What the ledger says of one run; a text that does not apply is empty."""

    run: str = ""
    action: str = ""
    started: str = ""
    ended: str = ""
    duration: float = 0.0
    result: str = ""
    by: str = ""
    commit: str = ""
    release: str = ""
    backup: str = ""
    to: str = ""
    # Why each container was started or replaced.
    reasons: dict[str, str] = field(default_factory=dict)
    # What came of starting each app on a copy of its data first.
    rehearsed: dict[str, str] = field(default_factory=dict)
    step: str = ""
    error: str = ""


BLANK = asdict(Entry())


def now() -> str:
    """Return the time as the ledger writes it."""
    return datetime.now(timezone.utc).strftime(TIME)


def seconds_since(started: str) -> float:
    """Return how long ago a time of the ledger's form was; 0 for one that is in the future or no time."""
    try:
        began = datetime.strptime(started, TIME).replace(tzinfo=timezone.utc)
    except ValueError:
        return 0.0
    return max(0.0, (datetime.now(timezone.utc) - began).total_seconds())


def seconds_between(first: str, second: str) -> float:
    """Return how long after another a time of the ledger's form is; 0 for one that is before it or no time."""
    try:
        return max(0.0, (datetime.strptime(second, TIME) - datetime.strptime(first, TIME)).total_seconds())
    except ValueError:
        return 0.0


def entry(run: Run | Mapping[str, Any], result: str, duration: float, **facts: Any) -> dict[str, Any]:
    """Return the entry of a run. Facts are release, backup, to, reasons, rehearsed, step and error.

    The end is computed, since the beginning was read from the controller's clock, which may differ from the server's.
    """
    who, duration = run if isinstance(run, Run) else Run.from_dict(run), round(float(duration), 1)
    try:
        ended = (datetime.strptime(who.started, TIME) + timedelta(seconds=duration)).strftime(TIME)
    except ValueError:
        ended = now()
    facts["error"] = (facts.get("error", "").strip().splitlines() or [""])[0]
    return asdict(Entry(who.token, who.action, who.started, ended, duration, result, who.by, who.commit, **facts))


def append(directory: str, entry: dict[str, Any]) -> bool:
    """Append an entry durably, and return whether there is a directory to do so: a refused first deploy leaves nothing behind."""
    path = os.path.join(directory, FILE)
    created = not os.path.exists(path)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        # Errors name hosts and paths: also a file that somebody has opened to others is for root alone.
        os.fchmod(descriptor, 0o600)
        size = os.fstat(descriptor).st_size
        # What a power loss left of a line stays a line of its own, so that it takes no entry with it.
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        data = b"\n" * torn + json.dumps(entry).encode() + b"\n"
        if os.write(descriptor, data) != len(data):
            raise OSError(errno.ENOSPC, "only a part of the entry could be written", path)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if created:
        sync_directory(directory)
    return True


def read(directory: str) -> tuple[list[dict[str, Any]], int]:
    """Return the entries, oldest first and each with every key, and the number of lines that are none."""
    entries, unreadable = [], 0
    for line in (read_if_exists(os.path.join(directory, FILE)) or b"").split(b"\n"):
        if not line:
            continue
        try:
            found = state.decode(line, dict[str, Any])
            entries.append({**BLANK, **found, **asdict(state.fit(found, Entry))})
        except state.Misfit:
            unreadable += 1
    return entries, unreadable


def has(directory: str, token: str) -> bool:
    """Return whether a run has an entry."""
    return any(found["run"] == token for found in read(directory)[0])
