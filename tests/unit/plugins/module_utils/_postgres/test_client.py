# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Questions to a database, answered with recorded output of psql."""

from __future__ import annotations

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import (
    COUNT_QUERY,
    DEFAULT_SCHEMA_QUERY,
    Database,
    DatabaseError,
    checked,
    conninfo,
    counts,
    query,
    rows,
    schema_id,
    size,
    snapshot,
)
from postgres_support import IN_USE, MISSING, SHOP, SNAPSHOT, Answer, Engine


def test_from_dict() -> None:
    given = {"container": "db_shop", "name": "shop", "user": "keeper"}
    assert Database.from_dict(given) == Database("db_shop", "shop", "keeper", DEFAULT_SCHEMA_QUERY)
    assert Database.from_dict({**given, "schema_query": None, "more": 1}).schema_query == DEFAULT_SCHEMA_QUERY
    assert Database.from_dict({**given, "schema_query": "SELECT 1"}).schema_query == "SELECT 1"


def test_it_is_changed_from_another_database() -> None:
    assert SHOP.maintenance == "postgres"
    assert Database("db", "postgres", "keeper").maintenance == "template1"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("shop", "dbname='shop'"),
        ("host=evil", "dbname='host=evil'"),
        ("it's \\", "dbname='it\\'s \\\\'"),
    ],
)
def test_a_name_is_nothing_but_a_name(name: str, text: str) -> None:
    assert conninfo(name) == text


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 64, "ж" * 32])
def test_a_name_that_would_be_cut_off(name: str) -> None:
    with pytest.raises(DatabaseError, match="a name of 1 to 63 bytes"):
        checked(name)


def test_a_name_that_just_fits() -> None:
    assert checked("x" * 63) == "x" * 63


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (b"", []),
        (b"1\n", [["1"]]),
        (b"\n", [[""]]),
        (b"a,,\n", [["a", "", ""]]),
        (b'"a|b,""c""\nd",\xd0\xb6\n2,\xff\n', [['a|b,"c"\nd', "ж"], ["2", "\ufffd"]]),
        (b'"one\r\ntwo"\n', [["one\r\ntwo"]]),
    ],
)
def test_rows(output: bytes, expected: list[list[str]]) -> None:
    assert rows(output) == expected


def test_query() -> None:
    engine = Engine(Answer("SELECT", b"1,2\n"))
    assert query(engine, SHOP, "SELECT :'x' -- comment", dbname="other", x="it's") == [["1", "2"]]
    (call,) = engine.calls
    assert call.container == "db_shop"
    assert call.argv[-5:] == ["-w", "-U", "keeper", "-d", "dbname='other'"]
    assert "ON_ERROR_STOP=1" in call.argv and "x=it's" in call.argv and "-X" in call.argv
    assert call.input == "SELECT :'x' -- comment\n;\n"
    # The container's own variables are for its clients.
    assert call.environment["PGHOST"] == ""
    assert "idle_in_transaction_session_timeout=0" in call.environment["PGOPTIONS"]


def test_a_query_that_fails() -> None:
    with pytest.raises(DatabaseError) as raised:
        query(Engine(Answer("SELECT", b"", 3, IN_USE)), SHOP, "SELECT 1", dbname="postgres")
    assert raised.value.sqlstate == "55006"
    assert str(raised.value) == (
        "database shop in container db_shop: psql failed in the database postgres. Expected exit code 0, got exit code 3: "
        'ERROR:  55006: database "shop" is being accessed by other users. '
        "Look at PostgreSQL's log (docker logs --tail 50 db_shop) and at the free disk space (df -h)."
    )


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer("MigrationId", b"20260203000000_Second\n"), "20260203000000_Second"),
        (Answer("MigrationId", b""), ""),
        (Answer("MigrationId", b"", 3, MISSING), ""),
        (Answer("MigrationId", b"", 3, b"psql:<stdin>:1: " + MISSING), ""),
        # In the language of the server.
        (Answer("MigrationId", b"", 3, "ОШИБКА:  42P01: отношение\n".encode()), ""),
    ],
)
def test_schema_id(answer: Answer, expected: str) -> None:
    assert schema_id(Engine(answer), SHOP) == expected


@pytest.mark.parametrize("stderr", [IN_USE, b'psql: error: connection failed: FATAL:  database "shop" does not exist\n', b""])
def test_an_error_is_not_a_missing_table(stderr: bytes) -> None:
    with pytest.raises(DatabaseError):
        schema_id(Engine(Answer("MigrationId", b"", 2, stderr)), SHOP)


def test_size() -> None:
    assert size(Engine(Answer("pg_database_size", b"7500000\n")), SHOP) == 7500000


def test_counts() -> None:
    assert counts([["public.Users", "3"], ["архив.Книги", "0"]]) == {"public.Users": 3, "архив.Книги": 0}
    assert "FROM ONLY" in COUNT_QUERY


def test_a_snapshot_is_held_until_it_is_left() -> None:
    engine = Engine(SNAPSHOT)
    with snapshot(engine, SHOP) as (name, tables):
        assert (name, tables) == ("00000003-1B-1", {"public.Users": 3, "public.a,b": 0})
        assert not engine.calls[0].ended.is_set()
    assert engine.calls[0].ended.wait(5)


@pytest.mark.parametrize("stdout", [b"", b"00000003-1B-1\npublic.Users,3\n"])
def test_a_snapshot_that_fails(stdout: bytes) -> None:
    stderr = b"ERROR:  55P03: canceling statement due to lock timeout\n"
    engine = Engine(Answer("pg_export_snapshot", stdout, 3, stderr))
    with pytest.raises(DatabaseError, match=r"the rows cannot be counted.*exit code 3: .*lock timeout"), snapshot(engine, SHOP):
        pytest.fail("there is none")
