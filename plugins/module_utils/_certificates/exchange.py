# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates that a deploy has exchanged and that nothing has proven yet: they stay, or those of before come back."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from glob import escape as glob_escape
from glob import glob

from .._base.libraries import CRYPTOGRAPHY
from . import live as certificates_live
from . import trial
from .live import BEFORE, VERSIONS, Installed, Pair, is_placeholder


def pending() -> list[str]:
    """Return the names of the certificates that have been exchanged and not proven."""
    live = certificates_live.LIVE
    notes = glob(os.path.join(glob_escape(os.path.join(os.path.dirname(live), VERSIONS)), "*", BEFORE))
    return sorted(os.path.basename(os.path.dirname(note)) for note in notes)


def settle() -> None:
    """Note that what is in place has been proven."""
    for name in pending():
        Installed(name, certificates_live.LIVE).settle()


def restore() -> list[str]:
    """Put the pairs back that were proven last, and return their names. nginx reads them at its next reload."""
    restored = []
    for name in pending():
        installed = Installed(name, certificates_live.LIVE)
        before = installed.before()
        if before and before != installed.pair() and _is_good(before):
            installed.put(before)
            restored.append(name)
        installed.settle()
    return restored


def _is_good(pair: Pair) -> bool:
    """Say whether visitors are better off with this one than with one that was checked and could not be proven."""
    if CRYPTOGRAPHY.is_missing:
        return True
    leaf = trial.usable(pair)
    return leaf is not None and not is_placeholder(leaf) and leaf.not_after > datetime.now(timezone.utc)
