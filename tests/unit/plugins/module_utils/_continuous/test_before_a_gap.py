"""What was received before a slot was lost is brought away to its last row, and kept: until there any second can be restored."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous import base, follow, reach, receiver, shipping, slot
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.base import Start
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.follow import Follower
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.moment import From
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.settings import Place
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.settings import Settings
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import Database
from memory_repository import MemoryRepository

SIZE = 1 << 20


def segment(number: int) -> str:
    return f"0000000100000000000000{number:02X}"


def test_the_segment_that_was_being_written_when_the_slot_was_lost_is_kept_as_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = [True]

    def cluster(*_given: object) -> slot.Cluster:
        return slot.Cluster("7", "0/1", slot.LOST if lost[0] else "reserved", 0, SIZE, True, "0/99000028")

    def ensure(*_given: object) -> slot.Cluster:
        lost[0] = False
        return cluster()

    monkeypatch.setattr(follow, "clusters", lambda _path: [Database("db", "shop", "keeper")])
    monkeypatch.setattr(slot, "read", cluster)
    monkeypatch.setattr(slot, "ensure", ensure)
    monkeypatch.setattr(receiver, "all_followed", lambda _client, _project: set())
    monkeypatch.setattr(receiver, "remove", lambda _client, _container: None)
    monkeypatch.setattr(receiver, "ensure", lambda *_given: "")
    place, repository = Place("db", "7", str(tmp_path)), MemoryRepository()
    log, data = Path(place.log), Path(place.base) / "data" / "pg_wal"
    for directory in (log, data):
        directory.mkdir(parents=True)
    (data / segment(1)).write_bytes(b"b" * SIZE)
    base.bring(repository, place, Start(segment(1), "2026-11-24T08:00:00Z", "2026-11-24T08:00:00Z"), "server")
    for name in (segment(1), segment(2), segment(3), f"{segment(4)}.partial"):
        (log / name).write_bytes(b"x" * SIZE)
    settings = Settings("server", str(tmp_path), "p", "", "", "", (repository.location,))
    follower = Follower(settings, None, [repository], root=str(tmp_path))  # type: ignore[arg-type]
    follower.look()
    log.mkdir()
    for look in range(shipping.PARTIALS):
        (log / f"{segment(0x99)}.partial").write_bytes(b"y" * SIZE)
        monkeypatch.setattr(shipping, "fingerprint", lambda one, look=look: f"{one.name} {look}")
        follower.look()
    assert all(one.tagged("first:") == [segment(0x99)] for one in repository.snapshots(shipping.PARTIAL)), "they are forgotten in time"
    found = reach.reach_of(From(repository, repository.snapshots("base")[0]), "db", "/nowhere")
    assert found.missing == segment(5), "all before is there"
