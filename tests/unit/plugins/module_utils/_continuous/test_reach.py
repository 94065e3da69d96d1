"""A moment is reached from the first repository whose base and log lead to it; where none does, each says why."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, cast

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous import reach
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.moment import From, MomentError
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.settings import Place
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.complaints import RepositoryError
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.repository import Snapshot

MOMENT = datetime(2026, 11, 25, 18, 14, 30, tzinfo=timezone.utc)
SIZE = 16 << 20


def segment(number: int) -> str:
    return f"0000000100000000000000{number:02X}"


def hours(later: int) -> datetime:
    return MOMENT + timedelta(hours=later)


class Store:
    """A repository that has bases, each from a segment on, and segments of log, or cannot be reached.

    Bases are told by the hours that they are from the moment, segments by their number with the hours at which they were written to.
    """

    def __init__(
        self, name: str, bases: Sequence[tuple[int, int]] = (), log: dict[int, int] | None = None, partial: int = 0, error: str = ""
    ) -> None:
        self.name, self.bases, self.log, self.partial, self.error = name, bases, log or {}, partial, error

    def __str__(self) -> str:
        return self.name

    def snapshots(self, kind: str, *tags: str, host: str) -> list[Snapshot]:
        assert host == "server", "other servers bring theirs there as well"
        assert "container:db" in tags
        if self.error:
            raise RepositoryError("unreachable", self.name, f"Repository {self.name}: {self.error}")
        if kind == "base":
            return [
                self._made(f"base {start}", hours(later), ["/b/data"], f"at:{hours(later):%Y-%m-%dT%H:%M:%SZ}", f"start:{segment(start)}")
                for later, start in self.bases
            ]
        if kind == "wal-partial":
            path = f"/s/{segment(self.partial)}.partial"
            return [self._made("partial", hours(0), [path], f"first:{segment(self.partial)}")] if self.partial else []
        return [
            self._made(f"log {number}", hours(later), [f"/s/{segment(number)}"], f"first:{segment(number)}", f"last:{segment(number)}")
            for number, later in self.log.items()
        ]

    def _made(self, identifier: str, created: datetime, paths: list[str], *tags: str) -> Snapshot:
        return Snapshot(identifier, created, "server", ("container:db", "cluster:7", *tags), tuple(paths))

    def files(self, snapshot: str, *paths: str) -> Iterator[dict[str, Any]]:
        kind, _blank, number = snapshot.partition(" ")
        if kind == "base":
            assert paths == ("/b/data/pg_wal",)
            yield {"path": "/b/data/pg_wal", "type": "dir"}
            yield {"path": f"/b/data/pg_wal/{segment(int(number))}", "type": "file", "size": SIZE}
        else:
            written = f"{hours(self.log[int(number)]):%Y-%m-%dT%H:%M:%S}.5Z"
            yield {"path": f"/s/{segment(int(number))}", "type": "file", "size": SIZE, "mtime": written}


def choose(*stores: Store, root: Path = Path("/nowhere")) -> From:
    return reach.choose(cast(Any, stores), "db", "server", MOMENT, str(root))


def receive(root: Path, *numbers: int) -> None:
    log = Path(Place("db", "7", str(root)).log)
    log.mkdir(parents=True)
    for number in numbers:
        (log / segment(number)).write_bytes(b"")


WHOLE = Store("whole", [(-9, 1)], {1: -8, 2: -1, 3: 1})
GAP = Store("gap", [(-9, 1)], {1: -8, 3: 1})


def test_the_newest_base_before_it_is_chosen() -> None:
    several = Store("x", [(-30, 1), (-9, 2), (0, 3), (1, 4)], {3: -1, 4: 1})
    assert choose(several).snapshot.id == "base 3"


def test_of_two_that_lead_there_the_first_is_chosen() -> None:
    assert str(choose(WHOLE, Store("second", [(-9, 1)], {1: -8, 2: -1, 3: 1})).repository) == "whole"


@pytest.mark.parametrize(
    "first",
    [
        GAP,
        Store("ends too early", [(-9, 1)], {1: -8, 2: -1}),
        Store("too young", [(1, 3)], {3: 1}),
        Store("empty"),
        Store("gone", error="it cannot be reached."),
        Store("only a base", [(-9, 1)]),
    ],
    ids=str,
)
def test_one_that_does_not_lead_there_is_passed_over_for_one_that_does(first: Store) -> None:
    assert str(choose(first, WHOLE).repository) == "whole"


def test_before_a_gap_a_moment_is_reached() -> None:
    assert str(choose(Store("gap later", [(-9, 1)], {1: -8, 2: 1, 4: 2})).repository) == "gap later"


def test_what_is_still_here_closes_a_gap_and_goes_on_until_now(tmp_path: Path) -> None:
    receive(tmp_path, 2, 3)
    assert str(choose(GAP, WHOLE, root=tmp_path).repository) == "gap"
    assert str(choose(Store("behind", [(-9, 1)], {1: -8}), WHOLE, root=tmp_path).repository) == "behind"


@pytest.mark.parametrize(("later", "chosen"), [(-1, "whole"), (1, "lost")])
def test_before_a_gap_what_is_still_here_says_until_when(tmp_path: Path, later: int, chosen: str) -> None:
    receive(tmp_path, 2)
    os.utime(Path(Place("db", "7", str(tmp_path)).log) / segment(2), (0, hours(later).timestamp()))
    assert str(choose(Store("lost", [(-9, 1)], {1: -8, 4: 2}), WHOLE, root=tmp_path).repository) == chosen


def test_what_is_being_written_counts_and_so_does_what_the_base_has() -> None:
    assert choose(Store("x", [(-9, 1)], {}, partial=2)).start == segment(1)


def test_where_none_does_each_is_named_with_why() -> None:
    stores = [
        GAP,
        Store("early", [(-9, 1)], {1: -8, 2: -1}),
        Store("young", [(1, 3)], {3: 1}),
        Store("empty"),
        Store("gone", error="it cannot be reached."),
    ]
    with pytest.raises(MomentError) as refused:
        choose(*stores)
    told = str(refused.value)
    for expected in (
        r"^restore_time: expected a repository from which db can be restored to 2026-11-25 18:14:30\+00, got none\. Nothing has been",
        r"Repository gap: .*lacks segment 000000010000000000000002.* 2026-11-25 09:14:30\+00 .* until 2026-11-25 10:14:30\+00",
        r"Repository early: .*ends at 2026-11-25 17:14:30\+00",
        r"Repository young: .*from 2026-11-25 19:14:30\+00 on",
        r"Repository empty: it has no base of db",
        r"Repository gone: it cannot be reached\.",
        r"Dumps of before: ansible-playbook database\.yml$",
    ):
        assert re.search(expected, told), (expected, told)


def test_where_there_is_no_base_at_all_it_says_when_one_comes() -> None:
    with pytest.raises(MomentError, match=r"has no base of db.*within the hour"):
        choose(Store("x"))
