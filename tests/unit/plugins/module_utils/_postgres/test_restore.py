# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Restores: beside the live database, which is not touched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import global_objects
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import DatabaseError
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.dump import Dump
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.restore import databases, drop, restore_beside
from postgres_support import SECRET, SHOP, Answer, Engine

DUMP = Dump("db_shop.dump", "custom", 5, 0.5, {"public.Users": 3})
GOOD = (
    Answer("query_to_xml", b"public.Users,3\n"),
    Answer("pg_db_role_setting", b'0,"CREATE DATABASE :""target"""\n1,"ALTER DATABASE :""target"" SET timezone TO \'UTC\'"\n'),
)
DROP = "DROP DATABASE IF EXISTS"
EXCHANGE = "RENAME TO"


def test_restored_beside(tmp_path: Path) -> None:
    engine = Engine(*GOOD)
    restore_beside(engine, SHOP, DUMP, str(tmp_path), {"owner": "us"}, "shop_restored")
    (restored,) = engine.called("pg_restore")
    assert "statement_timeout=0" in restored.environment["PGOPTIONS"]
    assert restored.container == "rarebooks-scratch-restore-db_shop"
    # Owners and rights are part of what is restored here.
    assert not {"--no-owner", "--no-acl"} & set(restored.argv) and "--exit-on-error" in restored.argv
    assert "dbname='shop_restored'" in restored.argv
    assert SECRET not in str(engine.calls) and engine.settings["environment"]["PGPASSWORD"] == SECRET
    assert engine.settings["mounts"][0]["ReadOnly"] is True
    assert len(engine.called(DROP)) == 1 and engine.called(DROP)[0] is engine.calls[1]
    assert engine.called("SET timezone") and "ANALYZE" in engine.calls[-1]
    assert not engine.called(EXCHANGE)
    assert engine.there == set()


def test_on_a_bare_server_it_comes_back_as_it_was(tmp_path: Path) -> None:
    surroundings = global_objects.read(Engine(*GOOD), SHOP)
    dump = replace(DUMP, globals=global_objects.save(surroundings, str(tmp_path), SHOP.container))
    others = Answer("pg_db_role_setting", b'0,"CREATE DATABASE :""target"" OF ITS IMAGE"\n')
    engine = Engine(others, *GOOD)
    assert restore_beside(engine, SHOP, dump, str(tmp_path), {}, "shop_restored", as_it_was=True) == []
    assert engine.called("ALTER ROLE reader") and engine.called("SET timezone") and not engine.called("OF ITS IMAGE")
    assert engine.calls.index(engine.called("ALTER ROLE reader")[0]) < engine.calls.index(engine.called("pg_restore")[0])
    # A server in use keeps its roles and settings; what the dump names and it has not, is made.
    engine = Engine(others, *GOOD)
    assert restore_beside(engine, SHOP, dump, str(tmp_path), {}, "shop_restored") == ["reader"]
    assert engine.called("OF ITS IMAGE") and not engine.called("ALTER ROLE reader") and not engine.called("SET timezone")


def test_an_app_that_may_not_make_extensions_is_restored_by_whoever_may(tmp_path: Path) -> None:
    engine = Engine(Answer("SELECT b.rolname", b"postgres,postgres,15\n"), *GOOD)
    restore_beside(engine, SHOP, DUMP, str(tmp_path), {}, "shop_restored")
    (restored,) = engine.called("pg_restore")
    assert restored.argv[restored.argv.index("-U") + 1] == "postgres"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer("pg_restore", b"", 1, b'pg_restore: error: ERROR:  role "x" does not exist\n'), 'role "x" does not exist'),
        (Answer("query_to_xml", b"public.Users,2\n"), "public.Users: 3 rows expected, 2 rows restored"),
        (Answer("SET timezone", b"", 3, b"ERROR\n"), "psql failed"),
        (Answer('\nCREATE DATABASE :"target"', b"", 3, b"ERROR\n"), "psql failed"),
    ],
)
def test_a_restore_that_fails_leaves_nothing(tmp_path: Path, answer: Answer, told: str) -> None:
    engine = Engine(answer, *GOOD)
    with pytest.raises(DatabaseError, match=told):
        restore_beside(engine, SHOP, DUMP, str(tmp_path), {}, "shop_restored")
    assert engine.calls[-1] in engine.called(DROP) and "target=shop_restored" in engine.calls[-1].argv
    assert engine.there == set()


def test_a_name_that_would_be_cut_off_to_the_live_one(tmp_path: Path) -> None:
    engine = Engine()
    with pytest.raises(DatabaseError, match="a name of 1 to 63 bytes"):
        restore_beside(engine, replace(SHOP, name="x" * 63), DUMP, str(tmp_path), {}, "x" * 63 + "_restored")
    assert engine.calls == []


def test_databases() -> None:
    assert databases(Engine(Answer("datallowconn", b'shop,t\n"a,b",f\n')), SHOP) == {"shop": True, "a,b": False}


@pytest.mark.parametrize("name", ["shop", "postgres", "template0", "template1"])
def test_what_is_never_dropped(name: str) -> None:
    engine = Engine()
    with pytest.raises(DatabaseError, match="it is not dropped"):
        drop(engine, SHOP, name)
    assert engine.calls == []


def test_drop() -> None:
    engine = Engine()
    drop(engine, SHOP, "old")
    assert "target=old" in engine.calls[-1].argv and engine.called(DROP) == engine.calls[-1:]
