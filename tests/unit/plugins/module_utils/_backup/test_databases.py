"""Which databases are dumped, how, and what is said where a proof is left out. PostgreSQL itself is asked in tests/integration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import databases as backup_databases
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.databases import Dumping, Policy
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import Database
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.dump import Dump
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.position import Position
from ansible_collections.rarebooks.platform.plugins.module_utils._release import description
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Release
from ansible_collections.rarebooks.platform.plugins.module_utils._release.live import Image, Live

MIB = 1 << 20
APPS = tuple(
    App(name=name, containers=(f"db_{name}",), databases=(description.Database(container=f"db_{name}", name=name, user="postgres"),))
    for name in ("shop", "chat")
)


def live(*containers: str) -> Live:
    return Live(
        "/opt/x",
        {},
        Release(apps=APPS),
        {name: Image("postgres:15", "sha256:1") for name in containers},
        frozenset(containers),
        frozenset(containers),
    )


@pytest.fixture
def postgres(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Note what PostgreSQL is asked for."""
    asked: list[tuple[Any, ...]] = []

    def dump(_client: Any, database: Database, _directory: str, jobs: int, labels: Any, compressed: bool) -> Dump:
        asked.append(("dump", database.container, jobs))
        return Dump(f"{database.container}.dump", "directory" if jobs else "custom", 10, 0.1, {})

    def prove(_client: Any, database: Database, *_rest: Any) -> float:
        asked.append(("prove", database.container))
        return 1.5

    monkeypatch.setattr(backup_databases.postgres_client, "size", lambda _client, _database: 100 * MIB)
    monkeypatch.setattr(backup_databases, "is_running", lambda _client, database: database.container != "db_down")
    monkeypatch.setattr(backup_databases.exchange, "number_of", lambda _client, _database, _name: 16384)
    monkeypatch.setattr(backup_databases.exchange, "rows_written", lambda _client, _database, _name: 7)
    monkeypatch.setattr(backup_databases.Position, "of", lambda _client, _database: Position("7000", 11, 12))
    monkeypatch.setattr(backup_databases.postgres_client, "schema_id", lambda _client, database: f"schema of {database.name}")
    monkeypatch.setattr(backup_databases.dump, "dump", dump)
    monkeypatch.setattr(backup_databases.proof, "prove", prove)
    return asked


@pytest.mark.parametrize(
    ("mode", "unchanged", "containers", "before", "due"),
    [
        ("prove", [], ["db_shop", "db_chat"], [], ["db_shop", "db_chat"]),
        ("dump", ["shop"], ["db_shop", "db_chat"], [], ["db_chat"]),
        ("off", [], ["db_shop", "db_chat"], ["db_shop"], []),
        # Never started, so without anything to dump.
        ("prove", [], ["db_shop"], [], ["db_shop"]),
        # Its container was removed: the data are still there.
        ("prove", [], ["db_shop"], ["db_chat"], ["db_shop", "db_chat"]),
        ("prove", ["shop", "chat"], ["db_shop", "db_chat"], [], []),
    ],
)
def test_those_of_the_apps_that_change(mode: Any, unchanged: list[str], containers: list[str], before: list[str], due: list[str]) -> None:
    found = backup_databases.due(live(*containers), Policy(mode), set(unchanged), before)
    assert [database.container for database in found] == due


def test_one_that_is_down_has_no_size_yet(postgres: list[Any]) -> None:
    databases = [Database("db_down", "down", "postgres"), Database("db_shop", "shop", "postgres")]
    planned = backup_databases.plan(None, databases, Policy())
    assert {name: one.size for name, one in planned.items()} == {"db_down": 0, "db_shop": 100 * MIB}


@pytest.mark.parametrize(
    ("policy", "asked"),
    [
        (Policy("prove"), [("dump", "db_chat", 0), ("prove", "db_chat")]),
        (Policy("dump"), [("dump", "db_chat", 0)]),
        (Policy("prove", parallel_from=100), [("dump", "db_chat", 4), ("prove", "db_chat")]),
        (Policy("prove", parallel_from=101), [("dump", "db_chat", 0), ("prove", "db_chat")]),
        (Policy("prove", prove_up_to=100), [("dump", "db_chat", 0), ("prove", "db_chat")]),
        (Policy("prove", prove_up_to=0), [("dump", "db_chat", 0), ("prove", "db_chat")]),
        (Policy("prove", prove_up_to=99), [("dump", "db_chat", 0)]),
    ],
)
def test_how(postgres: list[Any], policy: Policy, asked: list[Any]) -> None:
    server = live("db_shop", "db_chat")
    planned = backup_databases.plan(None, backup_databases.due(server, policy, {"shop"}, []), policy)
    stated, warnings = backup_databases.dump_all(None, server, planned, "/x", {})
    assert postgres == asked
    proven = ("prove", "db_chat") in asked
    assert stated["db_chat"]["proof_seconds"] == (1.5 if proven else None)
    assert (stated["db_chat"]["oid"], stated["db_chat"]["written"]) == (16384, 7)
    assert stated["db_chat"]["position"] == {"cluster": "7000", "first": 11, "next": 12}
    assert stated["db_shop"] == {
        "name": "shop", "user": "postgres", "schema_query": stated["db_shop"]["schema_query"], "schema": "schema of shop", "dump": None,
        "proof_seconds": None,
    }  # fmt: skip
    expected = policy.mode == "prove" and not proven
    assert [warning.startswith("The dump of database chat in db_chat was NOT proven") for warning in warnings] == [True] * expected


def test_room_for_all_dumps_and_for_one_proof_at_a_time() -> None:
    database = Database("db", "db", "postgres")
    dumping = {str(size): Dumping(database, size, Policy(prove_up_to=limit)) for size, limit in ((10, 20480), (30 * MIB, 20), (7, 0))}
    assert backup_databases.dumps_space(dumping) == 30 * MIB + 17
    assert backup_databases.proof_space(dumping) == 10


def test_schemas_that_have_moved_are_told_of_running_databases_only(postgres: list[Any]) -> None:
    sealed = {name: {"name": name, "user": "postgres", "schema_query": "", "schema": "old"} for name in ("a", "b")}
    sealed["b"]["schema"] = "schema of b"
    assert backup_databases.moved_schemas(None, sealed, {"a", "b"}) == {"a": ("old", "schema of a")}
    assert backup_databases.moved_schemas(None, sealed, set()) == {}


def test_one_that_does_not_answer_is_not_asked_for_its_schema(postgres: list[Any]) -> None:
    """After a switch that was cut off the release before is sealed again, and what served then need not run now."""
    server = replace(live("db_shop", "db_chat"), answering=frozenset({"db_chat"}))
    assert list(backup_databases.dump_all(None, server, {}, "/x", {})[0]) == ["db_chat"]
