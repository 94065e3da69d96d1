# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests in nginx's access log: those that failed at the server's end, and those that took long."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from .line import text_of, time_of

# Of any access log, also where JSON has its quotes escaped: status, size and a quoted referrer. Cheap, since most lines are of this kind.
STATUS = re.compile(rb'\\?" (\d{3}) (?:\d+|-) \\?"')
SECONDS = re.compile(rb" (\d+\.\d{3}) s(?:\\n\"|$)")
# The proxy's own form (roles/proxy, nginx.conf), and the one nginx has unasked, which says neither host nor seconds.
OURS = re.compile(
    rb'(?P<client>\S+) \[[^\]]*\] (?P<host>\S+) "(?P<method>\S+) (?P<uri>\S+)[^"]*" \d{3} .* upstream=(?P<upstream>.*) \S+ s$'
)
COMBINED = re.compile(rb'(?P<client>\S+) - \S+ \[[^\]]*\] "(?P<method>\S+) (?P<uri>\S+)[^"]*" ')
SWITCHED = 101  # A WebSocket, which lasts as long as somebody is there.


@dataclass(frozen=True)
class Request:
    """A request that failed, or took long. Host and seconds are unknown to nginx's own form; the query is left out."""

    time: str
    method: str
    path: str
    status: int
    host: str = ""
    seconds: float = 0.0
    upstream: str = ""

    @property
    def failed(self) -> bool:
        return self.status >= 500


def request_of(line: bytes, slow: float) -> Request | Literal[False] | None:
    """Return the request of a line, False for one that went well in less than so many seconds, None for a line of another kind.

    No time is slow where that is 0.
    """
    found = STATUS.search(line)
    if found is None:
        return None
    status = int(found[1])
    timed = SECONDS.search(line, found.end()) if slow else None
    seconds = float(timed[1]) if timed else 0.0
    if status < 500 and (not timed or seconds < slow or status == SWITCHED):
        return False
    text = text_of(line)
    match = OURS.match(text) or COMBINED.match(text)
    if match is None:
        return False
    said = {name: value.decode(errors="replace") for name, value in match.groupdict().items()}
    return Request(
        time=time_of(line).decode(errors="replace"),
        method=said["method"],
        path=said["uri"].partition("?")[0],
        status=status,
        host=said.get("host", ""),
        seconds=seconds,
        upstream=said.get("upstream", ""),
    )
