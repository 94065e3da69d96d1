# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings what was received to a repository: complete segments for good, and the one that is being written until the next time.

The repository deduplicates, so that a segment that grew costs what it grew by.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime

from .._base.files import make_directory
from .._offsite.repository import Repository, RepositoryError, Snapshot
from .._run.ledger import now
from . import log_files
from .log_files import LogFile
from .settings import DRILL, RESTORING, Place
from .state_file import Shipped

WAL, PARTIAL = "wal", "wal-partial"
# On what is being written: until where in the log it goes.
UPTO = "upto:"
# After so many of them those before the last are forgotten, which takes a lock of its own.
PARTIALS = 60
# Segments in one snapshot. Of one that is broken off nothing stays, and restic is given minutes for each.
AT_ONCE = 4
# Another database has its turn then, however much is left of this one.
SECONDS_OF_A_TURN = 60.0


def ship(repository: Repository, known: Shipped, place: Place, host: str, append_only: bool, received: str) -> None:
    """Bring there what is not there yet, what a gap follows first; nobody is asked where nothing is new.

    Received is until where in the log that is, at least.
    """
    began = now()
    for directory in (place.before_gap, place.log):
        _ship(repository, known, place, log_files.files_in(directory), host, received)
    # As long as nothing was new, nobody knows whether there is a repository: the first snapshot makes it.
    if known.last or known.seen:
        known.at = began
    if known.partials >= PARTIALS and not append_only:
        with suppress(RepositoryError):  # Somebody else is at work there, so that it is for the next time.
            partials = repository.snapshots(PARTIAL, place.tags[1], host=host)
            gone = [one.id for one in partials if one not in furthest(partials)]
            if gone:
                repository.forget(*gone, wait=False)
            known.partials = 0


def furthest(partials: Sequence[Snapshot]) -> list[Snapshot]:
    """Return the state of what was being written that goes furthest, none where there is none; not the latest: clocks are set back."""

    def order(one: Snapshot) -> tuple[str, tuple[int, int], datetime]:
        upto = next(iter(one.tagged(UPTO)), "")
        return one.tagged("first:")[0], log_files.place_of(upto) if upto else (0, 0), one.created

    return [max(partials, key=order)] if partials else []


def _ship(repository: Repository, known: Shipped, place: Place, files: Sequence[LogFile], host: str, received: str) -> None:
    complete, end = log_files.complete(files), time.monotonic() + SECONDS_OF_A_TURN
    segments = [one for one in complete if log_files.is_segment(one.name) and one.name > known.last]
    histories = [one for one in complete if not log_files.is_segment(one.name)]
    # After a failure one by one, which takes less of a line than all others.
    at_once = 1 if known.trouble else AT_ONCE
    while segments:
        piece, segments = segments[:at_once], segments[at_once:]
        with linked(place, [*histories, *piece]) as paths:
            bring(repository, paths, host, [WAL, *place.tags, f"first:{piece[0].name}", f"last:{piece[-1].name}"])
        known.last, histories = piece[-1].name, []
        if segments and time.monotonic() > end:
            raise RepositoryError(
                "slow",
                repository.shown,
                f"Repository {repository}: it is behind. Expected the log of {place.container} to be there within {SECONDS_OF_A_TURN:g} s, "
                f"got {len(segments)} segments that still wait. It goes on at the next look. If they become more, look at the line and the "
                "store, or raise stack_offsite_upload_limit.",
            )
    current = log_files.partial(files)
    # One that is just being made has not its whole size yet, and nothing in it.
    if current and current.size in log_files.SIZES and fingerprint(current) != known.seen:
        with linked(place, [current]) as paths:
            upto = [f"{UPTO}{received}"] if received else []
            bring(repository, paths, host, [PARTIAL, *place.tags, f"first:{current.name}", *upto])
        known.seen = fingerprint(current)
        known.partials += 1


def bring(repository: Repository, paths: Sequence[str], host: str, tags: Sequence[str]) -> None:
    """Bring files there, all of them: one that cannot be read is a gap."""
    added = repository.backup(paths, host, tags, wait=False)
    if added.unread:
        raise RepositoryError("failed", repository.shown, f"Repository {repository}: {'; '.join(added.unread)}. Look at the server's disk.")


def fingerprint(one: LogFile) -> str:
    """Return what differs where more was written; its size is that of a whole segment from the beginning."""
    return f"{one.name} {one.changed}"


@contextmanager
def linked(place: Place, files: Sequence[LogFile]) -> Iterator[list[str]]:
    """Yield the files under names that stay: the receiver gives one another name when it is complete."""
    shutil.rmtree(place.shipping, ignore_errors=True)
    make_directory(place.shipping, 0o700)
    try:
        for one in files:
            target = os.path.join(place.shipping, os.path.basename(one.path))
            try:
                os.link(one.path, target)
            except FileNotFoundError:
                os.link(one.path.removesuffix(log_files.PARTIAL), target)
        yield [os.path.join(place.shipping, os.path.basename(one.path)) for one in files]
    finally:
        shutil.rmtree(place.shipping, ignore_errors=True)


def waiting(place: Place, known: Iterable[Shipped]) -> int:
    """Return the bytes of complete segments that are in no repository: one that is gone for good is not to keep the others from them."""
    last = max((one.last for one in known), default="")
    return sum(one.size for one in _received(place) if not one.partial and one.name > last)


def trim(place: Place, known: Sequence[Shipped], kept: int, at_most: int) -> int:
    """Remove the oldest of what each repository has where there is more than is kept here, and of what one has where there is more than
    there may be at all, which leaves a gap in the others; return the bytes that are left.
    """
    everywhere, somewhere = (which((one.last for one in known), default="") for which in (min, max))
    files = _received(place)
    size = sum(one.size for one in files)
    # The newest tells the receiver where to go on.
    for one in [file for file in log_files.complete(files) if log_files.is_segment(file.name)][:-1]:
        if (size > kept and one.name <= everywhere) or (size > at_most and one.name <= somewhere):
            os.unlink(one.path)
            size -= one.size
            for each in known:
                each.lost = each.lost if one.name <= each.last else now()
    return size


def _received(place: Place) -> list[LogFile]:
    return [*log_files.files_in(place.before_gap), *log_files.files_in(place.log)]


def put_before_gap(place: Place) -> None:
    """Put what was received aside, the last segment as it is: the receiver would ask for what follows, which the database lacks."""
    make_directory(place.before_gap, 0o700)
    for one in log_files.files_in(place.log):
        os.replace(one.path, os.path.join(place.before_gap, one.name))
    shutil.rmtree(place.log, ignore_errors=True)


def drop_torn(place: Place) -> None:
    """Remove a segment that was begun and has not its whole size, with which no receiver goes on; the slot keeps what is in it."""
    for one in log_files.files_in(place.log):
        if one.partial and one.size not in log_files.SIZES:
            os.unlink(one.path)


def clear_old(place: Place, root: str, days: int) -> None:
    """Remove what was received of other clusters than the present one, such as before an upgrade, once it has lain for long."""
    _clear_old(os.path.join(root, place.container), {place.log, place.before_gap, place.shipping, place.base}, days)


def clear_gone(followed: Iterable[str], root: str, days: int) -> None:
    """Remove what was received of containers that are not followed any more, such as those of an app that was removed, likewise."""
    _clear_old(root, {os.path.join(root, name) for name in (*followed, RESTORING, DRILL)}, days)


def _clear_old(directory: str, kept: Container[str], days: int) -> None:
    with suppress(FileNotFoundError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir() and entry.path not in kept and entry.stat().st_mtime < time.time() - days * 86400:
                shutil.rmtree(entry.path, ignore_errors=True)
