# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ledger's entry of a switch, also of one that was cut off before and never wrote its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .._base.errors import describe
from .._base.state import StateError
from .._release import database_volumes, journal, live
from .._run import lease as run_lease
from .._run import ledger
from .server import Server

STEP = "switching to the new release"


class Recorder:
    """Writes the run's entry into the ledger, once, and says so in the lease."""

    def __init__(
        self,
        place: run_lease.Place,
        run: ledger.Run,
        server: Server,
        backup: str,
        to: str = "",
        why: Callable[[], Mapping[str, str]] = dict,
        rehearsed: Mapping[str, str] | None = None,
    ) -> None:
        root, pending = server.root, journal.unfinished(server.root)
        self.backup = backup or (pending.backup if pending else "")
        self.release = ""
        self.notes: list[str] = []
        self._place, self._run, self._server, self._to, self._why = place, run, server, to, why
        self._rehearsed = {} if rehearsed is None else rehearsed
        if pending and not ledger.has(root, pending.run.get("token", "")):
            # The lease, which tells of a dead controller, does not survive a reboot; the journal does.
            dead = ledger.Run.from_dict(pending.run)
            ledger.append(root, ledger.entry(dead, "interrupted", 0.0, backup=pending.backup, step=STEP))

    def proven(self, result: str, error: str, reasons: Mapping[str, str]) -> None:
        """Write that a release has been proven to serve, this run's own one where no other result is given."""
        self.release = live.read(self._server.root, self._server.project, self._server.client).digest
        try:
            volumes = [one.volume for app in live.stated(self._server.root).apps for one in app.databases]
            database_volumes.note_served(self._server.root, volumes)
        except (StateError, OSError) as problem:  # It serves all the same.
            self.notes.append(describe(problem))
        found = reasons if result else self._why()
        self.record(result or ("rolled back" if self._to else "deployed"), self.release, error, found)

    def record(self, result: str, release: str, error: str, reasons: Mapping[str, str] | None = None) -> None:
        """Write the entry; step and error are those of a failure, reasons are why containers were started."""
        lease = run_lease.mine(self._place, self._run.token)
        failure = {"step": STEP if error else "", "error": error}
        facts = {"release": release, "backup": self.backup, "to": self._to, "reasons": dict(reasons or {}), **failure}
        facts["rehearsed"] = dict(self._rehearsed)
        try:
            ledger.append(self._server.root, ledger.entry(self._run, result, lease.duration, **facts))
        except OSError as problem:  # Such as a full disk: what was done is done all the same.
            self.notes.append(f"This run could not be recorded in {self._server.root}/{ledger.FILE}: {problem}")
        run_lease.note(self._place, self._run.token, recorded=True)
