"""A server whose clock was a day off, or is: the newest of the log stays the newest, and a base comes where none can be relied upon."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, cast

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base.times import TIME
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous import base, shipping
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.settings import Bounds, Place
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.state_file import Based, Followed, Records, Shipped
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.repository import Snapshot
from memory_repository import MemoryRepository

NOW = datetime(2026, 11, 26, 12, tzinfo=timezone.utc)
WEEK = timedelta(days=7)


def at(days: float) -> str:
    return (NOW + timedelta(days=days)).strftime(TIME)


def segment(number: int) -> str:
    return f"0000000100000000000000{number:02X}"


def listed(identifier: str, days: float, *tags: str) -> Snapshot:
    return Snapshot(identifier, NOW + timedelta(days=days), "server", ("container:db", "cluster:7", *tags), (f"/s/{identifier}",))


@pytest.mark.parametrize(("days", "due"), [(-1, False), (0, False), (1, True), (400, True)])
def test_a_base_of_a_time_that_has_not_been_is_replaced_at_once(days: float, due: bool) -> None:
    followed = Followed("7", repositories={"x": Shipped(at(0))})
    assert base.is_due(Based("7", at(days)), followed, "x", "server", WEEK, NOW) is due


def test_times_that_have_not_been_count_as_now_and_hide_nothing() -> None:
    one = Followed("7", at=at(1), lost=at(1), since=at(-3), repositories={"x": Shipped(at(1), lost=at(1), since=at(1), anew=at(2))})
    Records(at(1), {"db": one}).set_right(at(0))
    assert (one.at, one.lost, one.since) == (at(0), at(0), at(-3))
    shipped = one.of("x")
    assert {shipped.at, shipped.lost, shipped.since, shipped.anew} == {at(0)}
    assert Shipped().anew == one.of("y").anew == ""


def test_of_what_is_being_written_the_furthest_counts_and_not_the_latest() -> None:
    ahead = listed("ahead", 1, f"first:{segment(2)}", "upto:0/2000148")
    before, after = (
        listed("before", -0.1, f"first:{segment(2)}", "upto:0/2000100"),
        listed("after", 0, f"first:{segment(2)}", "upto:0/2000200"),
    )
    assert shipping.furthest([before, after, ahead]) == [after]
    later = listed("later segment", 0, f"first:{segment(3)}", "upto:0/3000028")
    assert shipping.furthest([later, ahead]) == [later]
    assert shipping.furthest([listed("of an older version", 0, f"first:{segment(2)}"), ahead]) == [ahead]
    assert shipping.furthest([]) == []
    long = listed("long", 0, f"first:{segment(2)}", "upto:0/A000000")
    assert shipping.furthest([long, listed("longer", 0, f"first:{segment(2)}", "upto:1/0")])[0].id == "longer"


def test_what_is_forgotten_of_it_is_all_but_the_furthest(tmp_path: Path) -> None:
    repository = MemoryRepository()
    for one in (
        listed("ahead", 1, "wal-partial", f"first:{segment(2)}", "upto:0/2000148"),
        listed("now", 0, "wal-partial", f"first:{segment(2)}", "upto:0/2000200"),
    ):
        repository.store.held.append((one, {}))
    known = Shipped(last=segment(1), partials=shipping.PARTIALS)
    shipping.ship(repository, known, Place("db", "7", str(tmp_path)), "server", False, "0/2000200")
    assert [one.id for one in repository.snapshots()] == ["now"]
    assert known.partials == 0
    shipping.ship(repository, Shipped(last=segment(1), partials=60), Place("db", "7", str(tmp_path)), "server", False, "0/2000200")
    assert repository.store.calls.count("forget") == 1, "restic forgets nothing without being told what"


def test_what_is_brought_says_how_far_it_goes(tmp_path: Path) -> None:
    repository, place = MemoryRepository(), Place("db", "7", str(tmp_path))
    Path(place.log).mkdir(parents=True)
    with open(Path(place.log) / f"{segment(2)}.partial", "wb") as stream:
        stream.truncate(16 << 20)
    shipping.ship(repository, Shipped(), place, "server", False, "0/2000148")
    (one,) = repository.snapshots("wal-partial")
    assert one.tagged("upto:") == ["0/2000148"]


def test_bases_are_kept_by_where_they_begin_in_the_log(tmp_path: Path) -> None:
    class Store:
        def __init__(self) -> None:
            self.gone: list[str] = []

        def snapshots(self, kind: str, *_tags: str, host: str) -> list[Snapshot]:
            assert host == "server"
            bases = [
                listed("oldest", -21, f"start:{segment(1)}", f"at:{at(-21)}"),
                listed("last week", -7, f"start:{segment(4)}", f"at:{at(-7)}"),
                listed("now", 0, f"start:{segment(5)}", f"at:{at(0)}"),
                listed("ahead", 1, f"start:{segment(3)}", f"at:{at(1)}"),
            ]
            return bases if kind == "base" else []

        def forget(self, *identifiers: str) -> None:
            self.gone += identifiers

    store = Store()
    base.forget_old(cast(Any, store), Place("db", "7", str(tmp_path)), Bounds(), "server", NOW)
    assert store.gone == ["oldest", "ahead"]
