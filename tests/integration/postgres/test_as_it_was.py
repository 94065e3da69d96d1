# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A database of a real PostgreSQL comes back on a bare one as it was: roles, passwords, owners, rights, settings, locale, extensions."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import docker
import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import exchange, global_objects, password
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import COUNT_QUERY, Database, DatabaseError, counts, query
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.dump import Dump, dump
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.proof import prove_alone
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.restore import drop, restore_beside

sys.path.insert(0, os.path.dirname(__file__))
from lab import DATABASE, IMAGE, LABELS, NAME, bare, running

CLERK = 'clerk\'s "own"; --'
ICU = replace(DATABASE, name="catalogue")
GROWN = r"""
CREATE ROLE "clerk's ""own""; --" LOGIN PASSWORD 'of-the-clerk' CONNECTION LIMIT 7 VALID UNTIL '2031-05-01 12:00+03';
CREATE ROLE auditor NOINHERIT CREATEDB;
GRANT librarian TO auditor WITH ADMIN OPTION;
COMMENT ON ROLE auditor IS 'looks; at
-- everything';
ALTER ROLE auditor SET search_path TO "$user", "архив", 'a b';
ALTER ROLE auditor SET application_name TO 'it''s \ one';
GRANT UPDATE (name) ON "Users" TO "clerk's ""own""; --";
ALTER DEFAULT PRIVILEGES FOR ROLE librarian IN SCHEMA public GRANT SELECT ON TABLES TO auditor;
CREATE EXTENSION pg_buffercache;
CREATE FUNCTION nothing() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER watched ON ddl_command_start EXECUTE FUNCTION nothing();
ALTER DATABASE shop CONNECTION LIMIT 90;
ALTER DATABASE shop SET temp_tablespaces TO '';
ALTER ROLE auditor IN DATABASE shop SET search_path TO '';
ALTER ROLE librarian IN DATABASE shop SET search_path TO 'a, "b', "$user", '', plain;
COMMENT ON DATABASE shop IS 'of :"target" and ''more''';
CREATE DATABASE catalogue OWNER auditor TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'sv-SE' LC_COLLATE 'C' LC_CTYPE 'C';
GRANT TEMPORARY ON DATABASE catalogue TO librarian WITH GRANT OPTION;
REVOKE CREATE ON DATABASE catalogue FROM auditor
"""
OF_THE_SERVER = """
SELECT rolname, rolsuper, rolinherit, rolcreatedb, rolcanlogin, rolconnlimit, rolpassword, rolvaliduntil AT TIME ZONE 'UTC',
       shobj_description(oid, 'pg_authid')
  FROM pg_authid WHERE rolname !~ '^pg_' ORDER BY 1;
SELECT roleid::regrole, member::regrole, admin_option FROM pg_auth_members WHERE roleid >= 16384 ORDER BY 1, 2;
SELECT setrole::regrole, setconfig FROM pg_db_role_setting WHERE setdatabase = 0 ORDER BY 1"""
OF_THE_DATABASE = """
SELECT datname, datdba::regrole, encoding, datlocprovider, datcollate, datctype, daticulocale, datconnlimit,
       shobj_description(oid, 'pg_database'), (SELECT array_agg(one::text ORDER BY one::text) FROM unnest(datacl) one)
  FROM pg_database WHERE datname = current_database();
SELECT setrole::regrole, one FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase, unnest(setconfig) one
 WHERE datname = current_database() ORDER BY setrole::regrole::text, 2;
SELECT relname, relowner::regrole, relacl, relrowsecurity FROM pg_class
 WHERE relnamespace >= 16384 OR relnamespace = 'public'::regnamespace ORDER BY 1;
SELECT attname, attacl FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid >= 16384 ORDER BY 1;
SELECT defaclrole::regrole, defaclacl FROM pg_default_acl ORDER BY 1;
SELECT extname, extowner::regrole FROM pg_extension ORDER BY 1;
SELECT polname, polroles::regrole[] FROM pg_policy;
SELECT evtname, evtowner::regrole FROM pg_event_trigger"""


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    client = docker.from_env(version="auto")
    with running(client):
        query(client, DATABASE, GROWN)
        query(
            client,
            ICU,
            "CREATE TABLE word (w text PRIMARY KEY); INSERT INTO word VALUES ('å'), ('z'), ('ä'); ALTER TABLE word OWNER TO auditor",
        )
        yield client
    client.close()


@pytest.fixture(scope="module")
def dumps(client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Dump, str]]:
    """Return a dump of each of two databases in one server."""
    made = {}
    for database in (DATABASE, ICU):
        directory = str(tmp_path_factory.mktemp(database.name))
        made[database.name] = dump(client, database, directory, labels=LABELS), directory
    return made


def image_of(client: docker.DockerClient) -> str:
    return str(client.api.inspect_image(IMAGE)["Id"])


@pytest.mark.parametrize("user", [DATABASE.user, "librarian"])
def test_on_a_bare_server_everything_is_as_it_was(client: docker.DockerClient, dumps: dict[str, tuple[Dump, str]], user: str) -> None:
    """Also where the image has made one of the roles already, as a script of it may."""
    with bare(client, f"{NAME}-bare") as new:
        if user != DATABASE.user:
            query(client, new, f"CREATE ROLE {user} LOGIN")
        query(client, new, "CREATE DATABASE catalogue")
        for name, (made, directory) in dumps.items():
            database = replace(new, name=name)
            for _killed_and_again in range(2):
                restore_beside(client, database, made, directory, LABELS, f"{name}_incoming", as_it_was=True)
            exchange.exchange(client, exchange.prepared(client, database, f"{name}_incoming", f"{name}_aside", []))
            drop(client, database, f"{name}_aside")
            assert counts(query(client, database, COUNT_QUERY)) == made.tables
            assert query(client, database, OF_THE_DATABASE) == query(client, replace(DATABASE, name=name), OF_THE_DATABASE)
        assert query(client, new, OF_THE_SERVER) == query(client, DATABASE, OF_THE_SERVER)
        ((kept,),) = query(client, new, "SELECT rolpassword FROM pg_authid WHERE rolname LIKE 'clerk%'")
        assert password.opens(kept, CLERK, "of-the-clerk")
        assert query(client, replace(new, name="catalogue"), "SELECT w FROM word ORDER BY w") == [["z"], ["å"], ["ä"]]
        log = client.containers.get(new.container).logs().decode()
        assert "SCRAM-SHA" not in log and "of-the-clerk" not in log


def test_one_that_another_role_has_initialised_keeps_that_above_all(
    client: docker.DockerClient, dumps: dict[str, tuple[Dump, str]]
) -> None:
    with bare(client, f"{NAME}-bare", user="librarian") as new:
        made, directory = dumps["shop"]
        restore_beside(client, new, made, directory, LABELS, "shop_incoming", as_it_was=True)
        superusers = "SELECT rolname FROM pg_roles WHERE rolsuper ORDER BY 1"
        assert query(client, new, superusers) == [["librarian"], ["shopkeeper"]]


def test_a_server_in_use_gets_the_roles_that_a_dump_names_and_nobody_logs_in_as_one(
    client: docker.DockerClient, dumps: dict[str, tuple[Dump, str]]
) -> None:
    with bare(client, f"{NAME}-bare") as new:
        made, directory = dumps["shop"]
        names = restore_beside(client, new, made, directory, LABELS, "shop_incoming")
        assert names == ["auditor", 'clerk\'s "own"; --', "librarian"]
        assert query(client, new, "SELECT bool_or(rolcanlogin), count(*) FROM pg_roles WHERE oid >= 16384") == [["f", "3"]]
        owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'shelved'"
        assert query(client, new, owner, dbname="shop_incoming") == [["librarian"]]
        assert restore_beside(client, new, made, directory, LABELS, "shop_incoming") == []


def test_an_app_that_may_do_little_is_dumped_and_restored_by_whoever_may(client: docker.DockerClient, tmp_path: Path) -> None:
    query(client, DATABASE, "CREATE ROLE small LOGIN; CREATE DATABASE small OWNER small")
    small = Database(NAME, "small", "small")
    query(client, replace(small, user=DATABASE.user), "CREATE EXTENSION pg_buffercache; CREATE EXTENSION file_fdw")
    # Extensions of another superuser, who is not among those that the dump names.
    others = "CREATE ROLE other SUPERUSER; SET ROLE other; CREATE EXTENSION citext; CREATE EXTENSION pg_trgm"
    query(client, replace(small, user=DATABASE.user), others)
    query(client, small, "CREATE TABLE mine (id int); INSERT INTO mine VALUES (1)")
    try:
        made = dump(client, small, str(tmp_path))
        found = global_objects.load(str(tmp_path), made.globals)
        assert (
            found
            and found.needed == ("small",)
            and found.bootstrap == DATABASE.user
            and any("PASSWORD 'SCRAM" in one for one in found.roles)
        )
        restore_beside(client, small, made, str(tmp_path), LABELS, "small_incoming")
        assert prove_alone(client, small, image_of(client), made, str(tmp_path), LABELS)
        assert query(client, small, "SELECT tableowner FROM pg_tables WHERE tablename = 'mine'", dbname="small_incoming") == [["small"]]
    finally:
        query(client, DATABASE, "DROP DATABASE small; DROP DATABASE IF EXISTS small_incoming; DROP ROLE small; DROP ROLE other")


def test_a_drill_proves_owners_rights_and_settings(client: docker.DockerClient, dumps: dict[str, tuple[Dump, str]], tmp_path: Path) -> None:
    for name, (made, directory) in dumps.items():
        assert prove_alone(client, replace(DATABASE, name=name), image_of(client), made, directory, LABELS)
    made, directory = dumps["catalogue"]
    assert not prove_alone(client, ICU, image_of(client), replace(made, globals=""), directory, LABELS), "one of an older version"
    made, directory = dumps["shop"]
    os.link(os.path.join(directory, made.file), tmp_path / made.file)
    content = json.loads(Path(directory, made.globals).read_text())
    for change, told in (
        ({"database": {**content["database"], "others": ["SELECT 'nothing'"]}}, "differences in SELECT 'nothing'"),
        ({"needed": ["shopkeeper"]}, "differences in auditor"),
    ):
        (tmp_path / made.globals).write_text(json.dumps({**content, **change}))
        with pytest.raises(DatabaseError, match=told):
            prove_alone(client, DATABASE, image_of(client), made, str(tmp_path), LABELS)
