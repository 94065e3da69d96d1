"""What is gathered for a recovery is whole, also where the server that is alive brings its log away meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous import base, reach, recover, shipping
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.base import Start
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.moment import From
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.recover import Work
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.settings import Place
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.state_file import Shipped
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.repository import Snapshot
from memory_repository import MemoryRepository

SIZE = 1 << 20
FIRST = 2


def segment(number: int) -> str:
    return f"0000000100000000000000{number:02X}"


class Live(MemoryRepository):
    """One that a database's log goes on coming to: then says at which question something does."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place, self.known, self.writing = place, Shipped(), FIRST
        self.then: dict[str, Callable[[], None]] = {}
        Path(place.log).mkdir(parents=True)
        data = Path(place.base) / "data" / "pg_wal"
        data.mkdir(parents=True)
        (data / segment(FIRST)).write_bytes(b"b" * SIZE)
        base.bring(self, place, Start(segment(FIRST), "2026-11-25T12:00:00Z", "2026-11-25T12:00:00Z"), "server")
        self.go_on()

    def go_on(self) -> None:
        """Complete a segment, begin the next one and bring both away."""
        log = Path(self.place.log)
        if self.writing > FIRST:
            (log / f"{segment(self.writing)}.partial").rename(log / segment(self.writing))
        self.writing += 1
        (log / f"{segment(self.writing)}.partial").write_bytes(b"p" * SIZE)
        shipping.ship(self, self.known, self.place, "server", False, f"0/{self.writing:X}000028")

    def restore(self, snapshot: str, paths: Iterable[str], target: str) -> None:
        super().restore(snapshot, paths, target)
        self.then.pop("restore", lambda: None)()

    def snapshots(self, *tags: str, host: str = "") -> list[Snapshot]:
        found = super().snapshots(*tags, host=host)
        self.then.pop(tags[0] if tags else "", lambda: None)()
        return found


@pytest.fixture
def live(tmp_path: Path) -> Live:
    return Live(Place("db", "7", str(tmp_path / "live")))


def gathered(live: Live, tmp_path: Path) -> set[str]:
    """Gather from what is elsewhere alone, as a drill does, and return the segments."""
    source = From(live, live.snapshots("base")[0])
    work = Work(str(tmp_path / "drill"))
    recover.gather(source, Place("db", "7", str(tmp_path / "none")), work)
    recover.require_whole(source, work, None)
    return set(os.listdir(work.log))


@pytest.mark.parametrize("when", ["restore", shipping.PARTIAL])
def test_a_segment_that_is_completed_meanwhile_leaves_no_gap(live: Live, tmp_path: Path, when: str) -> None:
    live.go_on()
    live.then[when] = live.go_on
    assert {segment(number) for number in (2, 3, 4)} <= gathered(live, tmp_path)


def test_nor_one_that_is_completed_while_is_read_off_how_far_it_leads(live: Live) -> None:
    for kind in (shipping.WAL, shipping.PARTIAL):
        live.then[kind] = live.go_on
        assert reach.reach_of(From(live, live.snapshots("base")[0]), "db", "/nowhere").missing == ""


def test_what_is_complete_counts_and_not_what_was_brought_of_it_before(live: Live, tmp_path: Path) -> None:
    (Path(live.place.log) / f"{segment(3)}.partial").write_bytes(b"c" * SIZE)
    live.then[shipping.PARTIAL] = live.go_on
    gathered(live, tmp_path)
    assert (tmp_path / "drill" / "log" / segment(3)).read_bytes() == b"c" * SIZE
