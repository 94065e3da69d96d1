# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether there is a backup that one could go back to, and how old the newest is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta

from .._backup import listing
from .._backup.manifest import moment_of
from .._base.sentence import say
from .._base.times import TIME, is_ahead
from .._tree import plan
from .finding import Finding, failed, not_yet, passed, warning
from .observed import Observed

LIST = "ansible-playbook backups.yml"


def check(server: Observed) -> Iterator[Finding]:
    """Yield how the backups are."""
    root, days = server.settings.path, server.settings.backup_days
    step = say("See which there are: {command}", command=LIST)
    found = [listing.as_found(one) for one in listing.find_all(root) if one.kind == "sealed"]
    for one in found:
        if one.damage:
            yield warning("backups", one.id, say("{error}", error=one.damage), step)
    moments = [moment for one in found if not one.damage and (moment := moment_of(one.id))]
    if not moments:
        yield none_yet(server, root, days)
        return
    if is_ahead(max(moments), server.began):
        yield not_yet(warning, "backups", "newest", say("the newest backup"), max(moments).strftime(TIME))
        return
    age = max(server.began - max(moments), timedelta())
    told = f"{age.days}" if age.days else f"{age.total_seconds() / 86400:.1f}"
    if days and age > timedelta(days=days):
        text = say("expected a backup of the last {days} days, got one that is {age} days old", days=days, age=told)
        yield failed("backups", "newest", text, step)
    else:
        yield passed("backups", "newest", say("is {age} days old", age=told))


def none_yet(server: Observed, root: str, days: int) -> Finding:
    """Say that there is no backup, which is well for as long as the newest may be old."""
    age = server.began.timestamp() - os.path.getmtime(os.path.join(root, plan.MANIFEST))
    if days and age > days * 86400:
        text = say("expected a backup of the last {days} days, got none", days=days)
        return failed("backups", "newest", text, say("See which there are: {command}", command=LIST))
    return passed("backups", "newest", say("none yet: the next deploy that changes something seals the first"))
