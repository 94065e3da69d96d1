# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Dumps, proofs and restores with a real PostgreSQL 15 in a container of this machine's Docker engine."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import docker
import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import exchange as postgres_exchange
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import (
    SESSION,
    DatabaseError,
    psql,
    query,
    schema_id,
    size,
)
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.dump import Dump, dump
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.exchange import exchange, exchange_back, keep_or_drop, prepared
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.programs import run_program, started
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.proof import prove
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.restore import databases, drop, restore_beside
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import databases as switch_databases

sys.path.insert(0, os.path.dirname(__file__))
from lab import DATABASE, IMAGE, LABELS, NAME, PASSWORD, TABLES, containers, running, writing

ASIDE = "shop_aside"
INCOMING = "shop_restored"


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    client = docker.from_env(version="auto")
    with running(client):
        yield client
    client.close()


@pytest.fixture(autouse=True)
def nothing_is_left(client: docker.DockerClient) -> Iterator[None]:
    yield
    assert containers(client) == set()
    programs = query(client, DATABASE, "SELECT application_name FROM pg_stat_activity WHERE datname = 'shop'")
    assert programs == [["rarebooks"]]


@pytest.fixture(scope="module")
def kept(client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> tuple[Dump, Path]:
    directory = tmp_path_factory.mktemp("kept")
    return dump(client, DATABASE, str(directory)), directory


def test_the_program_itself_is_run_and_not_the_script_before_it(client: docker.DockerClient) -> None:
    assert run_program(client, NAME, ["sh", "-c", "command -v psql"]).stdout == b"/usr/lib/postgresql/15/bin/psql\n"


def test_values_and_errors(client: docker.DockerClient) -> None:
    sql = """SELECT E'a|b,"c"\\nd', NULL, 1; SELECT ''; SELECT :'odd' AS ":x" """
    assert query(client, DATABASE, sql, odd="it's \\ 書") == [['a|b,"c"\nd', "", "1"], [""], ["it's \\ 書"]]
    assert size(client, DATABASE) > 1 << 20
    with pytest.raises(DatabaseError, match=r'exit code 2: psql: error: .* database "none" does not exist'):
        query(client, DATABASE, "SELECT 1", dbname="none")
    with pytest.raises(DatabaseError, match="container none, psql: there is no such container"):
        query(client, replace(DATABASE, container="none"), "SELECT 1")


def test_schema_id(client: docker.DockerClient) -> None:
    assert schema_id(client, DATABASE) == "20260203000000_Second"
    assert schema_id(client, replace(DATABASE, schema_query="SELECT 1 WHERE false")) == ""
    assert schema_id(client, replace(DATABASE, schema_query='SELECT v FROM "Nowhere"')) == ""
    with pytest.raises(DatabaseError, match="42703"):
        schema_id(client, replace(DATABASE, schema_query='SELECT v FROM "Users"'))


@pytest.mark.parametrize("jobs", [0, 2])
def test_a_dump_of_a_database_that_is_written_to(client: docker.DockerClient, tmp_path: Path, jobs: int) -> None:
    visits = "SELECT count(*) FROM visit"
    with writing(client):
        before = int(query(client, DATABASE, visits)[0][0])
        made = dump(client, DATABASE, str(tmp_path), jobs, labels=LABELS)
        after = int(query(client, DATABASE, visits)[0][0])
    dumped = made.tables["public.visit"]
    assert before < dumped < after
    assert made.tables == {**TABLES, "public.visit": dumped}

    path = tmp_path / made.file
    files = list(path.iterdir()) if jobs else [path]
    assert {(stat.S_IMODE(file.stat().st_mode), file.stat().st_uid) for file in files} == {(0o600, 0)}
    assert made.size == sum(file.stat().st_size for file in files)
    assert PASSWORD not in repr(made)
    assert prove(client, DATABASE, Dump.from_dict(made.to_dict()), str(tmp_path), LABELS) > 0


@pytest.mark.parametrize(("cut", "use"), [(10, prove), (3000, partial(restore_beside, incoming=INCOMING))])
def test_a_truncated_dump_is_no_dump(
    client: docker.DockerClient, kept: tuple[Dump, Path], tmp_path: Path, cut: int, use: Callable[..., object]
) -> None:
    made, directory = kept
    (tmp_path / made.file).write_bytes((directory / made.file).read_bytes()[:-cut])
    with pytest.raises(DatabaseError, match="pg_restore failed"):
        use(client, DATABASE, made, str(tmp_path), LABELS)
    assert "shop_restored" not in databases(client, DATABASE)


def test_a_dump_with_less_than_was_counted(client: docker.DockerClient, tmp_path: Path) -> None:
    counted = dump(client, DATABASE, str(tmp_path))
    query(client, DATABASE, 'DELETE FROM "Users" WHERE id = 7; ALTER TABLE to_be_dropped RENAME TO renamed')
    try:
        dump(client, DATABASE, str(tmp_path))
        # As a killed run leaves it; it must not be in the way.
        client.containers.create(IMAGE, name=f"rarebooks-scratch-proof-{NAME}", labels=LABELS)
        with pytest.raises(DatabaseError) as raised:
            prove(client, DATABASE, counted, str(tmp_path), LABELS)
    finally:
        query(client, DATABASE, "INSERT INTO \"Users\" VALUES (7, 'reader 7', md5('7'))")
        query(client, DATABASE, "ALTER TABLE renamed RENAME TO to_be_dropped")
    for text in (
        "public.Users: 1002 rows expected, 1001 rows restored",
        "public.to_be_dropped: 2 rows expected, no table restored",
        "public.renamed: no table expected, 2 rows restored",
        "differences in 3 tables",
    ):
        assert text in str(raised.value)


@contextmanager
def small_disk(path: Path) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", path], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", path], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a filesystem")
@pytest.mark.parametrize("jobs", [0, 2])
def test_a_full_disk(client: docker.DockerClient, tmp_path: Path, jobs: int) -> None:
    query(client, DATABASE, "CREATE TABLE bulk AS SELECT md5(i::text) FROM generate_series(1, 20000) i")
    try:
        with small_disk(tmp_path):
            with pytest.raises(DatabaseError, match="No space left on device") as raised:
                dump(client, DATABASE, str(tmp_path), jobs, labels=LABELS)
            assert list(tmp_path.iterdir()) == []
    finally:
        query(client, DATABASE, "DROP TABLE bulk")
    assert jobs or "Expected room for at most" in str(raised.value)


def test_restored_beside_exchanged_and_back(client: docker.DockerClient, kept: tuple[Dump, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    made, directory = kept
    before = query(client, DATABASE, 'SELECT * FROM "Users" ORDER BY id')
    for _again in range(2):
        restore_beside(client, DATABASE, made, str(directory), LABELS, INCOMING)
    query(client, DATABASE, "CREATE TABLE only_in_the_live_one (id int)")
    lives = "SELECT to_regclass('only_in_the_live_one') IS NOT NULL"
    swap = prepared(client, DATABASE, INCOMING, ASIDE, [])

    # A session of the app that does not end by itself.
    with started(client, NAME, psql(DATABASE), SESSION) as session:
        session.send(b"\nSELECT 'connected';\n")
        assert next(session.frames()) == (False, b"connected\n")
        exchange(client, swap)
        session.send(b"SELECT 1;\n")
        assert b"57P01" in b"".join(chunk for _complaint, chunk in session.frames())
        assert session.code() == 2
    assert query(client, DATABASE, lives) == [["f"]]
    assert query(client, DATABASE, 'SELECT * FROM "Users" ORDER BY id') == before
    properties_are_kept(client)
    exchange(client, swap)
    accepting = databases(client, DATABASE)
    assert accepting["shop"] and not accepting[ASIDE] and INCOMING not in accepting

    assert exchange_back(client, swap)
    assert query(client, DATABASE, lives) == [["t"]]
    # A run that was cut off in the middle leaves the live one closed.
    query(client, DATABASE, "ALTER DATABASE shop ALLOW_CONNECTIONS false", dbname="postgres")
    assert not exchange_back(client, swap)
    assert query(client, DATABASE, lives) == [["t"]]

    # PostgreSQL refuses to rename this one, and nothing may have happened.
    monkeypatch.setattr(postgres_exchange, "_ATTEMPTS", 1)
    query(client, DATABASE, "BEGIN; INSERT INTO visit DEFAULT VALUES; PREPARE TRANSACTION 'half'")
    with pytest.raises(DatabaseError, match='55006: database "shop" is being accessed by other users'):
        exchange(client, swap)
    query(client, DATABASE, "ROLLBACK PREPARED 'half'; DROP TABLE only_in_the_live_one")
    assert set(databases(client, DATABASE)) >= {"shop", INCOMING} and databases(client, DATABASE)["shop"]

    assert keep_or_drop(client, DATABASE, swap.incoming_oid, swap.written, "shop_kept") == ""
    assert keep_or_drop(client, DATABASE, swap.incoming_oid, swap.written, "shop_kept") == ""
    assert INCOMING not in databases(client, DATABASE)
    with pytest.raises(DatabaseError, match="cannot be exchanged"):
        exchange(client, swap)
    with pytest.raises(DatabaseError, match="it is not dropped"):
        drop(client, DATABASE, "shop")


@pytest.mark.parametrize(
    "change", ["INSERT INTO visit DEFAULT VALUES", "UPDATE \"Users\" SET secret = 'x' WHERE id = 1", 'DELETE FROM "Users" WHERE id = 2']
)
def test_a_restored_one_that_was_written_to_is_kept(client: docker.DockerClient, kept: tuple[Dump, Path], change: str) -> None:
    made, directory = kept
    restore_beside(client, DATABASE, made, str(directory), LABELS, INCOMING)
    swap = prepared(client, DATABASE, INCOMING, ASIDE, [])
    exchange(client, swap)
    query(client, DATABASE, change)
    assert exchange_back(client, swap)
    try:
        assert keep_or_drop(client, DATABASE, swap.incoming_oid, swap.written, "shop_kept") == "shop_kept"
        assert databases(client, DATABASE)["shop_kept"]
    finally:
        drop(client, DATABASE, "shop_kept")


def test_one_that_takes_no_connection_is_exchanged_and_kept(client: docker.DockerClient, tmp_path: Path) -> None:
    broken = replace(DATABASE, name="broken")
    query(client, DATABASE, "CREATE DATABASE broken")
    query(client, broken, "CREATE TABLE book AS SELECT 1 AS id")
    try:
        made = dump(client, broken, str(tmp_path))
        number = postgres_exchange.number_of(client, broken, "broken")
        run_program(client, NAME, ["rm", f"/var/lib/postgresql/data/base/{number}/pg_filenode.map"])
        (tmp_path / "again").mkdir()
        with pytest.raises(DatabaseError, match=r"pg_filenode\.map"):
            dump(client, broken, str(tmp_path / "again"))
        restore_beside(client, broken, made, str(tmp_path), LABELS, INCOMING)
        swap = prepared(client, broken, INCOMING, ASIDE, [], keep=True)
        exchange(client, swap)
        (note,) = switch_databases.finish(client, [swap], {})
        assert query(client, broken, "SELECT id FROM book") == [["1"]]
        assert postgres_exchange.numbers(client, broken)[number] == ASIDE and f"kept as database {ASIDE}" in note
        drop(client, broken, ASIDE)
    finally:
        query(client, DATABASE, "DROP DATABASE broken WITH (FORCE)", dbname="postgres")


def properties_are_kept(client: docker.DockerClient) -> None:
    assert query(client, DATABASE, "SELECT tableowner FROM pg_tables WHERE tablename = 'shelved'") == [["librarian"]]
    assert query(client, DATABASE, "SELECT has_table_privilege('librarian', '\"Users\"', 'SELECT')") == [["t"]]
    assert query(client, DATABASE, "SHOW timezone; SHOW search_path") == [
        ["Europe/London"],
        ['"$user", public, "архив"'],
    ]
    settings = "SELECT setrole::regrole, setconfig FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase "
    settings += "WHERE datname = 'shop' AND setrole <> 0"
    assert query(client, DATABASE, settings) == [["librarian", "{work_mem=8MB}"]]
    rights = "SELECT datacl FROM pg_database WHERE datname = :'name' OR datname = 'shop'"
    (one,), (other,) = query(client, DATABASE, rights, name=ASIDE)
    assert sorted(one.strip("{}").split(",")) == sorted(other.strip("{}").split(","))
    assert query(client, DATABASE, "SELECT count(*) FROM pg_stats WHERE tablename = 'Users'") == [["3"]]


def test_a_container_that_does_not_run(client: docker.DockerClient) -> None:
    ended = client.containers.create(IMAGE, name=f"{NAME}-ended", labels=LABELS)
    try:
        with pytest.raises(DatabaseError, match=r"Docker does not do it.*is not running"):
            query(client, replace(DATABASE, container=f"{NAME}-ended"), "SELECT 1")
    finally:
        ended.remove(v=True)
