# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Handing messages to the targets. What one does not take waits for the next time: a message that arrives late is better than none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

from .._base.times import TIME
from .memory import Failing, Memory, Waiting
from .message import Written
from .targets import Target

KEPT = timedelta(days=1)
MOST = 50

Send = Callable[[Target, Written], str]


def deliver(memory: Memory, targets: Sequence[Target], messages: Sequence[Written], send: Send, now: datetime | None = None) -> None:
    """Send messages, and what waits from before; remember which targets fail."""
    moment = now or datetime.now(timezone.utc)
    since, oldest = moment.strftime(TIME), (moment - KEPT).strftime(TIME)
    keys = [target.key for target in targets]
    memory.waiting += [Waiting(key, since, message) for message in messages for key in keys]
    memory.waiting = [one for one in memory.waiting if one.target in keys and one.since >= oldest][-MOST * max(1, len(targets)) :]
    with ThreadPoolExecutor(max(1, len(targets))) as pool:
        outcomes = list(pool.map(lambda target: _hand_over(memory.waiting, target, send), targets))
    for target, (taken, error) in zip(targets, outcomes, strict=True):
        memory.waiting = [one for one in memory.waiting if not any(one is other for other in taken)]
        note(memory, target.key, error if taken or error else None, since)
    for gone in set(memory.failing) - {*keys, *OTHERS}:
        del memory.failing[gone]


# What else is remembered as failing, beside targets.
DEAD_MAN, TEXTFILE = OTHERS = ("dead-man", "textfile")


def note(memory: Memory, key: str, error: str | None, since: str) -> None:
    """Remember whether something takes what it is sent; None where nothing was."""
    if error:
        before = memory.failing.get(key)
        memory.failing[key] = Failing(before.since if before else since, error)
    elif error is not None:
        memory.failing.pop(key, None)


def _hand_over(waiting: Sequence[Waiting], target: Target, send: Send) -> tuple[list[Waiting], str]:
    """Send what waits for one target, oldest first, up to the first that it does not take."""
    taken: list[Waiting] = []
    for one in waiting:
        if one.target == target.key:
            if error := send(target, one.message):
                return taken, error
            taken.append(one)
    return taken, ""
