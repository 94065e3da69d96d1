# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The watch: what a timer runs on the server, which verifies it and tells what has changed.

Usage: python3 -m ansible_collections.rarebooks.platform.plugins.module_utils._verify.watch SETTINGS

It says nothing of what it sees but once, nor while a run is at work, since that knows what it does. It says so when it cannot look.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone

from .._base.errors import describe
from .._base.process import boot
from .._base.sentence import Sentence, say
from .._base.times import TIME
from .._notify import changes, delivery, memory, settings, tell, textfile
from .._notify.changes import PASSED, Known, Level
from .._notify.memory import Memory
from .._notify.message import Kind, Message
from .._notify.settings import Settings
from .._run import lease
from . import run
from . import settings as verification
from .finding import Finding, failed, passed

# A run that takes longer hangs, and hides what it was to change.
LONGEST_RUN = 7200
KINDS: Mapping[Level, Kind] = {"failed": "failure", "warning": "warning", "passed": "success"}
MARKS: Mapping[Level, str] = {"failed": "✗", "warning": "!", "passed": "✓"}
# In which they are told.
ORDER = list(KINDS)
AREA = "watch"
# Errors in a log stay there: only what the next run of the timer finds, in lines that this one has not read, is found twice.
ONCE = "logs"
Look = Callable[[], Sequence[Finding]]


def observe(place: lease.Place, look: Look) -> list[Finding] | None:
    """Return what is found, None while a run is at work, or was when this began."""
    if at_work(place):
        return None
    try:
        found = [*look(), passed(AREA, "verification", say("the server can be verified"))]
    except Exception as error:
        # Nothing is known then of other areas, in which so nothing changes.
        text = say("the server cannot be verified: {error}", error=describe(error))
        found = [failed(AREA, "verification", text, "journalctl -u rarebooks-watch")]
    return None if at_work(place) else [*found, unfinished(place)]


def at_work(place: lease.Place) -> bool:
    """Say whether a run is alive, and not for hours."""
    try:
        lease.inspect(place)
    except lease.LeaseHeld:
        held = place.load()
        return held is not None and held.duration < LONGEST_RUN
    return False


def unfinished(place: lease.Place) -> Finding:
    """Return what is to be said of a run that does not end, or that has died and left its lease behind."""
    held = place.load()
    if held is None or held.boot != boot():
        return passed(AREA, "run", say("no run is unfinished"))
    who = {"action": held.run.action, "by": held.run.by, "step": held.step}
    try:
        lease.inspect(place)
    except lease.LeaseHeld:
        text = say("{action} by {by} has been at work for hours, at: {step}", **who)
        return failed(AREA, "run", text, "ansible-playbook history.yml")
    return failed(AREA, "run", say("{action} by {by} has died at: {step}", **who), "ansible-playbook deploy.yml")


def by_key(findings: Sequence[Finding]) -> dict[str, Finding]:
    """Return the worst finding about each thing."""
    found: dict[str, Finding] = {}
    for one in findings:
        key = f"{one.area}/{one.subject}"
        if key not in found or ORDER.index(one.level) < ORDER.index(found[key].level):
            found[key] = one
    return found


def message_of(news: Mapping[str, Level], found: Mapping[str, Finding]) -> Message:
    """Return one message for all that has changed, the worst first."""
    keys = sorted(news, key=lambda key: ORDER.index(news[key]))
    worst = news[keys[0]]
    things = ", ".join(subject_of(key) for key in keys if news[key] == worst)
    lines = [line for key in keys for line in lines_of(key, news[key], found.get(key))]
    return Message(KINDS[worst], title_of(worst, things), tuple(lines))


def title_of(level: Level, things: str) -> Sentence:
    if level == "failed":
        return say("broken: {things}", things=things)
    return say("needs attention: {things}", things=things) if level == "warning" else say("all right again: {things}", things=things)


def lines_of(key: str, level: Level, finding: Finding | None) -> list[Sentence]:
    """Return what is found about one thing and what to do; nothing but its name where it is not looked at any more."""
    if finding is None:
        return [say("{mark} {subject}", mark=MARKS[level], subject=subject_of(key))]
    lines = [say("{mark} {subject}: {text}", mark=MARKS[level], subject=finding.subject, text=finding.text)]
    return [*lines, say("Next: {command}", command=finding.next)] if finding.next else lines


def subject_of(key: str) -> str:
    return key.split("/", 1)[1]


def take_in(remembered: Memory, findings: Sequence[Finding]) -> list[Message]:
    """Remember what was found, and return what to tell of it."""
    found = by_key(findings)
    levels: dict[str, Level] = {key: one.level for key, one in found.items()}
    # That this runs is what was last told not to be so, at the worst; nobody need wait for the next run to believe it.
    if tell.WATCH in remembered.findings:
        remembered.findings[tell.WATCH].seen = levels[tell.WATCH] = PASSED
    news = changes.compare(remembered.findings, levels)
    return [message_of(news, found)] if news else []


def watch(wanted: Settings, place: lease.Place, look: Look) -> None:
    """Look once, and again where something has changed; tell what is news, and keep machines informed."""
    for last in (False, True):
        began = time.monotonic()
        findings = observe(place, look)
        if last and findings is not None:
            findings = [one for one in findings if one.area != ONCE]
        with memory.opened(wanted.memory) as remembered:
            messages = tell.of_runs(remembered, wanted.path)
            messages += take_in(remembered, findings) if findings is not None else []
            tell.send(remembered, wanted, messages)
            if not last:  # The log of the minute in between is for the next run of the timer.
                remembered.looked = datetime.now(timezone.utc).strftime(TIME)
            if findings is not None:
                publish(wanted, remembered, findings, time.monotonic() - began)
            if last or findings is None or not again(remembered.findings):
                tell.ping(wanted, remembered)
                return
        time.sleep(wanted.confirm_seconds)


def again(known: Mapping[str, Known]) -> bool:
    """Say whether something is to be looked at again now."""
    return changes.unconfirmed({key: one for key, one in known.items() if changes.area_of(key) != ONCE})


def publish(wanted: Settings, remembered: Memory, findings: Sequence[Finding], seconds: float) -> None:
    """Write the file for a collector of metrics, where one is wanted."""
    if wanted.textfile_dir:
        levels = {key: one.level for key, one in by_key(findings).items()}
        text = textfile.render(wanted.host, levels, len(remembered.failing), time.time(), seconds)
        delivery.note(remembered, delivery.TEXTFILE, textfile.write(wanted.textfile_dir, text), remembered.looked)


def main() -> int:
    wanted = settings.load(sys.argv[1], Settings)
    verified = settings.load(sys.argv[1], verification.Settings)

    def look() -> list[Finding]:
        looked = memory.load(wanted.memory).looked
        return run.run(replace(verified, log_minutes=min(verified.log_minutes, since(looked, datetime.now(timezone.utc)))))

    watch(wanted, lease.Place(wanted.path), look)
    return 0


def since(looked: str, now: datetime) -> int:
    """Return the minutes of log that no look has read yet, so that errors of a moment, or of a deploy, are found in one look alone."""
    before = datetime.strptime(looked, TIME).replace(tzinfo=timezone.utc) if looked else now
    return max(1, int((now - before).total_seconds() // 60))


if __name__ == "__main__":
    raise SystemExit(main())
