# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the programs about repositories have in common: settings, one at a time, how they end, and what they keep."""

from __future__ import annotations

import fcntl
import os
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .._base.errors import describe
from .._run import lease, ledger
from . import images, records, settings
from .contents import BACKUP_TAG, TAG
from .repository import Repository, RepositoryError, access_of
from .settings import Settings

LOCK = "offsite.lock"
BY = "the server"


@dataclass
class Begun:
    """A program at work. Failed is what went wrong, by repository."""

    action: str
    settings: Settings
    repositories: list[Repository]
    run: ledger.Run
    began: float
    failed: dict[str, str] = field(default_factory=dict)

    def end(self) -> int:
        """Record what failed, so that whoever is told of runs is told of it, and return the exit code. What went well is in the state."""
        if not self.failed:
            return 0
        for text in self.failed.values():
            tell(f"{self.settings.host}: {self.action}: {text}", urgent=True)
        error = " ".join(dict.fromkeys(self.failed.values()))
        duration = time.monotonic() - self.began
        ledger.append(self.settings.path, ledger.entry(self.run, "failed", duration, step=self.action, error=error))
        return 1


@contextmanager
def begun(action: str, directory: str = settings.DIRECTORY, state: str = records.DIRECTORY) -> Iterator[Begun | None]:
    """Yield what a program needs, once no other one is at work; None on a server without a repository. What fails it, is recorded."""
    found = settings.load(directory)
    if found is None or not found.repositories:
        tell("there is no repository: stack_offsite_repository is empty")
        yield None
        return
    access = access_of(found, directory)
    this = ledger.Run(uuid.uuid4().hex, action, BY, found.host, started=ledger.now())
    one = Begun(action, found, [Repository(location, access) for location in found.repositories], this, time.monotonic())
    with _alone():
        try:
            yield one
        except BaseException as error:  # systemd's interrupt after hours as well.
            text = describe(error) if isinstance(error, Exception) else "it was interrupted before its end"
            one.failed = {repository.shown: text for repository in one.repositories}
            with records.changing(state) as known:
                for repository in one.repositories:
                    known.of(repository.shown).fail(action, error, text)
            one.end()
            raise


@contextmanager
def _alone() -> Iterator[None]:
    with _lock() as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


@contextmanager
def idle() -> Iterator[bool]:
    """Yield whether no program is at work, and let none begin if so: what one left that was killed can go then."""
    with _lock() as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def _lock() -> Iterator[int]:
    os.makedirs(lease.DIRECTORY, mode=0o700, exist_ok=True)
    descriptor = os.open(os.path.join(lease.DIRECTORY, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def recognised(repository: Repository, state: str) -> str:
    """Return a repository's id. One is made where there never was one, and not where it is gone, such as while a disk is not mounted."""
    known = records.read(state).of(repository.shown).id
    try:
        identity = repository.identity()
    except RepositoryError as error:
        if error.kind != "missing" or known:
            raise
        repository.create()
        identity = repository.identity()
    if known and identity != known:
        raise RepositoryError(
            "missing",
            repository.shown,
            f"Repository {repository}: it is another one than before. Expected {known[:8]}, got {identity[:8]}. Look whether the right "
            f"disk is mounted, and the right bucket named. If the new one is meant, remove {records.FILE} in {records.DIRECTORY}.",
        )
    return identity


def forget_old(repository: Repository, wanted: Settings) -> None:
    """Forget this server's snapshots that need not be kept, and images that none needs any more. Others in it have other tags."""
    keep = {"daily": wanted.keep_daily, "weekly": wanted.keep_weekly, "monthly": wanted.keep_monthly}
    words = [word for name, number in keep.items() if number for word in (f"--keep-{name}", str(number))]
    # By the clock another one may be the last, and of its day: what was made last stays, also after the clock was set back.
    newest = max(repository.snapshots(TAG, host=wanted.host), key=lambda one: one.order, default=None)
    words += ["--keep-tag", f"{BACKUP_TAG}{newest.backup}"] if newest and newest.backup else []
    repository.forget("--tag", TAG, "--host", wanted.host, "--group-by", "host", "--keep-last", "1", *words)
    images.forget_unused(repository)


def tell(text: str, urgent: bool = False) -> None:
    """Write to systemd's journal; each line carries its priority, sd-daemon(3)."""
    for line in text.splitlines():
        sys.stdout.write(f"<{3 if urgent else 6}>{line}\n")
    sys.stdout.flush()
