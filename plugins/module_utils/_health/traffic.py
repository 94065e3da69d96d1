# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What visitors get from the sites, as the proxy's access log has it: the share of answers that are errors of the server (5xx)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from .gate import OK, ProbeResult, waiting

# The format of nginx.conf.j2: address [time] host "request" status.
LINE = re.compile(r'^\S+ \[[^\]]*\] (?P<host>\S+) "[^"]*" (?P<status>\d{3}) ', re.MULTILINE)
# Of a busy site, in a time that is long enough to tell its usual errors from new ones.
LINES = 20_000
SECONDS_BEFORE = 300
# From how many errors on they are no accident, which share of all answers they have to be, and how many times that of before.
LEAST = 10
SHARE = 0.05
TIMES = 3

# Returns the last lines of the proxy's log since a time in seconds since 1970.
ReadLog = Callable[[int, float], str]


@dataclass(frozen=True)
class Answers:
    """How many answers there were, and how many of them were errors."""

    all: int = 0
    errors: int = 0

    @property
    def share(self) -> float:
        return self.errors / self.all if self.all else 0.0

    def __str__(self) -> str:
        return f"{self.errors} of {self.all}"


def count(log: str, hosts: Collection[str]) -> Answers:
    """Count the answers of these hosts."""
    statuses = [found["status"] for found in LINE.finditer(log) if found["host"] in hosts]
    return Answers(len(statuses), sum(status.startswith("5") for status in statuses))


def before(read: ReadLog) -> str:
    """Return the log of some minutes up to now."""
    return read(LINES, time.time() - SECONDS_BEFORE)


class TrafficProbe:
    """Asks whether a site answers its visitors with errors since now that it did not answer with before."""

    kind = "visitors"

    def __init__(self, name: str, hosts: Sequence[str], read: ReadLog, log_before: str, proxy: str) -> None:
        self.name = name
        self._hosts, self._read, self._proxy = frozenset(hosts), read, proxy
        self._usual = count(log_before, self._hosts)
        # The engine knows whole seconds, and what was answered in the gap of the switch does not count.
        self._since = int(time.time()) + 1
        self.expectation = f"no more errors (5xx) than before the switch, {self._usual} answers in {SECONDS_BEFORE // 60} minutes"

    def check(self) -> ProbeResult:
        found = count(self._read(LINES, self._since), self._hosts)
        if found.errors >= LEAST and found.share >= max(SHARE, TIMES * self._usual.share):
            return waiting(f"{found} answers since the switch are errors")
        return OK

    def next_step(self) -> str:
        return f"docker logs --tail=200 {self._proxy}"
