# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a recovery brings here, while the server goes on bringing log away; that it recovers is proven with a real PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

from ansible_collections.rarebooks.platform.plugins.module_utils._continuous import recover
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.moment import From
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.recover import Work
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.settings import Place
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.repository import Snapshot
from memory_repository import MemoryRepository

NOW = datetime(2026, 11, 26, 12, tzinfo=timezone.utc)


def segment(number: int) -> str:
    return f"0000000100000000000000{number:02X}"


class Busy(MemoryRepository):
    """One to which a segment comes that was completed while the base is fetched from it, and the next one that is being written."""

    def __init__(self) -> None:
        super().__init__()
        self.base = self.hold("base", "/b/data/PG_VERSION", f"start:{segment(1)}", paths=("/b/data",))
        self.complete(1)
        self.current(2)

    def hold(self, kind: str, path: str, *tags: str, paths: tuple[str, ...] = ()) -> Snapshot:
        known = (kind, "container:db", "cluster:7", *tags)
        one = Snapshot(f"{len(self.store.held)}", NOW, "server", known, paths or (path,))
        self.store.held.append((one, {path: kind.encode()}))
        return one

    def complete(self, number: int) -> None:
        self.hold("wal", f"/s/{segment(number)}", f"first:{segment(number)}", f"last:{segment(number)}")

    def current(self, number: int) -> None:
        self.hold("wal-partial", f"/s/{segment(number)}.partial", f"first:{segment(number)}")

    def restore(self, snapshot: str, paths: Iterable[str], target: str) -> None:
        super().restore(snapshot, paths, target)
        if snapshot == self.base.id:
            self.complete(2)
            self.current(3)


def test_a_segment_that_is_completed_meanwhile_is_brought_as_well(tmp_path: Path) -> None:
    repository, work = Busy(), Work(str(tmp_path / "work"))
    recover.gather(From(repository, repository.base), Place("none", "7", str(tmp_path)), work)
    assert {name: (Path(work.log) / name).read_text() for name in os.listdir(work.log)} == {
        segment(1): "wal",
        segment(2): "wal",
        segment(3): "wal-partial",
    }
