# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ledger's entry of a command that changes what runs, written by the server itself: its controller may be gone by then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .._base.errors import describe
from .._run import lease, ledger


@dataclass
class Record:
    """The run that a command belongs to."""

    place: lease.Place
    run: ledger.Run
    step: str
    backup: str = ""
    # What could not be written down.
    problems: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """Note that this process goes on by itself should its controller die."""
        lease.begin_step(self.place, self.run.token, self.step, process=True)

    def write(self, result: str, error: Exception | None = None, release: str = "", reasons: Mapping[str, str] | None = None) -> None:
        """Write how it ended."""
        held = lease.mine(self.place, self.run.token)
        failure = {"step": self.step, "error": describe(error)} if error else {}
        facts = {"backup": self.backup, "release": release, "reasons": dict(reasons or {}), **failure}
        try:
            ledger.append(self.place.path, ledger.entry(self.run, result, held.duration, **facts))
        except OSError as problem:  # Such as a full disk: what was done is done all the same.
            self.problems.append(f"This run could not be recorded in {self.place.path}/{ledger.FILE}: {problem}")
        lease.note(self.place, self.run.token, recorded=True)
