"""Segments are named, follow each other, and one that is missing is found."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous import log_files, shipping
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.settings import Place
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.state_file import Shipped

SIZE = 16 << 20
FIRST = "0000000100000000000000FE"
NEXT = "0000000100000000000000FF"
THIRD = "000000010000000100000000"


def test_a_place_in_the_log_is_in_the_segment_of_its_name() -> None:
    assert log_files.name_of(1, "0/2000028", SIZE) == "000000010000000000000002"
    assert log_files.name_of(2, "1/FE000000", SIZE) == "0000000200000001000000FE"


def test_after_the_last_segment_of_a_log_comes_the_first_of_the_next() -> None:
    assert log_files.following(FIRST, SIZE) == NEXT
    assert log_files.following(NEXT, SIZE) == THIRD
    assert log_files.following("000000010000000000000003", 1 << 30) == "000000010000000100000000"


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        ([FIRST, NEXT, THIRD], ("", "")),
        ([FIRST, THIRD], (NEXT, FIRST)),
        ([NEXT, THIRD], (FIRST, "")),
        ([], (FIRST, "")),
        ([FIRST, NEXT, "00000002.history"], ("", "")),
    ],
)
def test_a_segment_that_is_missing_is_found(there: list[str], missing: tuple[str, str]) -> None:
    assert log_files.first_missing(there, FIRST, SIZE) == missing


def test_only_what_each_repository_has_is_removed_here(tmp_path: Path) -> None:
    place = Place("db", "7", str(tmp_path))
    Path(place.log).mkdir(parents=True)
    for name in (FIRST, NEXT, THIRD, f"{log_files.following(THIRD, SIZE)}.partial", "unrelated"):
        (Path(place.log) / name).write_bytes(b"x" * 10)
    both = [Shipped(last=NEXT), Shipped(last=FIRST)]
    assert shipping.waiting(place, both) == 10, "one of them has the second"
    assert shipping.trim(place, both, 100, 100) == 40
    assert shipping.trim(place, both, 0, 100) == 30
    assert [one.name for one in log_files.complete(log_files.files_in(place.log))] == [NEXT, THIRD]
    assert shipping.trim(place, [], 0, 0) == 30


def test_a_repository_that_nothing_was_brought_to_yet_is_not_taken_to_be_there(tmp_path: Path) -> None:
    known = Shipped()
    shipping.ship(cast(Any, None), known, Place("db", "7", str(tmp_path)), "server", False, "")
    assert known.at == ""
    known.last = FIRST
    shipping.ship(cast(Any, None), known, Place("db", "7", str(tmp_path)), "server", False, "")
    assert known.at


def test_one_repository_that_is_gone_fills_no_disk_and_has_a_gap(tmp_path: Path) -> None:
    place = Place("db", "7", str(tmp_path))
    Path(place.log).mkdir(parents=True)
    for name in (FIRST, NEXT, THIRD):
        (Path(place.log) / name).write_bytes(b"x" * 10)
    here, gone = Shipped(last=THIRD), Shipped(last=FIRST)
    assert shipping.trim(place, [here, gone], 100, 25) == 20
    assert (here.lost, gone.lost) == ("", ""), "both have the first"
    assert shipping.trim(place, [here, gone], 100, 15) == 10
    assert here.lost == "" and gone.lost


def test_what_was_received_before_a_gap_waits_aside_until_it_was_brought(tmp_path: Path) -> None:
    place = Place("db", "7", str(tmp_path))
    Path(place.log).mkdir(parents=True)
    for name in (FIRST, f"{NEXT}.partial"):
        (Path(place.log) / name).write_bytes(b"x" * 10)
    shipping.put_before_gap(place)
    assert sorted(os.listdir(place.before_gap)) == [FIRST, NEXT], "nothing comes to the last one any more"
    assert not os.path.exists(place.log)
    assert shipping.waiting(place, [Shipped()]) == 20


def test_a_segment_that_has_not_its_whole_size_is_dropped_and_no_other(tmp_path: Path) -> None:
    place = Place("db", "7", str(tmp_path))
    Path(place.log).mkdir(parents=True)
    whole, torn = Path(place.log) / f"{FIRST}.partial", Path(place.log) / f"{NEXT}.partial"
    whole.touch()
    os.truncate(whole, 16 << 20)
    torn.write_bytes(b"x" * 4096)
    shipping.drop_torn(place)
    assert whole.exists() and not torn.exists()


def test_the_log_of_a_cluster_of_long_ago_goes(tmp_path: Path) -> None:
    place = Place("db", "7", str(tmp_path))
    old, young = tmp_path / "db" / "5", tmp_path / "db" / "6"
    for directory in (old, young, Path(place.log)):
        directory.mkdir(parents=True)
    os.utime(old, (1, 1))
    os.utime(place.log, (1, 1))
    shipping.clear_old(place, str(tmp_path), 14)
    assert sorted(os.listdir(tmp_path / "db")) == ["6", "7"]
