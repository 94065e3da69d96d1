# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a certificate has to be ordered."""

from __future__ import annotations

from datetime import datetime, timedelta

from .._certificates.certificate import Certificate
from .client import Lineage
from .records import key
from .settings import DNS, Settings, Wanted

# A deploy does not wait for the timer where the timer has failed so long.
OVERDUE = "it expires soon, and the timer has not renewed it"


def reason(wanted: Wanted, lineage: Lineage | None, settings: Settings, now: datetime) -> str:
    """Return why an order is needed, nothing where none is. All but OVERDUE are somebody's wish."""
    if lineage is None:
        return "there is none yet"
    leaf = lineage.pair.leaf
    if key(leaf.subject_names) != key(wanted.names):
        return f"it covers {', '.join(leaf.subject_names)}"
    if leaf.key_type != wanted.key_type:
        return f"its key is {leaf.key_type}"
    if lineage.directory != settings.directory:
        return f"it was ordered from {lineage.directory}"
    if lineage.challenge != wanted.challenge or (wanted.challenge == DNS and lineage.plugin != f"dns-{settings.dns_plugin}"):
        return f"it was ordered with {lineage.plugin}"
    if leaf.days_left(now) < threshold(leaf, settings.fail_days):
        return OVERDUE
    return ""


def threshold(leaf: Certificate, days: int) -> float:
    """Return the days that may be left before somebody has to act: fewer for certificates that never have many."""
    return min(float(days), (leaf.not_after - leaf.not_before).total_seconds() / 86400 / 4)


def due(leaf: Certificate) -> datetime:
    """Return from when on certbot renews a certificate: at a third of its life before the end, at half of a life below 10 days.

    That is certbot's own rule since 4.0; earlier ones renew 30 days before the end, which is the same for a life of 90 days.
    """
    life = leaf.not_after - leaf.not_before
    return leaf.not_after - life / (3 if life >= timedelta(days=10) else 2)
