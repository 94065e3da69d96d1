# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Events of one cause, counted: how often, from when to when, and one of them whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .access import Request
from .event import Event
from .formats import Level
from .masking import masked
from .signature import path_signature, signature


@dataclass
class Group:
    """Events of one container that have the same signature; the example is the last of them."""

    container: str
    level: Level
    signature: str
    count: int = 0
    first: str = ""
    last: str = ""
    example: list[str] = field(default_factory=list)
    # The archives that hold some of them, whose containers are gone.
    archives: list[str] = field(default_factory=list)

    def add(self, event: Event, archive: str) -> None:
        self.count += 1
        self.first = min(self.first or event.time, event.time)
        if event.time >= self.last:
            self.last, self.example = event.time, event.lines
        if archive and archive not in self.archives:
            self.archives.append(archive)

    def said(self, secrets: Mapping[str, str]) -> str:
        """Return the signature without secrets: one whose digits are folded already would not be known for one."""
        if self.signature == OTHERS:
            return OTHERS
        return signature(self.shown(secrets))

    def shown(self, secrets: Mapping[str, str]) -> list[str]:
        """Return the example without secrets."""
        return masked("\n".join(self.example), secrets).split("\n")


@dataclass
class RequestGroup:
    """Requests for one thing that ended alike."""

    host: str
    method: str
    path: str
    status: int
    count: int = 0
    first: str = ""
    last: str = ""
    slowest: float = 0.0
    upstream: str = ""

    @property
    def failed(self) -> bool:
        return self.status >= 500

    def add(self, request: Request) -> None:
        self.count += 1
        self.first = min(self.first or request.time, request.time)
        if request.time >= self.last:
            self.last, self.upstream = request.time, request.upstream
        self.slowest = max(self.slowest, request.seconds)


# More kinds than a person reads; a program that says something else each time must not fill the memory.
MOST = 2000
OTHERS = "(others)"


class Groups:
    """All groups of a report."""

    def __init__(self) -> None:
        self.events: dict[tuple[str, Level, str], Group] = {}
        self.requests: dict[tuple[str, str, str, int], RequestGroup] = {}

    def add(self, container: str, one: Event | Request, archive: str = "") -> None:
        """Count an event or a request."""
        if isinstance(one, Request):
            said = (one.host, one.method, path_signature(one.path), one.status)
            where = said if said in self.requests or len(self.requests) < MOST else (one.host, one.method, OTHERS, one.status)
            self.requests.setdefault(where, RequestGroup(*where)).add(one)
            return
        key = (container, one.level, signature(one.lines))
        if key not in self.events and len(self.events) >= MOST:
            key = (container, one.level, OTHERS)
        self.events.setdefault(key, Group(*key)).add(one, archive)

    def sorted_events(self) -> list[Group]:
        """Return errors before warnings, what happens most often first."""
        return sorted(self.events.values(), key=lambda one: (one.level != "error", -one.count, one.container, one.signature))

    def sorted_requests(self) -> list[RequestGroup]:
        """Return what failed before what was slow, what happens most often first."""
        return sorted(self.requests.values(), key=lambda one: (not one.failed, -one.count, one.host, one.path))
