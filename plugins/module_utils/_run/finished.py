# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the server ended by itself what a killed run had begun; who comes next has seen nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import ledger
from .lease import Lease

RECOVERY = "recovery"
WORDS = {"restored": "the release before it was brought back, and serves"}


def finished(directory: str, orphan: Lease | None) -> str:
    """Return what to tell of the run before this one, nothing where it ended as runs do.

    A switch that lost its controller writes the entry of its run; the unit that ends one at boot writes an entry of its own.
    """
    entries = ledger.read(directory)[0]
    if orphan is not None:
        own = [one for one in entries if one["run"] == orphan.run.token and one["result"] != "interrupted"]
        return _told(own[-1], own[-1], "") if own else ""
    if entries and entries[-1]["action"] == RECOVERY:
        cut_off = next((one for one in reversed(entries) if one["result"] == "interrupted"), None)
        return _told(cut_off, entries[-1], " at boot") if cut_off else ""
    return ""


def _told(run: Mapping[str, Any], end: Mapping[str, Any], when: str) -> str:
    result = WORDS.get(end["result"], end["result"])
    error = f" ({end['error']})" if end["error"] else ""
    return f"The {run['action']} by {run['by']}, started {run['started']}, was finished by the server{when}: {result}{error}."
