"""However many bases are made in an evening, a week back any second can be restored; and one that was brought is known, however it ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, cast

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base.times import TIME
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous import base, state_file
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.base import Start
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.settings import Bounds, Place
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.state_file import Followed, Records, Shipped
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.repository import Added, Snapshot
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.settings import Settings
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import Database
from memory_repository import MemoryRepository

NOW = datetime(2026, 11, 26, 21, tzinfo=timezone.utc)


def segment(number: int) -> str:
    return f"0000000100000000000000{number:02X}"


def holding(*bases: timedelta, others: Sequence[timedelta] = ()) -> MemoryRepository:
    """Return a repository with bases from so long ago, oldest first, and a segment after each; others are bases of another cluster."""
    repository = MemoryRepository()

    def hold(name: str, ago: timedelta, *tags: str) -> None:
        one = Snapshot(name, NOW - ago, "server", ("container:db", *tags), (f"/s/{name}",))
        repository.store.held.append((one, {}))

    for ago in others:
        hold("other", ago, "cluster:6", "base", f"start:{segment(200)}", f"at:{NOW - ago:{TIME}}")
    for number, ago in enumerate(bases):
        hold(f"base {number}", ago, "cluster:7", "base", f"start:{segment(2 * number)}", f"at:{NOW - ago:{TIME}}")
        hold(f"log {number}", ago, "cluster:7", "wal", f"first:{segment(2 * number)}", f"last:{segment(2 * number + 1)}")
    return repository


def left(repository: MemoryRepository) -> list[str]:
    base.forget_old(repository, Place("db", "7"), Bounds(), "server", NOW)
    return [one.id for one in repository.snapshots()]


def days(*ago: float) -> list[timedelta]:
    return [timedelta(days=one) for one in ago]


def test_two_more_in_an_evening_leave_the_week_before_them() -> None:
    assert left(holding(*days(14, 7, 0.05, 0))) == ["base 1", "log 1", "base 2", "log 2", "base 3", "log 3"]


def test_one_a_week_leaves_two() -> None:
    assert left(holding(*days(21.1, 14, 7, 0))) == ["base 2", "log 2", "base 3", "log 3"]


def test_as_long_as_none_is_a_week_old_all_are_kept() -> None:
    assert len(left(holding(*days(0.3, 0.2, 0.1, 0)))) == 8


def test_another_cluster_of_before_goes_once_the_present_one_leads_a_week_back() -> None:
    assert "other" in left(holding(*days(0.1, 0), others=days(1)))
    assert "other" not in left(holding(*days(7, 0), others=days(8)))


class Stopped(MemoryRepository):
    """One that a base is on its way to when systemd ends what brings it."""

    def backup(self, paths: Sequence[str], host: str, tags: Iterable[str], *, wait: bool = True) -> Added:
        raise KeyboardInterrupt


def test_a_base_that_was_brought_is_known_though_the_next_one_is_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, first, second = str(tmp_path / "root"), MemoryRepository("/first"), Stopped("/second")
    at = datetime.now(timezone.utc).strftime(TIME)
    monkeypatch.setattr(base, "clusters", lambda _path: [Database("db", "shop", "keeper")])
    monkeypatch.setattr(base, "make", lambda *_given: Start(segment(1), at, at))
    shipped = {one.shown: Shipped(at) for one in (first, second)}
    state_file.write(Records(at, {"db": Followed("7", repositories=shipped)}), root)
    settings = Settings("server", str(tmp_path), "p", "", "", "", ("/first", "/second"))
    with pytest.raises(KeyboardInterrupt):
        base.renew(cast(Any, None), settings, [first, second], Bounds(), root)
    known = state_file.read_bases(root)
    assert (known.of("db", "/first").at, known.of("db", "/second").at) == (at, "")
    assert known.of("db", "/first").host == "server"
