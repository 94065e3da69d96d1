# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Telling of runs as soon as the ledger has their entries, whoever wrote them: a deploy, its successor, a timer, the server at boot.

Usage: python3 -m ansible_collections.rarebooks.platform.plugins.module_utils._notify.tell SETTINGS [watch-failed]

A unit starts this when the ledger changes, so that no run waits for a target or fails because of one. With ``watch-failed`` it tells
that the watch itself has ended with an error.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from functools import partial

from .._base.sentence import say
from .._base.times import TIME
from .._run import ledger
from . import changes, dead_man, delivery, memory, runs, settings, targets
from .memory import Memory
from .message import Message
from .settings import Settings
from .targets import Target

# The watch's own entry among what is known, whose area nothing else is in.
WATCH = "program/watch"


def of_runs(remembered: Memory, directory: str) -> list[Message]:
    """Return what to tell of the runs that ended since the last time. The first time nothing is news."""
    entries = ledger.read(directory)[0]
    seen = remembered.entries if 0 <= remembered.entries <= len(entries) else len(entries)
    remembered.entries = len(entries)
    return [message for one in entries[seen:] if (message := runs.message_of(one))]


def of_the_watch(remembered: Memory) -> list[Message]:
    """Return that the watch does not run, if it has not been told and was so the last time too."""
    if not changes.compare(remembered.findings, {WATCH: "failed"}):
        return []
    return [Message("failure", say("the watch of this server fails"), (say("Next: {command}", command="journalctl -u rarebooks-watch"),))]


def send(remembered: Memory, wanted: Settings, messages: Iterable[Message]) -> None:
    """Send messages to every target, and those of before that wait."""
    written = [one.write(wanted.host, wanted.language, _now()) for one in messages]
    for one in written:
        log(f"{one.title}\n{one.body}", urgent=one.kind == "failure")
    delivery.deliver(remembered, targets.find(wanted.directory), written, partial(targets.send, wanted.program))


def test(wanted: Settings, send: bool = True) -> list[tuple[Target, str]]:
    """Send every target a message of no importance, and return why one did not take it; nothing is remembered of that."""
    body = say("Whoever reads this is told how deploys and rollbacks end, and what breaks on this server.")
    message = Message("info", say("a test message"), (body,)).write(wanted.host, wanted.language, _now())
    found = targets.find(wanted.directory)
    with ThreadPoolExecutor(max(1, len(found))) as pool:
        return list(zip(found, pool.map(lambda one: targets.send(wanted.program, one, message) if send else "", found), strict=True))


def ping(wanted: Settings, remembered: Memory, text: str = "") -> None:
    """Tell the dead man's switch that somebody watches, and whether what was told last is that all is well."""
    if wanted.dead_man_url:
        well = all(one.told != "failed" for one in remembered.findings.values())
        error = dead_man.ping(wanted.dead_man_url, well, text)
        delivery.note(remembered, delivery.DEAD_MAN, error, datetime.now(timezone.utc).strftime(TIME))


def _now() -> str:
    return f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC"


def log(text: str, urgent: bool) -> None:
    """Write to systemd's journal; each line carries its priority, sd-daemon(3)."""
    for line in text.splitlines():
        sys.stdout.write(f"<{3 if urgent else 6}>{line}\n")
    sys.stdout.flush()


def main() -> int:
    wanted = settings.load(sys.argv[1], Settings)
    if "watch-failed" in sys.argv[2:]:
        with memory.opened(wanted.memory) as remembered:
            send(remembered, wanted, of_the_watch(remembered))
            if remembered.findings[WATCH].told == "failed":  # Of a server that nobody looked at it cannot be said that all is well.
                ping(wanted, remembered)
        return 0
    while True:
        with memory.opened(wanted.memory) as remembered:
            messages = of_runs(remembered, wanted.path)
            send(remembered, wanted, messages)
        if not messages:
            return 0
        time.sleep(1)  # Whatever is written meanwhile starts no unit that is running.


if __name__ == "__main__":
    raise SystemExit(main())
