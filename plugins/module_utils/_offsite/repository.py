# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A repository of restic: the only place that runs it.

It encrypts, deduplicates and brings things to stores of every kind. It is the distribution's, so that no option is used here which 0.12,
of Ubuntu 22.04, does not know.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import IO, Any

from .._backup.manifest import ID
from .._base.secret_store import mask
from . import program
from .complaints import RepositoryError, classify
from .contents import BACKUP_TAG, NUMBER_TAG
from .program import Done
from .settings import CACHE, DIRECTORY, KEY_FILE, KNOWN_HOSTS, SSH_KEY, Settings

__all__ = ["Access", "Added", "Repository", "RepositoryError", "Snapshot", "access_of", "masked"]

PROGRAM = "restic"
SFTP = re.compile(r"sftp:(?:(?P<slashes>//)?(?:(?P<user>[^@/:]+)@)?(?P<host>\[[^\]]+\]|[^:/]+)(?::(?P<port>\d+)(?=/))?)")
SECRET_NAME = re.compile("key|password|secret|token", re.IGNORECASE)
# What is asked of a repository, and not brought there, has to be answered within this.
SECONDS_TO_ANSWER = 120.0
# A lock of somebody who lives is waited for so long.
SECONDS_TO_BE_FREE = 600.0
# Of who comes again by himself, within a minute of which rows are to be elsewhere.
SECONDS_AT_MOST = 300.0
POLL_SECONDS = 2.0
SECONDS_TO_LOG_IN = 30.0
SESSION, FROM_SSH = "unable to start the sftp session", "subprocess ssh: "
# A snapshot was made, but a file could not be read: most often one that its app removed meanwhile.
INCOMPLETE = 3
NUMBER = re.compile(r"[0-9]{1,12}")
PATTERN = re.compile(r"([\\*?\[])")
# What restic lists in the place of bytes that are no UTF-8: the name is another one then, and nothing is found by it.
UNLISTED = "\ufffd"
VANISHED = re.compile("no such file or directory", re.IGNORECASE)


@dataclass(frozen=True)
class Access:
    """How to get into repositories: the directory of password and ssh's files, restic's environment, and the limit of uploads in KiB/s."""

    directory: str = DIRECTORY
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    upload_limit: int = 0
    cache: str = CACHE
    # In the place of the file in the directory, such as for a password that somebody wants to be checked.
    password_file: str = ""

    @property
    def password(self) -> str:
        return self.password_file or os.path.join(self.directory, KEY_FILE)


@dataclass(frozen=True)
class Snapshot:
    """A snapshot as the repository lists it. Created is when it was begun."""

    id: str
    created: datetime
    host: str
    tags: tuple[str, ...]
    paths: tuple[str, ...]

    def tagged(self, prefix: str) -> list[str]:
        """Return the rest of the tags that begin so."""
        return [tag.removeprefix(prefix) for tag in self.tags if tag.startswith(prefix)]

    @property
    def backup(self) -> str:
        """Return the id of the backup that it holds, nothing where it holds none. Whoever reaches the store could write other tags."""
        return next(filter(ID.fullmatch, self.tagged(BACKUP_TAG)), "")

    @property
    def order(self) -> tuple[int, datetime]:
        """Return what is greater of what was made later: its number, since clocks are set back; older versions gave none."""
        return max((int(one) for one in self.tagged(NUMBER_TAG) if NUMBER.fullmatch(one)), default=0), self.created


@dataclass(frozen=True)
class Added:
    """What a snapshot brought: its id, the bytes that were new, and those that it is of. Unread are files that could not be read."""

    snapshot: str
    added: int
    total: int
    seconds: float
    unread: tuple[str, ...] = ()


def access_of(settings: Settings, directory: str = DIRECTORY) -> Access:
    """Return how this server gets into its repositories."""
    return Access(directory, settings.credentials, settings.upload_limit)


def masked(location: str) -> str:
    """Return a location as it may be shown: an address can hold a password."""
    return re.sub(r"(//[^/@:]*):[^/@]*@", r"\1:********@", location)


class Repository:
    """One repository by its location, in restic's own notation."""

    def __init__(self, location: str, access: Access) -> None:
        self.location, self.access = location, access
        self.shown = masked(location)

    def __str__(self) -> str:
        return self.shown

    def identity(self) -> str:
        """Return the repository's own id, which no other one has; raise RepositoryError where there is none."""
        return str(json.loads(self._ask("answer", "cat", "config", "--no-lock"))["id"])

    def version(self) -> str:
        """Return the version of restic on this server, such as 0.14.0."""
        return (self._ask("tell its version", "version").split() or ["", ""])[1]

    def create(self) -> None:
        """Make a repository where there is none."""
        self._ask("make a repository", "init")

    def backup(self, paths: Sequence[str], host: str, tags: Iterable[str], *, wait: bool = True) -> Added:
        """Bring directories and files there as one snapshot.

        Who comes again by himself does not wait: for a lock of somebody who lives, or for a store that hangs.
        """
        words = ["--json", "--quiet", "--host", host, *(word for tag in tags for word in ("--tag", tag)), "--", *paths]
        done = (self._patiently if wait else self._soon)("bring the snapshot there", "backup", *words, fine=(0, INCOMPLETE))
        return _added(done, unread=_unread(done.stderr))

    def backup_stream(self, blocks: Iterable[bytes], name: str, host: str, tags: Iterable[str]) -> Added:
        """Bring one file there whose content comes in blocks; where their source fails, there is no snapshot."""
        self.unlock()  # What comes once cannot be brought again after a lock kept it out.
        words = [word for tag in tags for word in ("--tag", tag)]
        stdin = ["--stdin", "--stdin-filename", name]
        return _added(self._run("bring it there", "backup", "--json", "--quiet", "--host", host, *words, *stdin, given=blocks))

    def snapshots(self, *tags: str, host: str = "") -> list[Snapshot]:
        """Return the snapshots that have all of some tags, oldest first."""
        words = ["--tag", ",".join(tags)] if tags else []
        words += ["--host", host] if host else []
        found = json.loads(self._ask("list its snapshots", "snapshots", "--json", "--no-lock", *words)) or []
        return sorted((_snapshot(one) for one in found), key=lambda one: one.created)

    def restore(self, snapshot: str, paths: Iterable[str], target: str) -> None:
        """Bring paths of a snapshot back, below a directory, with owners and modes; each lies there by its whole path."""
        # restic takes them for patterns, and what no pattern fits is no error to it.
        words = [word for path in paths for word in ("--include", PATTERN.sub(r"\\\1", path))]
        self._patiently("bring files back", "restore", snapshot, "--target", target, *words)

    def read(self, snapshot: str, path: str) -> bytes:
        """Return the content of a small file of a snapshot."""
        with tempfile.TemporaryFile() as stream:
            self.copy(snapshot, path, stream)
            stream.seek(0)
            return stream.read()

    def copy(self, snapshot: str, path: str, into: IO[bytes]) -> None:
        """Write the content of a file of a snapshot, of any size, into a stream that has a descriptor."""
        self._patiently(f"read {path}", "dump", snapshot, path, into=into)

    def files(self, snapshot: str, *paths: str) -> Iterator[dict[str, Any]]:
        """Yield what lies in a snapshot, below some of its directories: path, type (file, dir, symlink), size, mode, uid, gid."""
        done = self._run("list its files", "ls", "--json", "--no-lock", "--recursive", snapshot, *paths)
        for line in done.stdout.splitlines():
            one = json.loads(line)
            if one.get("struct_type") == "node":
                yield one

    def forget(self, *words: str, wait: bool = True) -> None:
        """Let snapshots go, by their ids or by restic's --keep options; what they alone needed is there until prune()."""
        (self._patiently if wait else self._soon)("forget snapshots", "forget", *words)

    def prune(self) -> None:
        """Remove what no snapshot needs."""
        self._patiently("prune", "prune")

    def check(self, part: int = 1, parts: int = 1) -> None:
        """Check the repository's structure, and read one of so many parts of its packs; raise RepositoryError of kind damaged."""
        self._patiently("check", "check", f"--read-data-subset={part}/{parts}")

    def unlock(self, everyone: bool = False) -> None:
        """Remove locks of programs that have died; with everyone also of those that seem to live."""
        self._ask("unlock", "unlock", *(["--remove-all"] if everyone else []))

    def _patiently(self, doing: str, *arguments: str, into: IO[bytes] | None = None, fine: tuple[int, ...] = (0,)) -> Done:
        """Run what a lock can keep out: wait for others that live, such as who brings write-ahead log, and unlock the dead."""
        deadline = time.monotonic() + SECONDS_TO_BE_FREE
        while True:
            try:
                return self._run(doing, *arguments, into=into, fine=fine)
            except RepositoryError as error:
                if error.kind != "locked" or time.monotonic() > deadline:
                    raise
            self.unlock()
            time.sleep(POLL_SECONDS)

    def _soon(self, doing: str, *arguments: str, fine: tuple[int, ...] = (0,)) -> Done:
        """Run what a lock can keep out: once more after unlocking the dead, and not for long."""
        try:
            return self._run(doing, *arguments, seconds=SECONDS_AT_MOST, late="not done", fine=fine)
        except RepositoryError as error:
            if error.kind != "locked":
                raise
        self.unlock()
        return self._run(doing, *arguments, seconds=SECONDS_AT_MOST, late="not done", fine=fine)

    def _ask(self, doing: str, *arguments: str) -> str:
        return self._run(doing, *arguments, seconds=SECONDS_TO_ANSWER).stdout.decode(errors="replace")

    def _run(
        self,
        doing: str,
        *arguments: str,
        seconds: float | None = None,
        late: str = "no answer",
        given: Iterable[bytes] | None = None,
        into: IO[bytes] | None = None,
        fine: tuple[int, ...] = (0,),
    ) -> Done:
        argv = [PROGRAM, *self._options(), *arguments]
        try:
            done = program.run(argv, self._environment(), seconds, given, into)
        except subprocess.TimeoutExpired:
            raise self._trouble(doing, f"{late} within {seconds:g} s") from None
        except FileNotFoundError:
            raise RepositoryError(
                "failed",
                self.shown,
                f"Repository {self.shown}: expected the program {PROGRAM} on this server, got none. Deploy again: that installs it.",
            ) from None
        if done.code not in fine:
            raise self._trouble(doing, self._words_of_ssh(done.stderr.decode(errors="replace")))
        return done

    def _words_of_ssh(self, stderr: str) -> str:
        """Return restic's words with those of ssh, which it may end before it has passed them on: then ssh is asked again."""
        found = SFTP.match(self.location)
        if found is None or SESSION not in stderr or FROM_SSH in stderr:
            return stderr
        with suppress(subprocess.TimeoutExpired, OSError):
            said = program.run(self._ssh(found), self._environment(), SECONDS_TO_LOG_IN, None, None).stderr.decode(errors="replace")
            return "".join(f"{FROM_SSH}{line}\n" for line in said.splitlines()) + stderr
        return stderr

    def _trouble(self, doing: str, stderr: str) -> RepositoryError:
        secrets = {name: value for name, value in self.access.credentials.items() if SECRET_NAME.search(name)}
        inner = re.search(r"//[^/@:]*:([^/@]*)@", self.location)
        text = mask(stderr, {**secrets, **({"location": inner.group(1)} if inner else {})})
        return classify(self.shown, doing, text, self.access.password)

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "HOME": os.environ.get("HOME", "/root"),
            "LC_ALL": "C.UTF-8",
            **self.access.credentials,
            "RESTIC_REPOSITORY": self.location,
            "RESTIC_PASSWORD_FILE": self.access.password,
            "RESTIC_CACHE_DIR": self.access.cache,
        }

    def _options(self) -> list[str]:
        limit = self.access.upload_limit
        words = ["--limit-upload", str(limit)] if limit else []
        found = SFTP.match(self.location)
        return [*words, "-o", f"sftp.command={shlex.join(self._ssh(found))}"] if found else words

    def _ssh(self, found: re.Match[str]) -> list[str]:
        """Return the command that reaches the store's sftp server, which never asks anybody anything."""
        key, hosts = (os.path.join(self.access.directory, name) for name in (SSH_KEY, KNOWN_HOSTS))
        # A store that nobody gave the key of is taken for what it was the first time.
        options = ["BatchMode=yes", "ConnectTimeout=20", "ServerAliveInterval=20", "ServerAliveCountMax=6"]
        options += [f"UserKnownHostsFile={hosts}", "StrictHostKeyChecking=accept-new"]
        words = [word for option in options for word in ("-o", option)]
        words += ["-i", key, "-o", "IdentitiesOnly=yes"] if os.path.exists(key) else []
        words += ["-p", found["port"]] if found["slashes"] and found["port"] else []
        words += ["-l", found["user"]] if found["user"] else []
        return ["ssh", *words, found["host"].strip("[]"), "-s", "sftp"]


def _added(done: Done, unread: tuple[str, ...] = ()) -> Added:
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b"{")]
    last: dict[str, Any] = next((one for one in reversed(said) if one.get("message_type") == "summary"), {})
    return Added(
        str(last.get("snapshot_id", "")),
        int(last.get("data_added", 0)),
        int(last.get("total_bytes_processed", 0)),
        round(float(last.get("total_duration", 0.0)), 1),
        unread,
    )


def _unread(stderr: bytes) -> tuple[str, ...]:
    """Return restic's complaints about files that are there and cannot be read."""
    lines = [line.strip() for line in stderr.decode(errors="replace").splitlines()]
    return tuple(line for line in lines if "error" in line.lower() and not VANISHED.search(line) and not line.startswith("Warning:"))


def _snapshot(one: Mapping[str, Any]) -> Snapshot:
    # Nanoseconds, with the offset of the server that made it: of interest are the seconds.
    moment = re.sub(r"\.\d+", "", str(one["time"])).replace("Z", "+00:00")
    created = datetime.fromisoformat(moment).astimezone(timezone.utc)
    return Snapshot(str(one["id"]), created, str(one.get("hostname", "")), tuple(one.get("tags") or ()), tuple(one.get("paths") or ()))
