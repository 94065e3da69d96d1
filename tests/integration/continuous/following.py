# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A database that is followed, by the program itself with other bounds, and everything of it on this machine.

As a program it follows until it is killed: following.py DIRECTORY SECONDS.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
from ansible_collections.rarebooks.platform.plugins.module_utils._base import state
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous import base, follow, receiver, state_file
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.settings import Bounds, Place
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.state_file import Followed
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.repository import Access, Repository
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.settings import Settings
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import Database, query
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.helper import wait_until_ready
from ansible_collections.rarebooks.platform.plugins.module_utils._release import description
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Release

IMAGE = "postgres:15"
NAME = "rarebooks-lab-followed"
PROJECT = "rarebooks-lab-continuous"
DATABASE = Database(NAME, "shop", "shopkeeper")
ENVIRONMENT = {"POSTGRES_USER": "shopkeeper", "POSTGRES_PASSWORD": "one-that-must-not-be-shown", "POSTGRES_DB": "shop"}
LABELS = {"rarebooks.platform.project": PROJECT}
MIB = 1 << 20


@dataclass(frozen=True)
class Lab:
    """Directories of a test, and what works in them."""

    client: docker.DockerClient
    directory: Path
    bounds: Bounds

    @property
    def root(self) -> str:
        return str(self.directory / "continuous")

    @property
    def repository(self) -> Repository:
        return Repository(str(self.directory / "repository"), Access(str(self.directory), cache=str(self.directory / "cache")))

    @property
    def settings(self) -> Settings:
        return Settings("server", str(self.directory), PROJECT, "", "", "", (self.repository.location,))

    @property
    def follower(self) -> follow.Follower:
        return follow.Follower(self.settings, self.client, [self.repository], self.bounds, self.root)

    def renew(self) -> int:
        """Make the bases that are due."""
        return base.renew(self.client, self.settings, [self.repository], self.bounds, self.root)

    def begin(self) -> None:
        """Follow until there is a base: it takes a receiver that has received, which a busy machine has not at the first look."""
        deadline = time.monotonic() + 60
        while not base.bases_of(self.repository, NAME, self.settings.host):
            assert time.monotonic() < deadline, self.follower_state
            self.follower.look()
            assert self.renew() == 0

    @property
    def place(self) -> Place:
        return Place(NAME, self.follower_state.cluster, self.root)

    @property
    def follower_state(self) -> Followed:
        return state_file.read(self.root).of(NAME)

    def rows(self, database: Database = DATABASE) -> int:
        return int(query(self.client, database, "SELECT count(*) FROM visit")[0][0])


def release() -> Release:
    """Return a release that consists of one database."""
    database = description.Database(container=NAME, name=DATABASE.name, user=DATABASE.user)
    return Release(apps=(App(name="shop", containers=(NAME,), databases=(database,)),))


def lab_in(directory: Path, bounds: Bounds) -> Lab:
    """Return what works in a directory."""
    (directory / description.FILE).write_text(json.dumps(state.plain(release())))
    lab = Lab(docker.from_env(version="auto"), directory, bounds)
    (directory / "password").write_text("correct horse\n")
    return lab


@contextmanager
def running(lab: Lab) -> Iterator[Lab]:
    """Run a database and a repository."""
    remove(lab.client)
    lab.repository.create()
    command = ["postgres", "-c", "max_wal_size=32MB", "-c", "min_wal_size=32MB"]
    lab.client.containers.run(IMAGE, command, name=NAME, detach=True, environment=ENVIRONMENT, labels=LABELS, shm_size="256m")
    try:
        wait_until_ready(lab.client, NAME, DATABASE.user)
        query(lab.client, DATABASE, "CREATE TABLE visit (id serial PRIMARY KEY, at timestamptz DEFAULT clock_timestamp(), text text)")
        # Never empty: where a busy machine has brought nothing away yet, what is lost is told by the time of this one.
        query(lab.client, DATABASE, "INSERT INTO visit DEFAULT VALUES")
        yield lab
    finally:
        remove(lab.client)


def remove(client: docker.DockerClient) -> None:
    """Remove everything of the laboratory."""
    receiver.remove(client, NAME)
    for container in client.containers.list(all=True, filters={"label": f"rarebooks.platform.project={PROJECT}"}):
        container.remove(force=True, v=True)


def wait_for(lab: Lab, sql: str) -> None:
    """Wait until a question to the database has the answer true."""
    deadline = time.monotonic() + 120
    while query(lab.client, DATABASE, sql) != [["t"]]:
        assert time.monotonic() < deadline, sql
        time.sleep(0.05)


if __name__ == "__main__":
    looking = lab_in(Path(sys.argv[1]), Bounds(seconds=float(sys.argv[2])))
    follow.keep_looking(looking.follower, lambda: None)
