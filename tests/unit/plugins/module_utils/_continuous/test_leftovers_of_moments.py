"""A restore to a moment that was killed leaves a whole database in a directory and containers: the next run removes them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous import leftovers, recover
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import client as engine_client
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import helper
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import Database, DatabaseError
from memory_engine import Engine

DATABASE = Database("db", "shop", "keeper")
RECOVERED = "rarebooks-continuous-restore-db"
OTHERS = ["db", "rarebooks-continuous-db", "rarebooks-continuous-drill-db"]


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Return an engine on which a restore was killed while it dumped, beside what is at work."""
    made = Engine(str(tmp_path))
    monkeypatch.setattr(engine_client, "connect", lambda: made.client)
    made.has_image("postgres:15", "sha256:postgres")
    for name in (*OTHERS, RECOVERED, helper.scratch_name("dump", Database(RECOVERED, "shop", "keeper"), {})):
        made.make(name, "postgres:15")
    work = recover.work_for("db", str(tmp_path / "continuous"))
    for path in (work.data, work.log):
        os.makedirs(path)
    return made


def test_all_of_it_goes_and_nothing_else(engine: Engine, tmp_path: Path) -> None:
    root = str(tmp_path / "continuous")
    work = recover.work_for("db", root)
    assert leftovers.places(root) == {"db": work.root}
    assert leftovers.remove(root) == [work.root]
    assert sorted(engine.running) == sorted(OTHERS)
    assert not os.path.exists(work.root)


def test_where_nothing_is_left_the_engine_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_client, "connect", lambda: pytest.fail("asked"))
    (tmp_path / "restore").mkdir()
    for root in (tmp_path, tmp_path / "none"):
        assert leftovers.remove(str(root)) == []


def test_what_cannot_be_removed_now_is_known_to_the_next_run(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = str(tmp_path / "continuous")

    def silent(_client: object, name: str) -> None:
        raise DatabaseError(name, "Docker does not do it", "an answer", "none", "Look at Docker.")

    with monkeypatch.context() as patch:
        patch.setattr(helper, "remove", silent)
        with pytest.raises(DatabaseError):
            leftovers.remove(root)
    assert leftovers.remove(root) != []
    assert sorted(engine.running) == sorted(OTHERS)
