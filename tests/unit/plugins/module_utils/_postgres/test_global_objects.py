# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What surrounds a database: read beside a dump, given to a bare server whole, and to one in use only as far as a dump needs it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base.state import StateError
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import global_objects
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import DatabaseError
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.global_objects import GlobalObjects, statements
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.properties import Properties
from postgres_support import SHOP, Answer, Engine

VERIFIER = "SCRAM-SHA-256$4096:c2FsdA==$a2V5:a2V5"
FOUND = GlobalObjects(
    "keeper",
    ("keeper", "reader"),
    (
        "CREATE ROLE keeper;",
        "ALTER ROLE keeper WITH SUPERUSER;",
        "CREATE ROLE reader;",
        f"ALTER ROLE reader WITH LOGIN PASSWORD '{VERIFIER}';",
    ),
    Properties('CREATE DATABASE :"target" OWNER keeper', ("ALTER DATABASE :\"target\" SET timezone TO 'UTC'",)),
)
SCRIPT = r"""--
-- PostgreSQL database cluster dump
\restrict 4fdd
SET standard_conforming_strings = on;
-- User Config "it's"
CREATE ROLE "it's; --";
COMMENT ON ROLE "it's; --" IS 'two
-- lines; and \ more''s';
ALTER ROLE reader SET search_path TO "$user", public;
\unrestrict 4fdd
"""


def script_given(engine: Engine) -> str:
    (given,) = engine.called("log_statement")
    return given.input


def test_a_script_is_taken_apart_into_statements() -> None:
    assert list(statements(SCRIPT)) == [
        "SET standard_conforming_strings = on;",
        'CREATE ROLE "it\'s; --";',
        "COMMENT ON ROLE \"it's; --\" IS 'two\n-- lines; and \\ more''s';",
        'ALTER ROLE reader SET search_path TO "$user", public;',
    ]


def test_it_is_read_kept_and_read_again(tmp_path: Path) -> None:
    found = global_objects.read(Engine(), SHOP)
    assert (found.bootstrap, found.needed, found.database.others) == ("keeper", ("keeper", "reader"), ())
    assert global_objects.load(str(tmp_path), global_objects.save(found, str(tmp_path), "db_shop")) == found
    assert global_objects.load(str(tmp_path), "") is None
    (tmp_path / "db_shop.globals.json").write_text("{}")
    with pytest.raises(StateError, match=r"is damaged: it has no bootstrap.* Use another backup"):
        global_objects.load(str(tmp_path), "db_shop.globals.json")


def test_roles_without_passwords_where_nobody_lets_us_read_them() -> None:
    refused = Answer("pg_dumpall --roles-only -w", b"", 1, b"pg_dumpall: error: permission denied for table pg_authid\n")
    engine = Engine(refused)
    assert global_objects.read(engine, SHOP).roles
    assert "--no-role-passwords" in engine.called("pg_dumpall")[-1].argv
    with pytest.raises(DatabaseError, match="pg_dumpall failed"):
        global_objects.read(Engine(Answer("pg_dumpall", b"", 1)), SHOP)


def test_a_bare_server_gets_all_but_what_it_has_and_no_log_has_a_password() -> None:
    engine = Engine()
    global_objects.give_roles(engine, SHOP, FOUND)
    given = script_given(engine)
    assert "CREATE ROLE keeper" not in given and "CREATE ROLE reader;" in given and VERIFIER in given
    assert given.index("log_min_error_statement") < given.index(VERIFIER)
    failing = Answer("log_statement", b"", 3, f"ERROR:  42601: syntax error\nLINE 1: ALTER ROLE reader PASSWORD '{VERIFIER}'\n".encode())
    with pytest.raises(DatabaseError, match=r"the roles cannot be taken along.*42601") as raised:
        global_objects.give_roles(Engine(failing), SHOP, FOUND)
    assert VERIFIER not in str(raised.value)


def test_whoever_initialised_the_server_stays_above_all() -> None:
    engine = Engine()
    global_objects.give_roles(
        engine, SHOP, replace(FOUND, bootstrap="postgres", roles=("ALTER ROLE keeper WITH NOSUPERUSER;", "CREATE ROLE x;"))
    )
    assert "NOSUPERUSER" not in script_given(engine) and "CREATE ROLE x;" in script_given(engine)


@pytest.mark.parametrize(
    ("bootstrap", "before", "now", "kept"),
    [("keeper", 15, 15, True), ("keeper", 15, 17, False), ("keeper", 16, 17, True), ("other", 16, 17, False)],
)
def test_who_granted_is_left_out_where_postgresql_would_refuse_it(bootstrap: str, before: int, now: int, kept: bool) -> None:
    granted = 'GRANT x TO "a GRANTED BY b" WITH ADMIN OPTION'
    engine = Engine(Answer("SELECT b.rolname", f"keeper,keeper,{now}\n".encode()))
    roles = (f'{granted} GRANTED BY "k ""p";', "COMMENT ON ROLE x IS 'GRANT x TO y GRANTED BY z';")
    global_objects.give_roles(engine, SHOP, replace(FOUND, bootstrap=bootstrap, roles=roles, version=before))
    given = script_given(engine)
    assert (f'{granted} GRANTED BY "k ""p";' in given, f"{granted};" in given) == (kept, not kept) and "y GRANTED BY z" in given


def test_a_server_in_use_gets_those_that_a_dump_names_without_a_login() -> None:
    engine = Engine()
    assert global_objects.ensure_needed(engine, SHOP, FOUND) == ["reader"]
    (made,) = engine.called("CREATE ROLE")
    assert "role=reader" in made.argv and "NOLOGIN" in made.input


def test_what_comes_back_otherwise_is_told_without_what_may_be_secret() -> None:
    FOUND.require("drill", replace(FOUND, roles=FOUND.roles[::-1]))
    other = replace(FOUND, roles=FOUND.roles[:-1], database=replace(FOUND.database, others=()))
    with pytest.raises(DatabaseError, match='differences in ALTER DATABASE :"target" SET, ALTER ROLE reader WITH') as raised:
        FOUND.require("drill", other)
    assert VERIFIER not in str(raised.value)
    with pytest.raises(DatabaseError, match="differences in reader"):
        FOUND.require("drill", replace(FOUND, needed=("keeper",)))
