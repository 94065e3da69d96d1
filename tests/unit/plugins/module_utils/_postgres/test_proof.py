# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Proofs: the scratch server's life, and dumps that do not restore what was dumped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import docker.errors
import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import global_objects, helper
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import DatabaseError
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.dump import Dump
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.proof import fill, prove, prove_alone
from postgres_support import SECRET, SHOP, Answer, Engine

NAME = "rarebooks-scratch-proof-db_shop"
DUMP = Dump("db_shop.dump", "custom", 5, 0.5, {"public.Users": 3})
ROLES = Answer("FROM pg_roles WHERE rolname !~", b'CREATE ROLE reader\n"CREATE ROLE ""a,b"""\n')
COUNTED = Answer("query_to_xml", b"public.Users,3\n")
# Whatever is not answered here succeeds and says nothing.
GOOD = (ROLES, COUNTED)


def test_a_dump_that_restores(tmp_path: Path) -> None:
    engine = Engine(*GOOD)
    engine.run(NAME, "postgres:15", "sha256:15")
    assert prove(engine, SHOP, DUMP, str(tmp_path), {"owner": "us"}) >= 0
    assert engine.events[0] == "begin psql" and engine.events[-1] == f"remove {NAME}"
    assert engine.events.index(f"remove {NAME}") < engine.events.index(f"create {NAME}")
    assert [call.container for call in engine.calls] == ["db_shop", "db_shop", NAME, NAME, NAME, NAME]

    (created,) = engine.called("CREATE ROLE reader")
    assert created.input == 'CREATE ROLE reader;\nCREATE ROLE "a,b";\nCREATE DATABASE :"target" OWNER keeper\n;\n'
    assert "target=rarebooks_proof" in created.argv
    (restored,) = engine.called("pg_restore")
    assert {"--exit-on-error", "--no-owner", "--no-acl", "--format=custom", "--jobs=1"} <= set(restored.argv)
    assert restored.argv[-3:] == ["-d", "dbname='rarebooks_proof'", "/dump"]

    settings = engine.settings
    assert (settings["image"], settings["network_mode"], settings["labels"]) == ("sha256:15", "none", {"owner": "us"})
    assert settings["environment"]["POSTGRES_PASSWORD"] not in ("", SECRET)
    (mount,) = settings["mounts"]
    assert (mount["Source"], mount["ReadOnly"]) == (str(tmp_path / "db_shop.dump"), True)
    assert "fsync=off" in settings["command"]


def test_what_a_database_has_beside_its_rows_is_proven_as_well(tmp_path: Path) -> None:
    """Also where a policy of an older dump names a role that is gone."""
    wanted = Answer("SELECT 0, format('CREATE DATABASE", b'0,"CREATE DATABASE :""target"""\n1,"ALTER DATABASE :""target"" SET x TO y"\n')
    engine = Engine(wanted, *GOOD)
    dump = replace(DUMP, globals=global_objects.save(global_objects.read(engine, SHOP), str(tmp_path), SHOP.container))
    engine.calls.clear()
    prove(engine, SHOP, dump, str(tmp_path), {})
    (made,) = engine.called("NOLOGIN")
    assert "role=reader" in made.argv and made.container == NAME
    assert [call.container for call in engine.called("SET x TO y")] == [NAME]


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ((Answer("query_to_xml", b"public.Users,2\n"),), "public.Users: 3 rows expected, 2 rows restored"),
        ((Answer("query_to_xml", b""),), "public.Users: 3 rows expected, no table restored"),
        (
            (Answer("pg_restore", b"", 1, b"pg_restore: error: could not read from input file: end of file\n"),),
            "pg_restore failed.* exit code 1: pg_restore: error: could not read from input file: end of file",
        ),
        ((Answer("CREATE ROLE reader", b"", 3, b"ERROR:  42710: exists\n"),), "psql failed.*42710"),
    ],
)
def test_a_dump_that_does_not(tmp_path: Path, answers: tuple[Answer, ...], told: str) -> None:
    engine = Engine(*answers, *GOOD)
    with pytest.raises(DatabaseError, match=told):
        prove(engine, SHOP, DUMP, str(tmp_path), {})
    assert engine.there == set()


def test_what_surrounds_it_comes_back_and_is_compared(tmp_path: Path) -> None:
    engine = Engine(*GOOD)
    surroundings = global_objects.read(engine, SHOP)
    dump = replace(DUMP, globals=global_objects.save(surroundings, str(tmp_path), SHOP.container))
    engine.calls.clear()
    assert prove_alone(engine, SHOP, "sha256:15", dump, str(tmp_path), {})
    (restored,) = engine.called("pg_restore")
    assert "--no-tablespaces" in restored.argv and not {"--no-owner", "--no-acl"} & set(restored.argv)
    assert engine.called("CREATE ROLE reader") and engine.called("pg_dumpall")
    assert not prove_alone(engine, SHOP, "sha256:15", DUMP, str(tmp_path), {})
    assert {"--no-owner", "--no-acl"} <= set(engine.called("pg_restore")[-1].argv)
    another = Engine(Answer("pg_dumpall", b"CREATE ROLE keeper;\n"), *GOOD)
    with pytest.raises(DatabaseError, match=r"do not come back as they were.*ALTER ROLE reader"):
        prove_alone(another, SHOP, "sha256:15", dump, str(tmp_path), {})
    assert another.there == set()


def test_a_parallel_dump_is_restored_in_parallel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 16)
    engine = Engine(*GOOD)
    prove(engine, SHOP, Dump("db_shop.dumpdir", "directory", 5, 0.5, DUMP.tables), str(tmp_path), {})
    assert {"--format=directory", "--jobs=4"} <= set(engine.called("pg_restore")[0].argv)


def test_it_waits_until_the_scratch_server_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(Answer("pg_isready", b"/tmp:5432 - no response\n", 2), *GOOD)

    def answers(_seconds: float) -> None:
        assert not engine.called("pg_restore")
        engine.programs = list(GOOD)

    monkeypatch.setattr(helper.time, "sleep", answers)
    prove(engine, SHOP, DUMP, str(tmp_path), {})
    asked = engine.called("pg_isready")
    assert len(asked) == 2 and "127.0.0.1" in asked[0].argv


def test_a_scratch_server_that_ends_is_not_waited_for(tmp_path: Path) -> None:
    engine = Engine(*GOOD)
    engine.turns_out["sha256:15"] = "exited"
    engine.log = b"initdb: error: no space left\n"
    with pytest.raises(DatabaseError, match=r"PostgreSQL ended.* exit code 1: initdb: error: no space left"):
        prove(engine, SHOP, DUMP, str(tmp_path), {})
    assert not engine.called("pg_isready")
    assert engine.there == set()


def test_a_scratch_server_that_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helper, "_SECONDS_TO_START", 0.0)
    engine = Engine(Answer("pg_isready", b"127.0.0.1:5432 - rejecting connections\n", 1), *GOOD)
    with pytest.raises(DatabaseError, match=r"does not start.*exit code 1.*rejecting connections"):
        prove(engine, SHOP, DUMP, str(tmp_path), {})
    assert engine.there == set()


def test_the_first_error_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(Answer("pg_restore", b"", 1, b"the first\n"), *GOOD)
    trouble = Mock(side_effect=[docker.errors.NotFound("none"), docker.errors.APIError("the second")])
    monkeypatch.setattr(engine.containers, "get", trouble)
    with pytest.raises(DatabaseError, match="the first"):
        prove(engine, SHOP, DUMP, str(tmp_path), {})
    assert trouble.call_count == 2


def test_no_such_database(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="database shop in container db_shop: there is no such database"):
        prove(Engine(ROLES, Answer("'CREATE DATABASE", b"")), SHOP, DUMP, str(tmp_path), {})


@pytest.mark.parametrize(
    ("environment", "user"),
    [([], "postgres"), (["POSTGRES_USER=keeper"], "keeper"), (["POSTGRES_USER_FILE=/run/secrets/user"], SHOP.user)],
    ids=["the image's own", "given", "in a file"],
)
def test_a_database_is_filled_by_who_may_do_everything_there(tmp_path: Path, environment: list[str], user: str) -> None:
    """And not by the app, which may not make a database or a role."""
    engine = Engine(*GOOD)
    engine.run(SHOP.container, "postgres:15", "sha256:15")
    engine.running[SHOP.container]["Config"]["Env"] = environment
    fill(engine, SHOP, DUMP, str(tmp_path), "copy")
    assert {call.argv[call.argv.index("-U") + 1] for call in engine.calls} == {user}
    (restored,) = engine.called("pg_restore")
    assert restored.user == "0", "who alone may read the dump"
    assert [text for call in engine.calls for text in ("DROP DATABASE", "pg_restore", "ANALYZE") if text in call] == [
        "DROP DATABASE",
        "pg_restore",
        "ANALYZE",
    ]
