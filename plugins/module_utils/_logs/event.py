# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Events: what programs write in several lines, such as a stack trace or PostgreSQL's DETAIL, is one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .access import Request, request_of
from .formats import INDENTED, Head, Level, head_of
from .line import is_continued, text_of, time_of

# Of one event; a stack trace may have hundreds of lines.
MOST_LINES = 60


@dataclass
class Event:
    """A warning or an error, its first line first."""

    time: str
    level: Level
    lines: list[str] = field(default_factory=list)

    def add(self, text: bytes) -> None:
        if len(self.lines) < MOST_LINES:
            self.lines.append(text.decode(errors="replace"))


class Reader:
    """Reads the lines of one container in the order in which it wrote them. Slow is the seconds from which a request is, 0 for none."""

    def __init__(self, slow: float = 0) -> None:
        self._slow = slow
        self._event: Event | None = None
        self._head: Head | None = None
        # Whether the line is the rest of one that the engine cut.
        self._within = False

    def events(self, lines: Iterable[bytes]) -> Iterator[Event | Request]:
        """Return the warnings, errors and noteworthy requests."""
        for line in lines:
            within, self._within = self._within, is_continued(line)
            request = None if within else request_of(line, self._slow)
            if request:
                yield request
            elif not within and request is None and (ended := self._take(line, text_of(line))):
                yield ended
        if self._event:
            yield self._event

    def _take(self, line: bytes, text: bytes) -> Event | None:
        """Add a line to the event that it belongs to, or begin another one with it; return the one that has ended by that."""
        more = (self._head.more if self._head else INDENTED).match(text)
        found = None if more else head_of(text)
        if more or (found and found.belongs):
            self._add(text)
            return None
        ended, self._head, self._event = self._event, found, None
        if found and found.level != "info":
            self._event = Event(time_of(line).decode(errors="replace"), found.level)
            self._add(text)
        return ended

    def _add(self, text: bytes) -> None:
        if self._event:
            self._event.add(text)
