# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where lines come from: the logs of containers that are there, and those kept of containers that are gone."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import dropwhile, islice, takewhile
from typing import TYPE_CHECKING, Any

from .._engine import kept_logs
from .line import time_of

if TYPE_CHECKING:
    from docker import DockerClient


SECONDS = "%Y-%m-%dT%H:%M:%S"
# Bytes that are rather read than searched.
NEAR = 1 << 16


@dataclass(frozen=True)
class Span:
    """From when to when, UTC; the end is open where it is None."""

    since: datetime
    until: datetime | None = None

    @property
    def first(self) -> bytes:
        """Return the beginning as it would stand in a line."""
        return self.since.strftime(SECONDS).encode()

    def only(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Return the lines of that time; they come in its order."""
        first = self.first
        found: Iterator[bytes] = dropwhile(lambda line: time_of(line) < first, lines)
        if self.until is None:
            return found
        end = self.until.strftime(SECONDS).encode()
        return takewhile(lambda line: time_of(line) < end, found)


def of_container(client: DockerClient, inspected: dict[str, Any], span: Span) -> Iterator[bytes]:
    """Return the lines of a container. Those that the engine keeps as JSON are read where they lie, which takes a fraction of the time."""
    driver, path = (inspected["HostConfig"].get("LogConfig") or {}).get("Type", ""), inspected.get("LogPath") or ""
    if driver == "json-file" and path and os.access(path, os.R_OK):
        return span.only(_of_files(kept_logs.files_of(path), span))
    if driver == "none":
        return iter(())
    stream = client.api.logs(inspected["Id"], stream=True, follow=False, timestamps=True, since=int(span.since.timestamp()))
    return span.only(_lines(stream))


def kept(root: str, containers: Collection[str], span: Span) -> list[kept_logs.Kept]:
    """Return the archives of containers by these names that may hold lines of that time, oldest first."""
    return [one for one in kept_logs.listing(root) if one.container in containers and one.removed >= span.since.replace(microsecond=0)]


def of_archive(kept: kept_logs.Kept, span: Span) -> Iterator[bytes]:
    """Return the lines of a container that is gone."""
    return span.only(_of_files([kept.path], span))


def _of_files(paths: Iterable[str], span: Span) -> Iterator[bytes]:
    for path in paths:
        try:
            with gzip.open(path) if path.endswith(".gz") else open(path, "rb") as stream:
                if datetime.fromtimestamp(os.path.getmtime(path), timezone.utc) < span.since.replace(microsecond=0):
                    continue
                if isinstance(stream, io.BufferedReader):
                    _skip(stream, span.first)
                yield from stream
        except FileNotFoundError:
            continue  # Rotated away, or pruned, meanwhile.
        except (EOFError, gzip.BadGzipFile, zlib.error):
            continue  # What could be read of a damaged archive has been.


def _skip(stream: io.BufferedReader, first: bytes) -> None:
    """Go to where lines of this time begin, or a little before that, without reading what is older."""
    low, high = 0, stream.seek(0, os.SEEK_END)
    while high - low > NEAR:
        middle = (low + high) // 2
        stream.seek(middle)
        stream.readline()
        # What a power loss tore has no time; the next one has.
        time = next((said for said in map(time_of, islice(stream, 3)) if said), b"")
        low, high = (middle, high) if time < first else (low, middle)
    stream.seek(low)
    if low:
        stream.readline()


def _lines(stream: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in stream:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
    if rest:
        yield rest
