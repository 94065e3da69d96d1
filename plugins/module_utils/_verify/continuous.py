# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the write-ahead log of each database is received and brought away, so that no more than a minute of rows can be lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from .._base.sentence import say
from .._base.times import TIME
from .._continuous import leftovers, state_file
from .._continuous.settings import DIRECTORY, Bounds
from .._continuous.state_file import Based, Followed, Proof
from .._offsite import settings
from .._offsite.repository import masked
from .._run.lease import LeaseHeld, Place, inspect
from .finding import Finding, failed, passed, warning
from .observed import Observed
from .offsite import DRILLED, SHOW, age_of, moment

AREA = "off-site"
# Less than the quarter of an hour within which somebody has to know, by the watch's time between two looks.
LATE = timedelta(minutes=8)
# The first base of a large database takes its time.
FIRST_BASE = timedelta(hours=6)
# Following is tried every 20 seconds and a base every hour: what has not come in a day does not come by itself, and until then a server
# that is lost loses what came since the last snapshot, which is a day's rows and not a minute's.
NEVER = timedelta(days=1)
MIB = 1 << 20
STATUS = "systemctl status rarebooks-continuous.service"
JOURNAL = "journalctl -u rarebooks-continuous.service -n 50"
BASE_JOURNAL = "journalctl -u rarebooks-base.service -n 50"


def check(server: Observed) -> Iterator[Finding]:
    """Yield how the databases are followed. What the program found is written down; nobody else is asked."""
    wanted = settings.load()
    if wanted is None or not wanted.repositories:
        return  # Said already, by the check of snapshots.
    if not wanted.continuous:
        if server.databases:
            yield passed(AREA, "log", say("is not followed, as the inventory says: what was written since the last snapshot can be lost"))
        return
    yield from killed(server)
    known, bases, proofs, now = state_file.read(), state_file.read_bases(), state_file.read_proofs(), datetime.now(timezone.utc)
    written = settings.written()
    if known.at and age_of(known.at, now) > LATE:
        yield failed(AREA, "log", say("nobody has followed the databases since {at}", at=known.at), STATUS)
        return
    shown = [masked(one) for one in wanted.repositories]
    for container in sorted({one.container for _app, one in server.databases}):
        based = bases.databases.get(container, {})
        found = list(of_one(container, known.databases.get(container), based, shown, wanted.host, now, written))
        found += of_proof(container, proofs.databases.get(container, Proof()), [one.at for one in based.values() if one.at], now)
        yield from found or [passed(AREA, container, say("its log is elsewhere, all but that of the last minute"))]


def killed(server: Observed) -> Iterator[Finding]:
    """Yield what a restore to a moment has left that was killed, unless a run is at work: it may be that."""
    left = leftovers.places(DIRECTORY)
    if not left:
        return
    try:
        inspect(Place(server.settings.path))
    except LeaseHeld:
        return
    for container, path in left.items():
        text = say("a restore to a moment was killed: its copy of the database is still in {path}", path=path)
        yield warning(AREA, container, text, say("The next run removes it: {command}", command="ansible-playbook deploy.yml"))


def of_one(
    container: str, one: Followed | None, based: dict[str, Based], shown: list[str], host: str, now: datetime, written: datetime
) -> Iterator[Finding]:
    """Yield what is wrong with following one database. Written is when the settings became what they are."""
    bounds, step = Bounds(), say("See why: {command}", command=JOURNAL)
    if one is None or not one.at:
        why = one.trouble if one and one.trouble else "-"
        since = moment(one.since) if one and one.since else written
        if now - since > NEVER:
            text = say("its log is not received since {at}: {error}", at=since.strftime(TIME), error=why)
            yield failed(AREA, container, text, step)
        else:
            yield warning(AREA, container, say("its log is not followed yet: {error}", error=why), step)
        return
    if age_of(one.at, now) > LATE:
        text = say("its log is not received since {at}: {error}", at=one.at, error=one.trouble or "-")
        yield failed(AREA, container, text, step)
    elif one.lag > bounds.slot // 4:
        text = say("the receiver of its log is {size} MiB behind", size=one.lag // MIB)
        yield failed(AREA, container, text, step)
    if one.waiting > bounds.waiting // 2:
        text = say("{size} MiB of its log wait on this disk for a repository", size=one.waiting // MIB)
        yield failed(AREA, container, text, step)
    for location in shown:
        shipped = one.repositories.get(location)
        if shipped is None or age_of(shipped.at, now) > LATE:
            at = shipped.at if shipped and shipped.at else "-"
            error = shipped.trouble if shipped and shipped.trouble else "-"
            text = say("its log was last brought to {where} at {at}: {error}", where=location, at=at, error=error)
            yield failed(AREA, container, text, step)
        yield from of_base(container, one, based.get(location, Based()), location, host, now)


def of_proof(container: str, proof: Proof, bases: list[str], now: datetime) -> Iterator[Finding]:
    """Yield whether the log was not restored lately, or could not be."""
    step = say("Prove one: {command}", command=f"{SHOW} -e operation=drill")
    if proof.trouble:
        yield failed(AREA, container, say("its log could not be restored: {error}", error=proof.trouble), step)
    elif bases and age_of(proof.at or min(bases), now) > DRILLED:
        yield warning(AREA, container, say("no drill has restored its log since {at}", at=proof.at or "-"), step)


def of_base(container: str, one: Followed, based: Based, location: str, host: str, now: datetime) -> Iterator[Finding]:
    """Yield what is wrong with the base in one repository that the log is applied to."""
    step = say("See why: {command}", command=BASE_JOURNAL)
    lost, shipped = one.gap(location), one.of(location)
    if based.is_of(one.cluster, host) and based.begun >= lost and age_of(based.at, now) <= Bounds().base_age + FIRST_BASE:
        return
    error = based.trouble or "-"
    if based.at < shipped.anew:
        text = say(
            "{where} is another repository since {at}, and has no base of it yet, so that no second can be restored: {error}",
            where=location,
            at=shipped.anew,
            error=error,
        )
        yield failed(AREA, container, text, step)
    elif lost and based.begun < lost:
        text = say("its log has a gap since {at}, and {where} has no base from after it: {error}", at=lost, where=location, error=error)
        yield failed(AREA, container, text, step)
    elif based.trouble:
        yield failed(AREA, container, say("no new base in {where}: {error}", where=location, error=based.trouble), step)
    elif not based.is_of(one.cluster, host):
        text = say("no base in {where} yet: until then no second can be restored", where=location)
        late = bool(shipped.since) and now - moment(shipped.since) > NEVER
        yield failed(AREA, container, text, step) if late else warning(AREA, container, text, step)
    else:
        yield failed(AREA, container, say("the last base in {where} is of {at}", where=location, at=based.at), step)
