# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks each repository of the server, and removes what no snapshot needs; systemd starts it by a timer.

Usage: python3 -m ansible_collections.rarebooks.platform.plugins.module_utils._offsite.upkeep [check|check-all|prune|unlock]

A check by the timer reads one part of the packs, each time the next one. Only what was found whole is pruned.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from .._base.errors import describe
from .._run.ledger import now
from . import records, work
from .records import Checked, Known
from .repository import Repository
from .settings import Settings

CHECK, CHECK_ALL, PRUNE, UNLOCK = "check", "check-all", "prune", "unlock"
# How runs of it are called in the ledger.
ACTIONS = {CHECK: "repository check", CHECK_ALL: "repository check", PRUNE: "repository prune", UNLOCK: "repository unlock"}
APPEND_ONLY = "stack_offsite_append_only is true: nothing is removed from here. Prune where the store lies, as docs/offsite.md says."


@dataclass
class Upkeep:
    """One run of the program."""

    settings: Settings
    state: str = records.DIRECTORY
    failed: dict[str, str] = field(default_factory=dict)

    def run(self, asked: str, repository: Repository) -> None:
        """Do what is asked with one repository, and note how it ended; one that fails keeps no other from it."""
        action = ACTIONS[asked]
        try:
            identity = work.recognised(repository, self.state) if asked != UNLOCK else ""
            {CHECK: self._check, CHECK_ALL: self._check_all, PRUNE: self._prune, UNLOCK: self._unlock}[asked](repository)
            with records.changing(self.state) as known:
                one = known.of(repository.shown)
                one.id = one.id or identity
                one.succeed(action)
        except Exception as error:
            text = describe(error)
            self.failed[repository.shown] = text
            with records.changing(self.state) as known:
                known.of(repository.shown).fail(action, error, text)

    def _check(self, repository: Repository) -> None:
        parts = max(1, self.settings.check_parts)
        self._read(repository, next_part(records.read(self.state).of(repository.shown), parts), parts)
        if not self.settings.append_only:
            self._prune(repository)

    def _check_all(self, repository: Repository) -> None:
        self._read(repository, 1, 1)

    def _read(self, repository: Repository, part: int, parts: int) -> None:
        repository.check(part, parts)
        with records.changing(self.state) as known:
            known.of(repository.shown).check = Checked(now(), part, parts)
        work.tell(f"{self.settings.host}: {repository} is whole, as far as part {part} of {parts} tells")

    def _prune(self, repository: Repository) -> None:
        if self.settings.append_only:
            work.tell(f"{self.settings.host}: {repository}: {APPEND_ONLY}")
            return
        work.forget_old(repository, self.settings)
        repository.prune()
        with records.changing(self.state) as known:
            known.of(repository.shown).pruned = now()

    def _unlock(self, repository: Repository) -> None:
        repository.unlock(everyone=True)


def next_part(known: Known, parts: int) -> int:
    """Return which part of the packs is read next."""
    last = known.check.part if known.check and known.check.parts == parts else 0
    return last % parts + 1


def main() -> int:
    """Run once, and return the exit code for the unit."""
    asked = sys.argv[1] if len(sys.argv) > 1 else CHECK
    with work.begun(ACTIONS[asked]) as begun:
        if begun is None:
            return 0
        one = Upkeep(begun.settings)
        for repository in begun.repositories:
            one.run(asked, repository)
        begun.failed = one.failed
        return begun.end()


if __name__ == "__main__":
    raise SystemExit(main())
