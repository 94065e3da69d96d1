# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Exchanges: databases are known by their numbers, the live one is open afterwards, and what holds rows is not dropped."""

from __future__ import annotations

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import DatabaseError
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.exchange import (
    Swap,
    exchange,
    exchange_back,
    keep_or_drop,
    numbers,
    prepared,
    require_exchangeable,
)
from postgres_support import IN_USE, SHOP, Answer, Engine

SWAP = Swap("db_shop", "shop", "keeper", "in", "old", live_oid=10, incoming_oid=11, written=5, clients=["web"])
DROP = "DROP DATABASE IF EXISTS"
EXCHANGE = "RENAME TO"
OPEN = 'ALTER DATABASE :"name" ALLOW_CONNECTIONS true\n;'
READY = {"shop": 10, "in": 11}
EXCHANGED = {"old": 10, "shop": 11}


def there(databases: dict[str, int]) -> Answer:
    rows = "".join(f"{number},{name}\n" for name, number in {"postgres": 1, **databases}.items())
    return Answer("SELECT oid, datname", rows.encode())


def written(rows: int) -> Answer:
    return Answer("pg_stat_user_tables", f"{rows}\n".encode())


def test_numbers() -> None:
    assert numbers(Engine(Answer("SELECT oid", b'7,"a,b"\n')), SHOP) == {7: "a,b"}


def test_what_was_restored_is_known_by_its_number_and_by_what_was_written_to_it() -> None:
    assert prepared(Engine(there(READY), written(5)), SHOP, "in", "old", ["web"]) == SWAP


@pytest.mark.parametrize("exchanging", [require_exchangeable, exchange])
@pytest.mark.parametrize(
    ("present", "got"),
    [
        ({"shop": 10}, "shop (10)"),
        ({"in": 11}, "in (11)"),
        ({"shop": 10, "in": 11, "old": 12}, "shop (10), in (11), old (12)"),
        ({"shop": 13, "in": 11}, "shop (13), in (11)"),
        ({"shop": 10, "in": 13}, "shop (10), in (13)"),
        ({}, "none of them"),
    ],
)
def test_what_cannot_be_exchanged(exchanging: object, present: dict[str, int], got: str) -> None:
    engine = Engine(there(present))
    with pytest.raises(DatabaseError, match="databases cannot be exchanged") as raised:
        exchanging(engine, SWAP)  # type: ignore[operator]
    assert f"got {got}. Nothing was exchanged" in str(raised.value)
    assert not engine.called(EXCHANGE)


def test_exchanged() -> None:
    engine = Engine(there(READY))
    exchange(engine, SWAP)
    (call,) = engine.called(EXCHANGE)
    assert {"live=shop", "incoming=in", "aside=old", "dbname='postgres'"} <= set(call.argv)


def test_exchanged_back() -> None:
    engine = Engine(there(EXCHANGED))
    assert exchange_back(engine, SWAP)
    (call,) = engine.called(EXCHANGE)
    assert {"live=shop", "incoming=old", "aside=in", "dbname='postgres'"} <= set(call.argv)


def test_what_is_done_is_not_done_again_but_opened() -> None:
    engine = Engine(there(EXCHANGED))
    exchange(engine, SWAP)
    assert not engine.called(EXCHANGE) and engine.calls[-1].input == OPEN + "\n"
    engine = Engine(there(READY))
    assert not exchange_back(engine, SWAP)
    assert not engine.called(EXCHANGE) and engine.calls[-1].input == OPEN + "\n"


@pytest.mark.parametrize("present", [{"shop": 13, "old": 10}, {"shop": 11}, {"shop": 13, "in": 11}, {"old": 10}])
def test_only_what_the_exchange_left_is_exchanged_back(present: dict[str, int]) -> None:
    """Whatever else bears a name of ours may hold somebody's rows."""
    engine = Engine(there(present))
    with pytest.raises(DatabaseError, match="as the exchange left them"):
        exchange_back(engine, SWAP)
    assert not engine.called(EXCHANGE) and not engine.called(DROP)


def test_an_exchange_that_fails_leaves_the_live_one_open() -> None:
    engine = Engine(Answer(EXCHANGE, b"", 3, b"ERROR:  42501: must be owner\n"), there(READY))
    with pytest.raises(DatabaseError, match="42501"):
        exchange(engine, SWAP)
    assert len(engine.called(EXCHANGE)) == 1
    assert engine.calls[-1].input == OPEN + "\n"


def test_a_client_that_came_in_before_the_door_was_closed() -> None:
    engine = Engine(Answer(EXCHANGE, b"", 3, IN_USE), there(READY))
    with pytest.raises(DatabaseError, match="55006"):
        exchange(engine, SWAP)
    assert len(engine.called(EXCHANGE)) == len(engine.called(OPEN)) == 3


def test_a_live_one_that_cannot_be_opened() -> None:
    engine = Engine(Answer(EXCHANGE, b"", 2), Answer(OPEN, b"", 2, b"the server is gone\n"), there(READY))
    with pytest.raises(DatabaseError, match=r"may be closed to connections.*the server is gone.*run it again"):
        exchange(engine, SWAP)


def test_what_nothing_was_written_to_is_dropped() -> None:
    engine = Engine(there(READY), written(5))
    assert keep_or_drop(engine, SHOP, 11, 5, "kept") == ""
    (call,) = engine.called(DROP)
    assert "target=in" in call.argv


def test_what_was_written_to_is_kept_under_another_name_and_open() -> None:
    engine = Engine(there(READY), written(6))
    assert keep_or_drop(engine, SHOP, 11, 5, "kept") == "kept"
    assert not engine.called(DROP) and engine.called(OPEN)
    (call,) = engine.called(EXCHANGE)
    assert {"old=in", "new=kept"} <= set(call.argv)


def test_what_is_kept_already_is_not_renamed() -> None:
    engine = Engine(there({"shop": 10, "kept": 11}), written(6))
    assert keep_or_drop(engine, SHOP, 11, 5, "kept") == "kept" and not engine.called(EXCHANGE)


@pytest.mark.parametrize("present", [{"shop": 10}, {"shop": 11, "old": 10}])
def test_what_is_gone_or_live_is_neither_dropped_nor_renamed(present: dict[str, int]) -> None:
    engine = Engine(there(present), written(5))
    assert keep_or_drop(engine, SHOP, 11, 5, "kept") == ""
    assert not engine.called(DROP) and not engine.called(EXCHANGE)
