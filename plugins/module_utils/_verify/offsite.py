# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the server could be lost: snapshots in repositories elsewhere, how old, checked, and with a password that somebody has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from .._base.sentence import say
from .._base.times import TIME, is_ahead
from .._offsite import records, settings
from .._offsite.records import Known
from .._offsite.repository import masked
from .finding import Finding, failed, not_yet, passed, warning
from .observed import Observed

AREA = "off-site"
SHOW = "ansible-playbook offsite.yml"
# A repository that nobody has looked at for so long may be damaged.
CHECKED = timedelta(days=35)
# Drills are weekly; this is two that were missed.
DRILLED = timedelta(days=22)


def check(server: Observed) -> Iterator[Finding]:
    """Yield how the repositories are. Nobody is asked over the network: what the programs found is written down."""
    wanted = settings.load()
    if wanted is None or not wanted.repositories:
        text = say("expected a repository elsewhere, got none: data and backups are on this server alone")
        yield warning(AREA, "repository", text, say("Set stack_offsite_repository, then: {command}", command="ansible-playbook deploy.yml"))
        return
    known, now = records.read(), datetime.now(timezone.utc)
    since = now - settings.written()
    for location in wanted.repositories:
        shown = masked(location)
        yield from of_one(shown, known.of(shown), now, server.settings.offsite_days, since)
    if wanted.password_kept:
        yield passed(AREA, "password", say("is kept elsewhere, as the inventory says"))
    else:
        text = say("is on this server alone, and without it nobody can read the snapshots")
        yield warning(AREA, "password", text, say("Keep it elsewhere: {command}", command=f"{SHOW} -e show_password=true"))


def of_one(shown: str, known: Known, now: datetime, days: int, since: timedelta = timedelta()) -> Iterator[Finding]:
    """Yield how one repository is. Since is for how long the settings have been as they are."""
    for doing, trouble in known.troubles.items():
        text = say("{doing} failed at {at}: {error}", doing=doing, at=trouble.at, error=trouble.text)
        yield failed(AREA, shown, text, SHOW)
    yield from snapshot(shown, known, now, days, since)
    yield from of_no_time(shown, known, now)
    if known.snapshot and now - (moment(known.drill.at) if known.drill else now - since) > DRILLED:
        text = say("no snapshot of it was restored to prove it for more than {days} days", days=DRILLED.days)
        yield warning(AREA, shown, text, say("Prove one: {command}", command=f"{SHOW} -e operation=drill"))
    for note in known.drill.notes if known.drill else []:
        yield warning(AREA, shown, say("the last drill left something out: {error}", error=note), SHOW)
    if known.check and now - moment(known.check.at) > CHECKED:
        text = say("was last checked at {at}, longer ago than {days} days", at=known.check.at, days=CHECKED.days)
        yield warning(AREA, shown, text, say("Check it: {command}", command=f"{SHOW} -e operation=check"))


def snapshot(shown: str, known: Known, now: datetime, days: int, since: timedelta) -> Iterator[Finding]:
    """Yield how old the last snapshot is, and what it lacks."""
    if known.snapshot is None:
        if days and since > timedelta(days=days):
            text = say("expected a snapshot of the last {days} days, got none yet", days=days)
            yield failed(AREA, shown, text, say("Make one: {command}", command=f"{SHOW} -e operation=snapshot"))
        elif not known.troubles:
            yield passed(AREA, shown, say("no snapshot yet: the first one is made after the deploy"))
        return
    age = now - moment(known.snapshot.at)
    hours = max(0, int(age.total_seconds() // 3600))
    if is_ahead(moment(known.snapshot.at), now):
        yield not_yet(failed, AREA, shown, say("the last snapshot"), known.snapshot.at)
    elif days and age > timedelta(days=days):
        text = say("expected a snapshot of the last {days} days, got one that is {hours} hours old", days=days, hours=hours)
        yield failed(AREA, shown, text, say("Make one: {command}", command=f"{SHOW} -e operation=snapshot"))
    else:
        yield passed(AREA, shown, say("the last snapshot is {hours} hours old", hours=hours))
    for note in known.snapshot.notes:
        yield warning(AREA, shown, say("the last snapshot is not whole: {error}", error=note), SHOW)


def of_no_time(shown: str, known: Known, now: datetime) -> Iterator[Finding]:
    """Yield what else is of a time that has not been yet, so that nobody knows how old it is."""
    found = [
        (say("a snapshot in it"), known.ahead),
        (say("the last drill"), known.drill.at if known.drill else ""),
        (say("the last check"), known.check.at if known.check else ""),
    ]
    yield from (not_yet(warning, AREA, shown, what, at) for what, at in found if is_ahead(moment(at), now))


def age_of(text: str, now: datetime) -> timedelta:
    """Return how long ago a moment was; for ever where it has not been yet, which nobody can rely upon."""
    return timedelta.max if is_ahead(moment(text), now) else now - moment(text)


def moment(text: str) -> datetime:
    """Return a moment that was written down; long ago for what is none."""
    try:
        return datetime.strptime(text, TIME).replace(tzinfo=timezone.utc)
    except ValueError:
        return datetime(1970, 1, 1, tzinfo=timezone.utc)
