# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real PostgreSQL believes that its library sorts otherwise than when its indexes were built, and has them built anew.

A library that has really changed takes an image of the same version on another base system. Here what PostgreSQL remembers is changed.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator

import docker
import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import collation
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import SESSION, DatabaseError, psql, query
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.programs import started

sys.path.insert(0, os.path.dirname(__file__))
from lab import DATABASE, NAME, running

SORTED = """CREATE DATABASE sorted TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8'"""
CONTENT = """
CREATE TABLE book (title text UNIQUE, author text COLLATE "de-x-icu");
CREATE INDEX by_author ON book (author);
CREATE TABLE shelf (label text, EXCLUDE (label WITH =));
INSERT INTO book VALUES ('Émile', 'Rousseau'), ('Zadig', 'Voltaire')"""
AGED = """
UPDATE pg_database SET datcollversion = '1' WHERE datname = 'sorted';
UPDATE pg_collation SET collversion = '1' WHERE collname = 'de-x-icu'"""
FILES = "SELECT relname, relfilenode FROM pg_class WHERE relname IN ('book_title_key', 'by_author', 'shelf_label_excl') ORDER BY 1"
HALF = "SELECT count(*) FROM pg_class WHERE relname ~ '_cc(new|old)'"
UNIQUE = "UPDATE pg_index SET indisready = {ready} WHERE indexrelid = 'book_title_key'::regclass"


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    with running(client):
        query(client, DATABASE, SORTED, dbname="postgres")
        query(client, DATABASE, CONTENT, dbname="sorted")
        yield client


@pytest.fixture
def aged(client: docker.DockerClient) -> docker.DockerClient:
    query(client, DATABASE, AGED, dbname="sorted")
    return client


def test_a_healthy_server_has_nothing_to_be_built_anew(client: docker.DockerClient) -> None:
    assert collation.all_outdated(client, DATABASE) == []


def test_indexes_are_built_anew_and_that_is_remembered(aged: docker.DockerClient) -> None:
    (found,) = collation.all_outdated(aged, DATABASE)
    assert (found.name, found.built, found.can_be_rebuilt) == ("sorted", "1", True) and found.now not in ("", "1")
    before = query(aged, DATABASE, FILES, dbname="sorted")
    collation.rebuild(aged, DATABASE, "sorted")
    after = query(aged, DATABASE, FILES, dbname="sorted")
    assert [name for name, _file in after] == ["book_title_key", "by_author", "shelf_label_excl"]
    assert not {*map(tuple, before)} & {*map(tuple, after)}
    assert collation.outdated(aged, DATABASE, "sorted") is None
    assert query(aged, DATABASE, "SELECT count(*) FROM pg_collation WHERE collversion = '1'", dbname="sorted") == [["0"]]


def test_nobody_waits_where_a_long_transaction_holds_it_up(aged: docker.DockerClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was cut off before is cleared away."""
    query(aged, DATABASE, "CREATE INDEX by_author_ccnew ON book (author)", dbname="sorted")
    query(aged, DATABASE, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'by_author_ccnew'::regclass", dbname="sorted")
    monkeypatch.setattr(collation, "_SECONDS_BETWEEN", 0.1)
    with started(aged, NAME, psql(DATABASE, "sorted"), SESSION) as session:
        session.send(b"\nBEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM book; SELECT count(*) FROM shelf;\n")
        assert next(chunk for complaint, chunk in session.frames() if not complaint).startswith(b"2\n")
        building = threading.Thread(target=collation.rebuild, args=(aged, DATABASE, "sorted"))
        building.start()
        deadline = time.monotonic() + 30
        while query(aged, DATABASE, HALF, dbname="sorted") == [["0"]]:
            assert time.monotonic() < deadline
        # Beside the one that waits.
        query(aged, DATABASE, "SET lock_timeout = '1s'; SELECT FROM book; UPDATE book SET author = 'x'; SELECT FROM shelf", dbname="sorted")
        assert building.is_alive()
        session.send(b"COMMIT;\n")
        building.join(60)
        assert not building.is_alive()
    assert collation.outdated(aged, DATABASE, "sorted") is None and query(aged, DATABASE, HALF, dbname="sorted") == [["0"]]


def test_only_a_collation_that_something_uses_is_told(aged: docker.DockerClient) -> None:
    query(aged, DATABASE, "ALTER DATABASE sorted REFRESH COLLATION VERSION", dbname="sorted")
    found = collation.outdated(aged, DATABASE, "sorted")
    assert found is not None and found.built == "1"
    query(aged, DATABASE, "DROP INDEX by_author; ALTER TABLE book DROP author", dbname="sorted")
    assert collation.outdated(aged, DATABASE, "sorted") is None


def test_what_came_in_twice_meanwhile_is_named(aged: docker.DockerClient) -> None:
    query(aged, DATABASE, UNIQUE.format(ready="false"), dbname="sorted")
    query(aged, DATABASE, "INSERT INTO book VALUES ('Zadig')", dbname="sorted")
    query(aged, DATABASE, UNIQUE.format(ready="true"), dbname="sorted")
    with pytest.raises(DatabaseError, match=r"came in twice\..*book_title_key.*remove one of each pair, then run again") as failure:
        collation.rebuild(aged, DATABASE, "sorted")
    assert "Zadig" not in str(failure.value)
    assert query(aged, DATABASE, HALF, dbname="sorted") == [["0"]]
    # It is told until it is done.
    assert collation.outdated(aged, DATABASE, "sorted") is not None


def test_another_kind_of_library_is_not_taken_for_a_version(client: docker.DockerClient) -> None:
    """Debian's tells its version, Alpine's does not; this database is sorted by the latter's kind."""
    query(client, DATABASE, "UPDATE pg_database SET datcollversion = '2.36' WHERE datname = 'shop'")
    found = collation.outdated(client, DATABASE)
    assert found == collation.Outdated("shop", "2.36", "") and not found.can_be_rebuilt
