# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Logs that outlive their containers: an engine removes a log with its container, also the one that would say why that did not serve.

The engine's files are opened before Compose may replace containers, which takes no time, and are copied into compressed archives when a
container has gone, from files that only we hold by then: so with its last words. No failure here may ever be one of a release.
"""

from __future__ import annotations

import gzip
import io
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from glob import glob
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from .._base import state
from .._base.errors import PlatformError, describe
from .._base.files import TEMPORARY, make_directory, sync_directory
from .containers import containers_of

if TYPE_CHECKING:
    from docker import DockerClient

DIRECTORY = "logs"
# What the role stack writes down on the server for whoever works there without an inventory; here only the bound is read.
SETTINGS = ".recovery/settings.json"
MODE, FILE_MODE = 0o700, 0o600
REMEDY = "Deploy again: that writes it anew."
# What a container leaves, by when it was removed, its name and the beginning of its id.
NAME = re.compile(r"(?P<removed>\d{8}_\d{6})_(?P<container>.+)_(?P<id>[0-9a-f]{12})\.json\.gz")
REMOVED = "%Y%m%d_%H%M%S"
MIB = 1 << 20
# Of one log: ours are bounded at 50 MiB by their Compose files, those of others may have no bound at all.
MOST_OF_ONE = 128 * MIB
# The same for one that only the engine can read: nobody knows its size before it is copied.
MOST_LINES = 200_000
CHUNK = MIB
# Seconds between two looks at which containers have gone.
EVERY = 0.5

# Of any kind, as it lies there or compressed.
File = io.BufferedIOBase


@dataclass(frozen=True)
class Settings:
    """MiB that all archives may take together."""

    logs_max_size: int = 512


@dataclass(frozen=True)
class Kept:
    """The log of a container that is gone."""

    path: str
    container: str
    # UTC, as in the name of its file.
    removed: datetime
    size: int


def listing(root: str) -> list[Kept]:
    """Return the archives of a stack's directory, oldest first; other files there are not ours."""
    directory, found = os.path.join(root, DIRECTORY), []
    for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else []:
        path, match = os.path.join(directory, name), NAME.fullmatch(name)
        if match and os.path.isfile(path) and not os.path.islink(path):
            with suppress(ValueError):
                removed = datetime.strptime(match["removed"], REMOVED).replace(tzinfo=timezone.utc)
                found.append(Kept(path, match["container"], removed, os.path.getsize(path)))
    return found


def files_of(log: str) -> list[str]:
    """Return the files of a log that the engine keeps as JSON, oldest first: it renames log to log.1 and that to log.2."""
    rotated = (path for path in glob(f"{glob_escape(log)}.*") if re.fullmatch(r"\.\d+(?:\.gz)?", path[len(log) :]))
    return [*sorted(rotated, key=lambda path: -int(path[len(log) :].split(".")[1])), *([log] if os.path.exists(log) else [])]


def glob_escape(path: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", path)


@dataclass
class Held:
    """The log of a container that may be gone soon: its open files, oldest first, or why they could not be opened."""

    container: str
    id: str
    files: list[File] = field(default_factory=list)
    problem: str = ""


class KeptLogs:
    """What became of the logs of containers that a run replaced: the archives, and what could not be archived."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.problems: list[str] = []

    @contextmanager
    def replacing(self, client: DockerClient, project: str, root: str) -> Iterator[None]:
        """Archive the logs of the project's containers that go while something is done within, also where that fails.

        Each as soon as it has gone: a run may be killed while it waits for the health of the next container.
        """
        with ExitStack() as opened:
            held, ended = self._hold(client, project, opened), Event()
            watcher = Thread(target=self._watch, args=(client, held, root, ended), daemon=True)
            watcher.start()
            try:
                yield
            finally:
                ended.set()
                watcher.join()

    def _hold(self, client: DockerClient, project: str, opened: ExitStack) -> list[Held]:
        try:
            return [open_log(client, name, one, opened) for name, one in containers_of(client, project).items()]
        except Exception as error:
            self.problems.append(f"Logs of containers that this run replaced could not be kept: {describe(error)}")
            return []

    def _watch(self, client: DockerClient, held: list[Held], root: str, ended: Event) -> None:
        """Archive what has gone, now and then and at the end; what fails on the way may succeed then."""
        while held and not ended.wait(EVERY):
            with suppress(Exception):
                self._archive_gone(client, held, root)
        try:
            if held:
                self._archive_gone(client, held, root)
        except Exception as error:
            self.problems.append(f"Logs in {os.path.join(root, DIRECTORY)} could not be kept or bounded: {describe(error)}")

    def _archive_gone(self, client: DockerClient, held: list[Held], root: str) -> None:
        present = {one["Id"] for one in client.api.containers(all=True)}
        gone = [one for one in held if one.id not in present]
        for one in gone:
            held.remove(one)
            self._archive(one, root)
        if gone:
            prune(root)

    def _archive(self, held: Held, root: str) -> None:
        try:
            if held.problem:
                raise PlatformError(held.problem)
            if any(os.fstat(file.fileno()).st_size for file in held.files):
                self.kept.append(archive(root, held, datetime.now(timezone.utc)))
        except Exception as error:
            self.problems.append(f"The log of {held.container}, which this run replaced, could not be kept: {describe(error)}")


def open_log(client: DockerClient, name: str, inspected: dict[str, Any], opened: ExitStack) -> Held:
    """Return the log of a container, with what keeps it from being read."""
    held = Held(name, inspected["Id"])
    driver, path = (inspected["HostConfig"].get("LogConfig") or {}).get("Type", ""), inspected.get("LogPath") or ""
    try:
        if driver == "json-file" and path:
            held.files += [opened.enter_context(open_file(file)) for file in files_of(path)]
        elif driver not in ("none", ""):
            # Only the engine can read it, and only as long as the container is there: what it says while it stops is not in it.
            lines = client.api.logs(inspected["Id"], stream=True, follow=False, timestamps=True, tail=MOST_LINES)
            held.files.append(opened.enter_context(copied(lines)))
    except Exception as error:
        held.problem = describe(error)
    return held


@contextmanager
def open_file(path: str) -> Iterator[File]:
    """Open a file of a log, which the engine may have compressed."""
    with gzip.open(path) if path.endswith(".gz") else open(path, "rb") as file:
        yield file


@contextmanager
def copied(lines: Iterable[bytes]) -> Iterator[File]:
    """Return a file without a name that holds these lines."""
    with tempfile.TemporaryFile() as copy:
        copy.writelines(lines)
        copy.flush()
        yield copy


def archive(root: str, held: Held, now: datetime) -> str:
    """Write the archive of a log; return its path."""
    directory = os.path.join(root, DIRECTORY)
    make_directory(directory, MODE)
    path = os.path.join(directory, f"{now.strftime(REMOVED)}_{held.container}_{held.id[:12]}.json.gz")
    descriptor, temporary = tempfile.mkstemp(prefix=TEMPORARY, dir=directory)
    try:
        with os.fdopen(descriptor, "wb") as raw:
            os.fchmod(raw.fileno(), FILE_MODE)
            with gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=raw, mtime=int(now.timestamp())) as packed:
                for chunk in chunks(held.files):
                    packed.write(chunk)
            raw.flush()
            os.fsync(raw.fileno())
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    sync_directory(directory)
    return path


def chunks(files: list[File]) -> Iterator[bytes]:
    """Return what is in files, of more than MOST_OF_ONE the end, from the beginning of a line on."""
    sizes = [file.seek(0, os.SEEK_END) for file in files]
    skipped = max(0, sum(sizes) - MOST_OF_ONE)
    for file, size in zip(files, sizes, strict=True):
        file.seek(min(skipped, size))
        if 0 < skipped < size:
            file.readline()
        skipped = max(0, skipped - size)
        while chunk := file.read(CHUNK):
            yield chunk


def max_size(root: str) -> int:
    """Return the bytes that archives may take; the usual ones where what says so is damaged, since a bound is better than none."""
    try:
        settings = state.load(os.path.join(root, SETTINGS), Settings, REMEDY) or Settings()
    except state.StateError:
        settings = Settings()
    return settings.logs_max_size * MIB


def prune(root: str) -> list[str]:
    """Remove the oldest archives until the others take no more than they may, and what a killed run left unfinished."""
    directory = os.path.join(root, DIRECTORY)
    for name in os.listdir(directory) if os.path.isdir(directory) else []:
        if name.startswith(TEMPORARY):
            os.unlink(os.path.join(directory, name))
    left, removed = max_size(root), []
    for one in reversed(listing(root)):
        left -= one.size
        if left < 0:
            os.unlink(one.path)
            removed.append(one.path)
    return removed
