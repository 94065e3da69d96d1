"""A backlog of log goes through a narrow line: piece by piece, oldest first, and what came through stays."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous import shipping
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.settings import Place
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.state_file import Shipped
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.repository import Added, RepositoryError
from memory_repository import MemoryRepository

SEGMENTS = [f"0000000100000000000000{number:02X}" for number in range(1, 13)]


class Narrow(MemoryRepository):
    """One that nothing comes to that is larger than what the line carries in the time that restic has."""

    def __init__(self, segments: int) -> None:
        super().__init__()
        self.segments = segments

    def backup(self, paths: Sequence[str], host: str, tags: Iterable[str], *, wait: bool = True) -> Added:
        if len([path for path in paths if not path.endswith(".history")]) > self.segments:
            raise RepositoryError("slow", self.shown, "It took too long.")
        return super().backup(paths, host, tags, wait=wait)

    @property
    def brought(self) -> list[str]:
        return [os.path.basename(path) for one in self.snapshots(shipping.WAL) for path in one.paths]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place("db", "7", str(tmp_path))
    Path(made.log).mkdir(parents=True)
    for name in SEGMENTS:
        (Path(made.log) / name).write_bytes(b"x")
    return made


def test_all_of_it_comes_in_pieces_that_each_count(place: Place) -> None:
    repository, known = Narrow(shipping.AT_ONCE), Shipped()
    (Path(place.log) / "00000002.history").write_bytes(b"x")
    shipping.ship(repository, known, place, "server", False, "")
    assert known.last == SEGMENTS[-1] and known.at
    assert sorted(repository.brought) == [*SEGMENTS, "00000002.history"], "each once"
    pieces = [(one.tagged("first:")[0], one.tagged("last:")[0]) for one in repository.snapshots(shipping.WAL)]
    assert pieces[:2] == [(SEGMENTS[0], SEGMENTS[3]), (SEGMENTS[4], SEGMENTS[7])]


def test_after_a_failure_they_come_one_by_one(place: Place) -> None:
    repository, known = Narrow(1), Shipped()
    with pytest.raises(RepositoryError) as failed:
        shipping.ship(repository, known, place, "server", False, "")
    assert (known.last, known.at) == ("", "")
    known.trouble = str(failed.value)
    shipping.ship(repository, known, place, "server", False, "")
    assert (known.last, repository.brought) == (SEGMENTS[-1], SEGMENTS)


def test_it_keeps_other_databases_waiting_for_one_turn_only(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipping, "SECONDS_OF_A_TURN", -1.0)
    repository, known = Narrow(shipping.AT_ONCE), Shipped()
    for last in (SEGMENTS[3], SEGMENTS[7]):
        with pytest.raises(RepositoryError, match="goes on at the next look") as told:
            shipping.ship(repository, known, place, "server", False, "")
        assert (known.last, known.at, told.value.kind) == (last, "", "slow")
    shipping.ship(repository, known, place, "server", False, "")
    assert known.last == SEGMENTS[-1] and known.at, "the last of it is the end, and no failure"
