# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lines as they are: the last ones, or those that come while somebody looks."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from itertools import dropwhile
from typing import TYPE_CHECKING

from .._engine.containers import containers_of
from . import source
from .line import text_of, time_of
from .masking import masked
from .source import Span

if TYPE_CHECKING:
    from docker import DockerClient

# How often a log is looked at that is followed, in seconds, and how many lines are shown of what comes at once.
PAUSE = 0.5
MOST = 2000


@dataclass(frozen=True, order=True)
class Line:
    """A line that a container wrote."""

    time: str
    container: str
    text: str


@dataclass(frozen=True)
class Logs:
    """Which logs are looked at."""

    client: DockerClient
    root: str
    project: str
    containers: Collection[str]

    def sources(self, span: Span) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Return the lines of each container, first those of containers that are gone."""
        for kept in source.kept(self.root, self.containers, span):
            yield kept.container, source.of_archive(kept, span)
        for name, inspected in containers_of(self.client, self.project).items():
            if name in self.containers:
                yield name, source.of_container(self.client, inspected, span)


def last(logs: Logs, span: Span, count: int, after: Mapping[str, str] | None = None) -> list[Line]:
    """Return the last lines of the logs together, in the order of their times; of each container only what is later than a time."""
    found: list[Line] = []
    for name, lines in logs.sources(span):
        known = (after or {}).get(name, "").encode()
        found += [line_of(name, line) for line in deque(dropwhile(partial(_is_known, known), lines) if known else lines, count)]
    # Stable: lines of one moment stay in the order in which one container wrote them.
    return sorted(found, key=lambda line: line.time)[-count:]


def line_of(container: str, line: bytes) -> Line:
    return Line(time_of(line).decode(errors="replace"), container, text_of(line).decode(errors="replace"))


def _is_known(known: bytes, line: bytes) -> bool:
    return time_of(line) <= known


def follow(logs: Logs, after: Mapping[str, str], seconds: float) -> list[Line]:
    """Wait until a container writes something, at most so long; return what.

    After says for each of them which of its lines was seen last: those of several do not come in the order of their times.
    """
    until = time.monotonic() + seconds
    span = Span(datetime.fromisoformat(f"{min(after.values())[:19]}+00:00")) if after else Span(datetime.now(timezone.utc))
    while True:
        found = last(logs, span, MOST, after)
        if found or time.monotonic() > until:
            return found
        time.sleep(PAUSE)


def shown(lines: Iterable[Line], secrets: Mapping[str, str]) -> list[dict[str, str]]:
    """Return lines as a module returns them, without secrets."""
    return [{"time": one.time, "container": one.container, "text": masked(one.text, secrets)} for one in lines]
