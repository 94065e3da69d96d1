# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether somebody would be told: the timer of the watch, and each target that messages go to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from .._base.process import uptime
from .._base.sentence import Sentence, say
from .._base.times import TIME
from .._notify import delivery, memory, settings, targets
from .._notify.memory import Failing, Memory
from .._notify.settings import Settings
from .finding import Finding, Level, failed, passed
from .observed import Observed

AREA = "notifications"
# It looks every five minutes, and may take ten.
SILENT = timedelta(minutes=20)
TEST = "ansible-playbook notify.yml"


def check(server: Observed) -> Iterator[Finding]:
    """Yield what the watch of this server is like; nothing where a deploy has installed none."""
    file = os.path.join(server.settings.path, settings.DIRECTORY, settings.FILE)
    if not os.path.exists(file):
        return
    wanted = settings.load(file, Settings)
    remembered = memory.load(wanted.memory)
    if wanted.watch:
        yield timer(remembered.looked, datetime.now(timezone.utc))
    yield from told(wanted, remembered)
    for key, subject in ((delivery.DEAD_MAN, "verify_dead_man_url"), (delivery.TEXTFILE, "verify_textfile_dir")):
        if key in remembered.failing:
            yield _failing(subject, remembered.failing[key], "warning", say("Correct it in the inventory, and deploy."))


def timer(looked: str, now: datetime) -> Finding:
    """Return whether the watch has looked lately. That its timer runs is seen beside the other units."""
    late = looked and now - datetime.strptime(looked, TIME).replace(tzinfo=timezone.utc) > SILENT
    if late and uptime() > SILENT.total_seconds():
        text = say("has not looked at this server since {looked}", looked=looked)
        return failed(AREA, "watch", text, "systemctl status rarebooks-watch.timer rarebooks-watch.service")
    return passed(AREA, "watch", say("looks at this server every five minutes"))


def told(wanted: Settings, remembered: Memory) -> Iterator[Finding]:
    """Yield how each target takes messages. That nobody can be told any more is a failure, that one cannot be is a warning."""
    found = targets.find(wanted.directory)
    nobody = all(one.key in remembered.failing for one in found)
    for one in found:
        subject = f"target {one}"
        if one.key in remembered.failing:
            yield _failing(subject, remembered.failing[one.key], "failed" if nobody else "warning", TEST)
        else:
            yield passed(AREA, subject, say("takes messages"))


def _failing(subject: str, failing: Failing, level: Level, step: Sentence | str) -> Finding:
    text = say("has taken nothing since {since}: {error}", since=failing.since, error=failing.error)
    return Finding(AREA, subject, level, text, step)
