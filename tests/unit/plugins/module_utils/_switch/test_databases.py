# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a switch does to databases, in which order, and what it never drops. PostgreSQL is played; tests/integration asks a real one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import BackupError
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import exchange, global_objects, restore, start
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import Database, DatabaseError
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.exchange import Swap
from ansible_collections.rarebooks.platform.plugins.module_utils._release import description
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import databases
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.databases import Exchange

TOKEN = "0123456789abcdef"
SWAP = Swap("db", "chat", "postgres", "chat_restored_01234567", "chat_before_01234567", 10, 11, written=5, clients=["web"])
APPS = [
    App(name="chat", containers=("db", "web"), databases=(description.Database(container="db", name="chat", user="postgres"),)),
    App(name="shop", containers=("other",)),
]


@dataclass
class Postgres:
    """Databases by number, the rows written to each, and all that was done, in order."""

    names: dict[int, str]
    written: dict[int, int] = field(default_factory=lambda: {10: 7, 11: 5})
    did: list[str] = field(default_factory=list)
    refuses: str = ""
    # Whether the app's role may do nothing by itself.
    needs_keeper: bool = False
    # How often it will say that it is starting up, and the databases that were asked for meanwhile.
    starting: int = 0
    awaited: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.containers = self

    def list(self, filters: dict[str, str], **_more: Any) -> list[Any]:
        name = filters["name"][2:-1]
        return [SimpleNamespace(stop=lambda: self.did.append(f"stop {name}"))]

    def play(self, monkeypatch: pytest.MonkeyPatch) -> Postgres:
        monkeypatch.setattr(exchange, "query", self.query)
        monkeypatch.setattr(start, "query", self.query)
        monkeypatch.setattr(start, "run_program", self.is_ready)
        monkeypatch.setattr(start, "POLL_SECONDS", 0)
        monkeypatch.setattr(restore, "query", self.query)
        monkeypatch.setattr(global_objects, "query", self.query)
        return self

    def is_ready(self, _client: Any, _container: str, argv: list[str]) -> Any:
        self.awaited.add(argv[-1])
        self.starting -= 1
        return SimpleNamespace(code=0 if self.starting < 0 else 1)

    def query(self, _client: Any, database: Database, sql: str, *, dbname: str = "", **names: str) -> list[list[str]]:
        if self.starting > 0:
            raise DatabaseError(str(database), "psql failed", "exit code 0", "the database system is starting up", "")
        if "FROM pg_roles u" in sql:
            return [["keeper", "keeper", "15"]]
        assert database.user == "keeper" or not self.needs_keeper, sql
        if sql.startswith("SELECT oid"):
            return [[str(number), name] for number, name in self.names.items()]
        if "pg_stat_user_tables" in sql:
            return [[str(self.written[number])] for number, name in self.names.items() if name == dbname]
        what = next((word for word in ("BEGIN", "DROP", "RENAME") if word in sql), "")
        if what == self.refuses and what:
            raise DatabaseError(str(database), "psql failed", "exit code 0", "a refusal", "")
        if what == "BEGIN":
            new = {names["live"]: names["aside"], names["incoming"]: names["live"]}
        else:
            new = {names.get("old", ""): names.get("new", "")}
        if what:
            self.did.append({"BEGIN": "exchange", "DROP": f"drop {names.get('target')}", "RENAME": f"rename to {names.get('new')}"}[what])
        gone = names.get("target") if what == "DROP" else None
        self.names = {number: new.get(name, name) for number, name in self.names.items() if name != gone}
        return []


READY = {10: "chat", 11: SWAP.incoming}
EXCHANGED = {10: SWAP.aside, 11: "chat"}


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda names, **more: Postgres(dict(names), **more).play(monkeypatch)


def test_the_app_is_stopped_and_its_database_exchanged(played: Any) -> None:
    postgres = played(READY)
    databases.perform(postgres, [SWAP])
    assert postgres.did == ["stop web", "exchange"] and postgres.names == EXCHANGED


def test_what_cannot_be_exchanged_is_refused_while_the_app_runs(played: Any) -> None:
    postgres = played({**READY, 12: SWAP.aside})
    with pytest.raises(DatabaseError, match="cannot be exchanged"):
        databases.perform(postgres, [SWAP])
    assert postgres.did == []


def test_an_exchange_is_undone_with_the_app_stopped(played: Any) -> None:
    postgres = played(EXCHANGED)
    assert databases.undo(postgres, [SWAP]) == []
    assert postgres.did == ["stop web", "exchange", f"drop {SWAP.incoming}"] and postgres.names == {10: "chat"}


def test_a_database_that_is_starting_up_is_waited_for_before_an_exchange_is_undone(played: Any) -> None:
    """As at boot. The live one may be closed to connections by the exchange itself, so another one is asked."""
    postgres = played(EXCHANGED, starting=3)
    assert databases.undo(postgres, [SWAP]) == []
    assert postgres.names == {10: "chat"} and postgres.awaited == {"postgres"}


def test_one_that_was_not_made_stops_nobody(played: Any) -> None:
    postgres = played(READY)
    assert databases.undo(postgres, [SWAP]) == []
    assert postgres.did == [f"drop {SWAP.incoming}"] and postgres.names == {10: "chat"}


def test_what_was_written_to_the_restored_one_is_kept_and_told(played: Any) -> None:
    postgres = played(EXCHANGED, written={10: 7, 11: 6})
    (note,) = databases.undo(postgres, [SWAP])
    assert postgres.names == {10: "chat", 11: "chat_kept_01234567"}
    assert "is kept as database chat_kept_01234567" in note and "docker exec db dropdb --force -U postgres chat_kept_01234567" in note


@pytest.mark.parametrize(
    ("entry", "kept"),
    [
        ({"dump": {"file": "x"}, "oid": 10, "written": 7}, False),
        # Written to after the dump; a dump of another database; no dump at all; a backup that knows neither.
        ({"dump": {"file": "x"}, "oid": 10, "written": 6}, True),
        ({"dump": {"file": "x"}, "oid": 11, "written": 7}, True),
        ({"dump": None, "oid": 10, "written": 7}, True),
        ({"dump": {"file": "x"}}, True),
        ({}, True),
    ],
)
def test_what_was_live_is_dropped_only_where_the_dump_has_it_all(played: Any, entry: dict[str, Any], kept: bool) -> None:
    postgres = played(EXCHANGED)
    notes = databases.finish(postgres, [SWAP], {"db": entry})
    assert postgres.names == ({10: SWAP.aside, 11: "chat"} if kept else {11: "chat"})
    assert [f"as database {SWAP.aside}" in note for note in notes] == [True] * kept


def test_one_that_cannot_be_dropped_is_told_and_fails_nothing(played: Any) -> None:
    postgres = played(EXCHANGED, refuses="DROP")
    (note,) = databases.finish(postgres, [SWAP], {"db": {"dump": {"file": "x"}, "oid": 10, "written": 7}})
    assert note.startswith(f"Database {SWAP.aside}, which was live before, could not be dropped: ") and "dropdb" in note


def manifest(dump: Any = ...) -> Any:
    made = {"file": "db.dump", "format": "custom", "size": 1, "seconds": 1.0, "tables": {}} if dump is ... else dump
    entry = {"name": "chat", "user": "postgres", "schema_query": "", "dump": made}
    return SimpleNamespace(id="20261124_120000", project="shop", databases={"db": entry})


def test_a_restore_drops_what_dead_runs_restored_but_not_what_one_has_to_undo(played: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pending = replace(SWAP, incoming="chat_restored_aaaaaaaa")
    postgres = played({10: "chat", 11: pending.incoming, 12: "chat_restored_bbbbbbbb", 13: "chat_before_cccccccc", 14: "chat_restored"})

    def restored(*arguments: Any, as_it_was: bool) -> list[str]:
        assert not as_it_was, "a server in use keeps its roles and settings"
        postgres.did.append(f"restore {arguments[-1]}")
        return ["reader"]

    monkeypatch.setattr(restore, "restore_beside", restored)
    monkeypatch.setattr(databases, "shortage", lambda _client, _dumped: "")
    exchange = Exchange(postgres, "/backup", manifest(), TOKEN)
    exchange.restore([pending])
    assert postgres.did == ["drop chat_restored_bbbbbbbb", "restore chat_restored_01234567"]
    assert exchange.notes()[-1].startswith("Role reader was made in db, since the dump names it.")


def test_the_containers_of_an_app_but_not_its_databases_use_one(played: Any) -> None:
    postgres = played(READY)
    assert Exchange(postgres, "/backup", manifest(), TOKEN).swaps(APPS) == [replace(SWAP, user="keeper")]


def test_whoever_may_do_everything_exchanges_and_drops(played: Any) -> None:
    postgres = played(READY, needs_keeper=True)
    swaps = Exchange(postgres, "/backup", manifest(), TOKEN).swaps(APPS)
    databases.perform(postgres, swaps)
    databases.finish(postgres, swaps, {"db": {"dump": {}, "written": 7, "oid": 10}})
    assert postgres.did[:2] == ["stop web", "exchange"]


def test_a_role_that_nobody_can_log_in_as_on_a_bare_server_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the app is given its password again by what follows."""
    monkeypatch.setattr(databases.password, "locked_out", lambda _client, database: [database.user, "reader"])
    (note,) = databases._locked_out(object(), Database("db", "chat", "postgres"))
    assert "Role reader came back to db with its password as MD5" in note


def test_a_backup_without_a_dump_and_a_name_that_is_too_long_are_refused_at_once() -> None:
    with pytest.raises(BackupError, match="holds no dump of a database"):
        Exchange(None, "/backup", manifest(None), TOKEN)
    long = manifest()
    long.databases["db"]["name"] = "x" * 50
    with pytest.raises(DatabaseError, match="a name of 1 to 63 bytes"):
        Exchange(None, "/backup", long, TOKEN)
