# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Restores the newest snapshot of each repository into scratch, to prove that it can be restored; systemd starts it by a timer.

Usage: python3 -m ansible_collections.rarebooks.platform.plugins.module_utils._offsite.drill [clear]

Every file of the sealed backup is compared with its SHA-256, every table of every database is restored and counted, with its owners, rights
and settings, and of the files of volumes each drill reads another hundredth. What it made is removed however it ends; clear does that
alone, after it was killed.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._backup import databases as backup_databases
from .._backup import seal
from .._backup.integrity import measure
from .._backup.manifest import DUMPS, BackupError, Manifest, load
from .._base import command
from .._base.errors import PlatformError, describe
from .._base.files import make_directory, write_durably
from .._engine import client as engine_client
from .._engine.containers import OWNER_LABEL
from .._postgres import proof
from .._postgres.dump import Dump
from .._postgres.helper import PREFIX_LABEL
from .._rehearsal import memory
from .._rehearsal import project as rehearsal
from .._run import ledger
from . import fetch, records, settings, work
from .contents import BACKUP, Contents
from .fetch import Offsite
from .records import Drilled
from .repository import UNLISTED, Repository
from .settings import Settings

if TYPE_CHECKING:
    from docker import DockerClient

ACTION = "drill"
CLEAR = "clear"
# Scratch containers of a drill begin otherwise than those of snapshots and runs, which remove what they find of their own.
PREFIX = "rarebooks-drill-"
# The Compose project in which the apps are started.
PROJECT = "rarebooks-drill"
WORK = "drill"
EVIDENCE = "evidence.json"
# Each drill reads one of so many parts of the files of volumes, and the next one the next.
PARTS = 100
TRIES = 3
# A command line holds no more names than this.
FILES_AT_ONCE = 500


@dataclass
class Drill:
    """One run of the program. Evidence is what was proven, by repository."""

    settings: Settings
    client: DockerClient
    state: str = records.DIRECTORY
    failed: dict[str, str] = field(default_factory=dict)
    evidence: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def work(self) -> str:
        """Return the directory in which all of it happens."""
        return os.path.join(self.state, WORK)

    def run(self, repositories: Sequence[Repository]) -> None:
        """Prove the newest snapshot of each repository; one that fails keeps no other from it."""
        for repository in repositories:
            try:
                self._prove_newest(repository)
            except Exception as error:
                text = describe(error)
                self.failed[repository.shown] = text
                self.evidence[repository.shown] = {"at": ledger.now(), "error": text}
                with records.changing(self.state) as known:
                    known.of(repository.shown).fail(ACTION, error, text)
            finally:
                self.clear()
        content = json.dumps({"host": self.settings.host, "repositories": self.evidence}, indent=1)
        make_directory(self.state, seal.PRIVATE_DIRECTORY)
        write_durably(os.path.join(self.state, EVIDENCE), f"{content}\n".encode(), seal.PRIVATE_FILE)

    def clear(self) -> None:
        """Remove what a drill made, also one that was killed."""
        shutil.rmtree(self.work, ignore_errors=True)
        rehearsal.remove(self.client, PROJECT)
        backup_databases.remove_leftovers(self.client, self.settings.project, PREFIX)

    def _prove_newest(self, repository: Repository) -> None:
        """Prove the newest snapshot, and the next one where that was let go meanwhile: as by a server of the same name, moving in."""
        for last in (False,) * (TRIES - 1) + (True,):
            self.clear()
            one = fetch.find([repository], self.settings.host)
            try:
                return self._prove(repository, one)
            except PlatformError:
                if last or one.snapshot.id in {each.id for each in repository.snapshots()}:
                    raise

    def _prove(self, repository: Repository, one: Offsite) -> None:
        began = time.monotonic()
        told = fetch.contents_of(one, self.settings.staging)
        make_directory(self.work, seal.PRIVATE_DIRECTORY)
        fetch.bring(one, os.path.join(self.settings.staging, BACKUP), self.work)
        place = os.path.join(self.work, one.backup)
        manifest = load(place)
        fetch.bring_images(self.client, repository, told, manifest.id, self.work)
        databases = list(self._databases(place, manifest))
        tables = {container: rows for container, rows, _whole in databases}
        apps, notes = self._apps(place, manifest) if self.settings.drill_apps else ([], [])
        before = records.read(self.state).of(repository.shown).drill
        turn = before.turn + 1 if before else 0
        files, unlisted = self._files(one, told, turn)
        if unlisted:
            notes = [*notes, f"{unlisted} files were left out: their names are not UTF-8."]
        seconds = round(time.monotonic() - began, 1)
        counted = (sum(map(len, tables.values())), len(files) + len(manifest.files), len(apps))
        drilled = Drilled(ledger.now(), one.backup, seconds, *counted, notes, turn)
        self.evidence[repository.shown] = {
            "at": drilled.at,
            "snapshot": one.snapshot.id,
            "backup": one.backup,
            "created": told.created,
            "seconds": seconds,
            "rows": tables,
            # Databases of which owners, rights, roles and settings came back as well; of older dumps they do not.
            "owners_and_rights": [container for container, _rows, whole in databases if whole],
            "apps": apps,
            "notes": notes,
            "files": files,
        }
        with records.changing(self.state) as known:
            known.of(repository.shown).drill = drilled
            known.of(repository.shown).succeed(ACTION)
        work.tell(
            f"{self.settings.host}: {one} was restored in {seconds} s: {drilled.tables} tables counted, {drilled.files} files compared, "
            f"{drilled.probes} containers healthy"
        )
        for note in notes:
            work.tell(f"{self.settings.host}: {one}: {note}", urgent=True)

    def _databases(self, place: str, manifest: Manifest) -> Iterator[tuple[str, dict[str, int], bool]]:
        """Restore and count each database, and yield its container with the rows by table, and whether all else came back as well."""
        labels = {OWNER_LABEL: self.settings.project, PREFIX_LABEL: PREFIX}
        for container, entry in sorted(manifest.databases.items()):
            if not entry["dump"]:
                raise BackupError(f"Backup {manifest.id}: expected a dump of database {entry['name']} in it, got none.")
            dump, image = Dump.from_dict(entry["dump"]), manifest.images[container]["id"]
            seal.require_space({self.client.info()["DockerRootDir"]: 2 * dump.size})
            database = backup_databases.as_database(container, entry)
            whole = proof.prove_alone(self.client, database, image, dump, os.path.join(place, DUMPS), labels)
            yield container, dump.tables, whole

    def _apps(self, place: str, manifest: Manifest) -> tuple[list[str], list[str]]:
        """Start the apps on the dumps of their databases; return the containers that became healthy, and why none was started."""
        started = rehearsal.of_backup(self.client, command.run_command, manifest, place, self.work, PROJECT)
        if started.images and (missing := memory.shortage(self.client, started.images, "stack_offsite_drill_apps: false")):
            return [], [f"The apps were not started: {missing}."]
        dumps = {
            backup_databases.as_database(container, entry): Dump.from_dict(entry["dump"]) for container, entry in manifest.databases.items()
        }
        # Each database once more, and all at the same time.
        seal.require_space({self.client.info()["DockerRootDir"]: sum(2 * dump.size for dump in dumps.values())})
        return started.run(dumps), []

    def _files(self, one: Offsite, told: Contents, turn: int) -> tuple[list[dict[str, Any]], int]:
        """Bring this turn's part of the files of volumes back; return of each what it is, and how many cannot be named."""
        places = [volume.location for volume in told.volumes]
        listed = [entry for entry in one.repository.files(one.snapshot.id, *places) if entry["type"] == "file"] if places else []
        named = [entry for entry in listed if UNLISTED not in str(entry["path"])]
        chosen = part_of(sorted(named, key=lambda entry: str(entry["path"])), turn)
        return list(self._compared(one, chosen)), len(listed) - len(named)

    def _compared(self, one: Offsite, chosen: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for start in range(0, len(chosen), FILES_AT_ONCE):
            some = chosen[start : start + FILES_AT_ONCE]
            target = os.path.join(self.work, "files")
            seal.require_space({self.work: sum(int(entry.get("size", 0)) for entry in some)})
            one.repository.restore(one.snapshot.id, [str(entry["path"]) for entry in some], target)
            for entry in some:
                yield compared(str(entry["path"]), int(entry.get("size", 0)), os.path.join(target, str(entry["path"]).lstrip("/")), one)
            shutil.rmtree(target)


def part_of(listed: Sequence[dict[str, Any]], turn: int) -> list[dict[str, Any]]:
    """Return a hundredth of what is listed, each turn the next one, and at least one where there is any."""
    at_least = -(-len(listed) // PARTS)
    parts = len(listed) // at_least if listed else 1
    return [entry for number, entry in enumerate(listed) if number % parts == turn % parts]


def compared(path: str, size: int, restored: str, one: Offsite) -> dict[str, Any]:
    """Return what a restored file is, compared with what the snapshot lists and, if nobody wrote to it since, with the server's own."""
    try:
        got, digest = measure(restored)
        same_since = os.stat(path).st_mtime_ns == os.stat(restored).st_mtime_ns if os.path.exists(path) else False
    except OSError as error:
        raise PlatformError(f"{one}: {path}: expected it to come back, got: {error.strerror}.") from None
    if got != size:
        raise PlatformError(f"{one}: {path}: expected {size} bytes to come back, got {got}.")
    if same_since and measure(path)[1] != digest:
        raise PlatformError(f"{one}: {path}: expected what is on the server, to which nobody wrote since, got another content.")
    return {"path": path, "size": size, "sha256": digest, "as_on_the_server": same_since}


def record(begun: work.Begun, drill: Drill) -> None:
    """Record a drill that proved everything; one that did not is recorded where it ends."""
    duration = time.monotonic() - begun.began
    ledger.append(drill.settings.path, ledger.entry(begun.run, "done", duration))


def main() -> int:
    """Run once, and return the exit code for the unit."""
    if sys.argv[1:] == [CLEAR]:
        found = settings.load()
        with work.idle() as idle:
            if found and idle:
                Drill(found, engine_client.connect()).clear()
        return 0
    with work.begun(ACTION) as begun:
        if begun is None:
            return 0
        one = Drill(begun.settings, engine_client.connect())
        one.run(begun.repositories)
        begun.failed = one.failed
        if not one.failed:
            record(begun, one)
        return begun.end()


if __name__ == "__main__":
    raise SystemExit(main())
