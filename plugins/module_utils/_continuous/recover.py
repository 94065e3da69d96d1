# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Recovers a database cluster as it was at a moment: a base and the log after it, in a container without a network, beside what is live.

PostgreSQL itself applies the log, and stops before the first row that was committed later.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .._backup import seal
from .._base.files import make_directory
from .._offsite.repository import Repository, Snapshot
from .._postgres.client import Database, DatabaseError, query
from .._postgres.helper import remove
from .._postgres.programs import reaching, run_program, said
from . import log_files, slot
from .base import DATA, SPARE
from .moment import UNCHANGED, From, MomentError, shown
from .settings import DIRECTORY, PREFIX, RESTORING, Place

if TYPE_CHECKING:
    from docker import DockerClient

with suppress(ImportError):  # See _base.libraries.
    from docker.types import LogConfig, Mount

MOUNT = "/restore"
LOG = "log"
# What a segment takes unless initdb was told otherwise.
SEGMENT = 16 << 20
# What the image's own start gives to PostgreSQL's user, and nobody else can reach on the server, for it lies below a directory of root's.
HBA = "local all all trust\nhost all all 127.0.0.1/32 trust\n"
# restic brought it back as root's, and PostgreSQL runs as its own user. The image's own start makes that of it.
_OWNED = f'chown -R postgres: {MOUNT} && exec docker-entrypoint.sh "$@"'
SECONDS_TO_RECEIVE = 30.0
SECONDS_TO_RECOVER = 4 * 3600.0
POLL_SECONDS = 0.2
NOT_RECOVERED, ANOTHER = "it does not recover", f"{UNCHANGED} Use another moment."
_TOO_SHORT = "recovery ended before configured recovery target was reached"
_LAST = re.compile(r"last completed transaction was at log time (\S+ \S+)")
# Its log has to be whole at once, and nothing in it has to outlive the container.
_SETTINGS = {
    "restore_command": f"cp {MOUNT}/{LOG}/%f %p",
    "recovery_target_action": "promote",
    "recovery_target_inclusive": "on",
    # Otherwise it would refuse to start with fewer connections than the live one has.
    "hot_standby": "off",
    "hba_file": f"{MOUNT}/hba.conf",
    "archive_mode": "off",
    "fsync": "off",
    "synchronous_standby_names": "",
    "log_min_messages": "log",
    "logging_collector": "off",
    "lc_messages": "C",
    "ssl": "off",
}


@dataclass(frozen=True)
class Work:
    """A directory for one recovery, as the container sees it below /restore, and what for, which is part of the container's name."""

    root: str
    purpose: str = RESTORING

    @property
    def data(self) -> str:
        return os.path.join(self.root, DATA)

    @property
    def log(self) -> str:
        return os.path.join(self.root, LOG)


def have_received(client: DockerClient, database: Database, place: Place) -> bool:
    """Have all that was committed until now in the local log; say whether it is there.

    An empty transaction comes last, so that PostgreSQL sees that nothing else was committed before a moment in the past.
    """
    with suppress(DatabaseError):
        cluster = slot.read(client, database)
        if cluster.id != place.cluster or not cluster.slot:
            return False
        # Where the switch ended, in the segment that has to come. What is current then is on an edge, which versions name differently.
        (wanted,) = query(client, database, "SELECT txid_current();\nSELECT pg_walfile_name(pg_switch_wal())")[-1]
        deadline = time.monotonic() + SECONDS_TO_RECEIVE
        while time.monotonic() < deadline:
            names = [one.name for one in log_files.complete(log_files.files_in(place.log)) if log_files.is_segment(one.name)]
            if names and names[-1] >= wanted:
                return True
            time.sleep(POLL_SECONDS)
    return False


def gather(source: From, place: Place, work: Work, copies: int = 1) -> None:
    """Bring a base here and the log after it, from the repository and, what is newer, from here.

    Copies is how many of the cluster there has to be room for: a dump of it is about another one.
    """
    shutil.rmtree(work.root, ignore_errors=True)
    make_directory(work.root, 0o700)
    os.mkdir(work.log)
    (path,) = source.snapshot.paths
    _require_room(source, source.log(), work, copies)
    _bring(source.repository, source.snapshot.id, work, {path: work.data})
    # Listed once more: a base takes its time, and one that lives goes on bringing its log there.
    for snapshot in source.log():
        _bring(source.repository, snapshot.id, work, {one: _named(work, one) for one in snapshot.paths})
    for file in log_files.files_in(place.log):
        # One that grows here is newer than what was brought away of it.
        if file.name >= source.start or not log_files.is_segment(file.name):
            with suppress(FileNotFoundError):
                shutil.copy2(file.path, os.path.join(work.log, file.name))
    # The base brought what makes it consistent, where nothing of it is elsewhere yet.
    for file in log_files.files_in(os.path.join(work.data, "pg_wal")):
        if not os.path.exists(_named(work, file.path)):
            shutil.copy2(file.path, work.log)
    _fill_up(work)


def _require_room(source: From, logs: Sequence[Snapshot], work: Work, copies: int) -> None:
    """Refuse what would fill the disk that the live databases are on as well."""
    base = sum(int(one.get("size", 0)) for one in source.repository.files(source.snapshot.id))
    seal.require_space({work.root: copies * base + SEGMENT * sum(len(one.paths) for one in logs) + SPARE})


def _fill_up(work: Work) -> None:
    """Give the segment that was being written its whole size, which a power cut may have kept it from: PostgreSQL takes no other."""
    segments = [one for one in log_files.files_in(work.log) if log_files.is_segment(one.name)]
    size = max((one.size for one in segments), default=0)
    if segments and segments[-1].size < size:
        os.truncate(segments[-1].path, size)


def _named(work: Work, path: str) -> str:
    return os.path.join(work.log, os.path.basename(path).removesuffix(log_files.PARTIAL))


def _bring(repository: Repository, snapshot: str, work: Work, targets: Mapping[str, str]) -> None:
    incoming = os.path.join(work.root, "incoming")
    repository.restore(snapshot, targets, incoming)
    for path, target in targets.items():
        os.replace(incoming + path, target)
    shutil.rmtree(incoming, ignore_errors=True)


def require_whole(source: From, work: Work, moment: datetime | None) -> None:
    """Refuse a log with a gap before the moment."""
    sizes = {one.name: one for one in log_files.files_in(work.log) if log_files.is_segment(one.name)}
    size = next((one.size for one in sizes.values()), 0)
    missing, before = log_files.first_missing(sizes, source.start, size) if size else (source.start, "")
    if not missing:
        return
    until = datetime.fromtimestamp(sizes[before].changed / 1e9, timezone.utc) if before else source.at
    if moment is None or moment > until:
        raise MomentError(
            f"restore_time: expected the log of {source.snapshot.tagged('container:')[0]} without a gap, got none of segment "
            f"{missing}. {UNCHANGED} From the base of {shown(source.at)} any second until {shown(until)} can be "
            "restored, and any one after a later base."
        )


@contextmanager
def recovered(
    client: DockerClient,
    database: Database,
    source: From,
    work: Work,
    moment: datetime | None,
    labels: Mapping[str, str],
    received: bool = False,
    image: str = "",
) -> Iterator[Database]:
    """Yield the cluster as it was at a moment, or, without one, as it was last; it is gone afterwards.

    Received says that the log goes on until after the moment, so that there is nothing more where it ends before. The image is that of
    the database's container, if none is given.
    """
    require_whole(source, work, moment)
    name = f"{PREFIX}{work.purpose}-{database.container}"
    image = _image(client, database, work, image)
    with open(os.path.join(work.root, "hba.conf"), "w", encoding="utf-8") as stream:
        stream.write(HBA)
    with open(os.path.join(work.data, "recovery.signal"), "w", encoding="utf-8"):
        pass
    # The live one's role of a standby, or what it would be told to do at once, is not for a copy of it.
    with suppress(FileNotFoundError):
        os.unlink(os.path.join(work.data, "standby.signal"))
    try:
        _run(client, name, image, work, moment, labels)
        reached = _wait(client, name, database.user)
        if reached is not None and moment is not None:
            if not received:
                raise MomentError(
                    f"restore_time: expected the log of {database.container} to go on until {shown(moment)}, got the last row at "
                    f"{reached}, and nothing of what came after. {UNCHANGED} Any second from {shown(source.at)} until then can be restored."
                )
            _run(client, name, image, work, None, labels)
            reached = _wait(client, name, database.user)
        if reached is not None:
            raise DatabaseError(
                f"container {name}", "it does not recover", "the end of its log", reached, f"{UNCHANGED} Use another moment."
            )
        yield replace(database, container=name)
    finally:
        with suppress(DatabaseError):
            remove(client, name)


def _image(client: DockerClient, database: Database, work: Work, image: str) -> str:
    """Return the image that is given, or that of the live database, unless the base is one of another major version."""
    inspected: dict[str, Any]
    with reaching(image or f"container {database.container}"):
        inspected = client.api.inspect_image(image) if image else client.api.inspect_container(database.container)
    environment = dict(one.partition("=")[::2] for one in inspected["Config"]["Env"] or [])
    with open(os.path.join(work.data, "PG_VERSION"), encoding="utf-8") as stream:
        version = stream.read().strip()
    major = environment.get("PG_MAJOR", version)
    if major != version:
        raise MomentError(
            f"restore_time: expected a base of PostgreSQL {major}, which {database.container} is now, got one of {version}: it was of "
            f"before the upgrade. {UNCHANGED} Dumps of before: ansible-playbook database.yml"
        )
    return image or str(inspected["Image"])


def _run(client: DockerClient, name: str, image: str, work: Work, moment: datetime | None, labels: Mapping[str, str]) -> None:
    remove(client, name)
    settings = {**_SETTINGS, **({"recovery_target_time": moment.strftime("%Y-%m-%d %H:%M:%S.%f+00")} if moment else {})}
    with reaching(f"container {name}"):
        client.containers.create(
            image,
            name=name,
            entrypoint=["sh", "-c", _OWNED, "sh"],
            user="0:0",
            command=["postgres", *(word for key, value in settings.items() for word in ("-c", f"{key}={value}"))],
            network_mode="none",
            environment={"PGDATA": f"{MOUNT}/{DATA}"},
            mounts=[Mount(MOUNT, os.path.abspath(work.root), type="bind")],
            labels=dict(labels),
            # Before anything that is live, where memory ends.
            oom_score_adj=1000,
            log_config=LogConfig(type=LogConfig.types.JSON),
        ).start()


def _wait(client: DockerClient, name: str, user: str) -> str | None:
    """Wait until it has recovered; return where its log ended too early, None where it did not."""
    deadline = time.monotonic() + SECONDS_TO_RECOVER
    while True:
        with reaching(f"container {name}"):
            status = client.api.inspect_container(name)["State"]["Status"]
        if status != "running":
            with reaching(f"container {name}"):
                output: bytes = client.api.logs(name, tail=200)
            text = output.decode(errors="replace")
            if _TOO_SHORT in text:
                last = _LAST.findall(text)
                return last[-1] if last else "the base itself"
            raise DatabaseError(
                f"container {name}", "it does not recover", "one that starts", said(output), f"{UNCHANGED} Use another moment."
            )
        with suppress(DatabaseError):
            asked = ["psql", "-X", "-A", "-t", "-w", "-U", user, "-d", "template1", "-c", "SELECT pg_is_in_recovery()"]
            if run_program(client, name, asked).stdout.strip() == b"f":
                return None
        if time.monotonic() > deadline:
            advice = f"{UNCHANGED} Look whether the server has memory and disk left."
            raise DatabaseError(f"container {name}", NOT_RECOVERED, f"the end within {SECONDS_TO_RECOVER:.0f} s", "none", advice)
        time.sleep(POLL_SECONDS)


def work_for(container: str, root: str = DIRECTORY) -> Work:
    """Return the directory for a recovery of a database."""
    return Work(os.path.join(root, RESTORING, container))


def clear(work: Work) -> None:
    """Remove what a recovery left."""
    shutil.rmtree(work.root, ignore_errors=True)
