"""A store that was made anew at the place of another one has nothing of the log: that is noticed, told once, and mended by a base."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base.times import TIME
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous import follow, receiver, state_file
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.follow import LOOKS_BETWEEN_IDS, Follower
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.settings import Place
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.state_file import Based, Bases, Followed
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.settings import Settings
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import Database
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger
from memory_repository import MemoryRepository, Store

SEGMENTS = [f"00000001000000000000000{number}" for number in (1, 2, 3)]


def moment(**later: int) -> str:
    return (datetime.now(timezone.utc) + timedelta(**later)).strftime(TIME)


class Followed7(Follower):
    """One whose databases are received, so that only what is brought away is in question."""

    def _follow(self, _database: Database, one: Followed, _note: object) -> None:
        one.cluster, one.at = "7", ledger.now()


class Server:
    """A server with one database, what was received of its log, and a repository that has a base."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(follow, "clusters", lambda _path: [Database("db", "shop", "keeper")])
        monkeypatch.setattr(receiver, "all_followed", lambda _client, _project: set())
        self.root, self.repository = root, MemoryRepository()
        self.settings = Settings("server", str(root), "p", "", "", "", (self.repository.location,))
        log = Path(Place("db", "7", str(root)).log)
        log.mkdir(parents=True)
        for name in SEGMENTS:
            (log / name).write_bytes(b"x" * 10)
        self.start()
        state_file.write(Bases({"db": {self.repository.shown: Based("7", moment(hours=-1))}}), str(root))

    def start(self) -> None:
        """Begin to follow, as at a boot."""
        self.follower = Followed7(self.settings, None, [self.repository], root=str(self.root))  # type: ignore[arg-type]

    def looks(self, count: int) -> list[bool]:
        return [self.follower.look() for _look in range(count)]

    def replace(self) -> None:
        """Have the store made anew, with the same password."""
        self.repository.store = Store(identity="b" * 64)

    @property
    def told(self) -> list[str]:
        path = self.root / ledger.FILE
        return [json.loads(line)["error"] for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def brought(self) -> list[str]:
        return [one.tagged("last:")[0] for one in self.repository.snapshots("wal")]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(tmp_path, monkeypatch)


def test_one_that_stays_is_asked_now_and_then_and_gets_no_other_base(server: Server) -> None:
    assert server.looks(2 * LOOKS_BETWEEN_IDS) == [False] * 2 * LOOKS_BETWEEN_IDS
    assert server.repository.store.calls.count("identity") == 2
    assert (server.brought, server.told) == ([SEGMENTS[-1]], [])


def test_one_that_was_made_anew_gets_all_again_and_a_base_and_is_told_once(server: Server) -> None:
    server.looks(1)
    server.replace()
    assert server.looks(LOOKS_BETWEEN_IDS + 1)[-1], "a base is due"
    assert server.brought == [SEGMENTS[-1]], "what is still here is brought there again"
    server.looks(2 * LOOKS_BETWEEN_IDS)
    server.start()
    assert all(server.looks(2)), "as long as there is none"
    (told,) = server.told
    assert "another repository" in told and "aaaaaaaa" in told and "bbbbbbbb" in told and "db" in told
    state_file.write(Bases({"db": {server.repository.shown: Based("7", moment(seconds=2))}}), str(server.root))
    assert not any(server.looks(1))


def test_one_that_was_away_is_asked_when_it_is_there_again(server: Server) -> None:
    server.looks(1)
    (Path(Place("db", "7", str(server.root)).log) / f"{SEGMENTS[-1][:-1]}4").write_bytes(b"x")
    server.repository.broken["backup"] = "missing"
    server.looks(1)
    server.replace()
    server.repository.broken = {}
    assert server.looks(2) == [False, True]


def test_a_store_that_does_not_say_what_it_is_keeps_nothing_from_being_followed(server: Server) -> None:
    server.repository.broken["identity"] = "unreachable"
    assert server.looks(2) == [False, False]
    assert server.brought == [SEGMENTS[-1]]
    server.repository.broken = {}
    server.looks(LOOKS_BETWEEN_IDS)
    found = state_file.read(str(server.root)).of("db")
    assert found.of(server.repository.shown).id == "a" * 64
    assert found.since and found.of(server.repository.shown).since
