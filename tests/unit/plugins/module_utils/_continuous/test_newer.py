"""Which log a server that is being restored is filled from; the recovery itself is proven with a real PostgreSQL (tests/integration)."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from ansible_collections.rarebooks.platform.plugins.module_utils._continuous import newer
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.complaints import RepositoryError
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.repository import Snapshot
from ansible_collections.rarebooks.platform.plugins.module_utils._run import restoring

ENTRY = {"name": "chat", "user": "postgres", "schema_query": "", "schema": "", "dump": {"file": "chat.dump"}}


class Store:
    """A repository with the log of a database, by the hour of each of its snapshots."""

    def __init__(self, base: int, *hours: int, error: str = "") -> None:
        self.base, self.hours, self.error = base, hours, error

    def snapshots(self, kind: str, _tag: str, host: str) -> list[Snapshot]:
        if self.error:
            raise RepositoryError("unreachable", "x", self.error)
        assert host == "server"
        hours = {"base": (self.base,), "wal": self.hours[:-1], "wal-partial": self.hours[-1:]}[kind]
        tags = (f"at:2026-11-26T{self.base:02}:00:00Z", "start:0", f"cluster:{self.base}")
        return [Snapshot(str(hour), datetime(2026, 11, 26, hour, tzinfo=timezone.utc), "server", tags, ()) for hour in hours]


def bring(root: Path, *stores: Store, log: bool = True) -> list[str]:
    restoring.write(str(root), restoring.Restoring("20261124_083000", "4f1c2a7b", "store", log=log))
    manifest = SimpleNamespace(created="2026-11-24T08:30:00Z", project="shop", databases={"db_chat": ENTRY}, images={})
    return newer.bring(cast(Any, None), cast(Any, stores), cast(Any, manifest), "server", str(root))


def test_the_repository_whose_log_goes_on_for_longest_comes_first_and_a_silent_one_keeps_none_from_it() -> None:
    stores = [Store(3, 5, 9), Store(5, error="It is gone."), Store(4, 5, 10), Store(6, 7, 8)]
    assert [one.cluster for one in newer.sources(cast(Any, stores), "db_chat", "server")] == ["4", "3", "6"]


def test_a_database_without_a_log_is_left_to_its_dump(tmp_path: Path) -> None:
    assert bring(tmp_path) == []


def test_a_log_that_cannot_be_had_keeps_nothing_from_coming_back(tmp_path: Path) -> None:
    (told,) = bring(tmp_path, Store(3, 5, 9, error="The store is gone."))
    assert told.startswith("db_chat: its rows are those of the snapshot")
    assert "The store is gone." in told


def test_who_names_a_snapshot_gets_just_that(tmp_path: Path) -> None:
    assert bring(tmp_path, Store(3, 5, 9, error="The store is gone."), log=False) == []
