# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Dumps: what is written, what is counted, and what is left of a dump that failed."""

from __future__ import annotations

import errno
import json
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import DatabaseError
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.dump import Dump, dump
from postgres_support import SECRET, SHOP, SNAPSHOT, Answer, Engine

TABLES = {"public.Users": 3, "public.a,b": 0}
DUMP = Dump("db_shop.dump", "custom", 5, 0.5, TABLES)


def test_a_manifest_and_back() -> None:
    assert Dump.from_dict(DUMP.to_dict()) == DUMP
    older = {name: value for name, value in DUMP.to_dict().items() if name != "globals"}
    assert Dump.from_dict(older) == DUMP


@pytest.mark.parametrize(
    "change", [{"file": "../etc"}, {"globals": "../etc"}, {"globals": ".."}, {"file": ""}, {"file": ".."}, {"format": "plain"}]
)
def test_a_manifest_that_was_changed(change: dict[str, Any]) -> None:
    with pytest.raises(DatabaseError, match="this does not describe a dump"):
        Dump.from_dict({**DUMP.to_dict(), **change})


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({**TABLES, "public.Users": 2}, "differences in 1 tables (public.Users: 3 rows expected, 2 rows restored)"),
        ({"public.Users": 3}, "(public.a,b: 0 rows expected, no table restored)"),
        ({**TABLES, "z": 0}, "(z: no table expected, 0 rows restored)"),
        ({}, "differences in 2 tables (public.Users: 3 rows expected, no table restored; public.a,b: 0 rows"),
    ],
)
def test_another_number_of_rows(found: dict[str, int], told: str) -> None:
    with pytest.raises(DatabaseError) as raised:
        DUMP.require("proof", found)
    assert told in str(raised.value)
    assert "Expected 3 rows in 2 tables" in str(raised.value)


def test_many_differences_are_not_all_told() -> None:
    many = replace(DUMP, tables={f"t{i:02}": 1 for i in range(12)})
    with pytest.raises(DatabaseError, match=r"t09: 1 rows expected, no table restored and 2 more\)"):
        many.require("proof", {})


def test_the_same_rows() -> None:
    DUMP.require("proof", dict(TABLES))


def test_a_file(tmp_path: Path) -> None:
    engine = Engine(SNAPSHOT, Answer("pg_dump ", b"PGDMP" * 1000))
    (tmp_path / "db_shop.dump").write_text("of a killed run")
    made = dump(engine, SHOP, str(tmp_path))
    assert (made.file, made.format, made.size, made.tables) == ("db_shop.dump", "custom", 5000, TABLES)
    path = tmp_path / made.file
    assert path.read_bytes() == b"PGDMP" * 1000
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (call,) = engine.called("pg_dump ")
    assert (call.container, call.argv[1:3]) == ("db_shop", ["--format=custom", "--snapshot=00000003-1B-1"])
    assert engine.calls[0].ended.wait(5)
    # What surrounds it is read while nobody can have changed what was dumped.
    assert engine.events == ["begin psql", "begin pg_dump", *["begin psql"] * 2, "begin pg_dumpall", "begin psql", "end psql"]
    beside = tmp_path / "db_shop.globals.json"
    assert made.globals == beside.name and stat.S_IMODE(beside.stat().st_mode) == 0o600
    assert json.loads(beside.read_text())["needed"] == ["keeper", "reader"]


def test_a_directory(tmp_path: Path) -> None:
    engine = Engine(SNAPSHOT)
    engine.run("rarebooks-scratch-dump-db_shop", "postgres:15", "sha256:15")
    (tmp_path / "db_shop.dumpdir").mkdir()
    (tmp_path / "db_shop.dumpdir" / "of_a_killed_run").touch()
    made = dump(engine, SHOP, str(tmp_path), 3, labels={"owner": "us"})
    assert (made.file, made.format, made.size) == ("db_shop.dumpdir", "directory", 0)
    assert stat.S_IMODE((tmp_path / made.file).stat().st_mode) == 0o700

    (call,) = engine.called("pg_dump ")
    assert call.container == "rarebooks-scratch-dump-db_shop"
    assert {"--format=directory", "--jobs=3", "--file=/dump", "--snapshot=00000003-1B-1"} <= set(call.argv)
    assert SECRET not in f"{engine.calls}"
    assert engine.settings["environment"] == {"PGHOST": "127.0.0.1", "PGPORT": "5432", "PGPASSWORD": SECRET}
    assert (engine.settings["image"], engine.settings["network_mode"]) == ("sha256:15", "container:4fdd")
    assert (engine.settings["labels"], engine.settings["user"]) == ({"owner": "us"}, "0:0")
    (mount,) = engine.settings["mounts"]
    assert (mount["Source"], mount["Target"], mount["ReadOnly"]) == (str(tmp_path / made.file), "/dump", False)
    assert engine.there == set()


@pytest.mark.parametrize("jobs", [0, 2])
@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer("pg_dump", b"PGD", 1, b"pg_dump: error: server closed the connection\n"), "exit code 1: pg_dump: error: server"),
        (Answer("pg_dump", raw=b"\1\0\0\0\0\0\0\7PGD"), "the connection to a program in the container broke"),
    ],
)
def test_a_dump_that_fails_leaves_nothing(tmp_path: Path, jobs: int, answer: Answer, told: str) -> None:
    engine = Engine(SNAPSHOT, Answer("pg_terminate_backend"), answer)
    with pytest.raises(DatabaseError, match=told) as raised:
        dump(engine, SHOP, str(tmp_path), jobs)
    assert SECRET not in str(raised.value)
    assert list(tmp_path.iterdir()) == []
    assert engine.there == set()
    (ending,) = engine.called("pg_terminate_backend")
    (dumping,) = (call for call in engine.calls if call.argv[0] == "pg_dump")
    assert f"application={dumping.environment['PGAPPNAME']}" in ending.argv
    # A role's own limit is in force until pg_dump lifts it, which is not its first statement.
    assert "statement_timeout=0" in dumping.environment["PGOPTIONS"]


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    engine = Engine(SNAPSHOT, Answer("pg_database_size", b"7500000\n"), Answer("pg_dump", b"PGDMP"))
    with pytest.raises(DatabaseError, match=r"room for at most 7500000 bytes.* got No space left on device; \d+ bytes"):
        dump(engine, SHOP, str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_no_directory(tmp_path: Path) -> None:
    engine = Engine(SNAPSHOT, Answer("pg_dump", b"PGDMP"))
    with pytest.raises(DatabaseError, match=r"cannot be written to .*/none. Expected room .* No such file or directory"):
        dump(engine, SHOP, str(tmp_path / "none"))


def test_tables_that_cannot_be_counted(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="the rows cannot be counted"):
        dump(Engine(Answer("pg_export_snapshot", b"", 3)), SHOP, str(tmp_path))
    assert list(tmp_path.iterdir()) == []
