"""The databases of the apps by database.yml: read, dumped, proven, restored and made anew, as the runbook types it."""

from __future__ import annotations

import json

import pytest
import server
from printed import (
    DATABASE,
    DATABASE_BESIDE,
    DATABASE_COUNTS,
    DATABASE_DRILL,
    DATABASE_DUMP,
    DATABASE_LIST,
    DATABASE_QUERIES,
    DATABASE_RECREATE,
    DATABASE_SIZES,
    restore,
)
from support import wait_until
from terminal import commands_of, type_in

CONTAINER = "db_maymessenger"
MIGRATION = "20240101000000_Initial"


def query(sql: str, name: str = DATABASE) -> str:
    return server.run("docker", "exec", CONTAINER, "psql", "-U", "postgres", "-d", name, "-Atc", sql).strip()


def databases() -> set[str]:
    return set(query("SELECT datname FROM pg_database WHERE NOT datistemplate").split())


def last_run() -> dict[str, str]:
    found: dict[str, str] = json.loads(server.run("tail", "-1", "/opt/rarebooks/ledger.jsonl"))
    return found


def others() -> dict[str, str]:
    """Return when each container of the other app was started."""
    names = ["rarebooks_backend", "rarebooks_frontend", "rarebooks_books_db", "rarebooks_users_db"]
    return {name: server.run("docker", "inspect", "-f", "{{.Id}} {{.State.StartedAt}}", name) for name in names}


@pytest.fixture(scope="module")
def dumped() -> str:
    """The backup of a dump by hand, of what one user had written."""
    query("""UPDATE "InviteLinks" SET "Code" = 'of the dump'""")
    done = type_in(DATABASE_DUMP)
    assert done.code == 0 and "Dumped and restored to prove it: RareBooks_Books, RareBooks_Users, maymessenger" in done.output
    return server.backups()[-1]


def test_a_dump_is_listed_and_has_been_proven(dumped: str) -> None:
    assert (last_run()["action"], last_run()["result"]) == ("dump database", "done")
    done = type_in(DATABASE_LIST)
    line = next(one for one in done.output.splitlines() if dumped in one and DATABASE in one)
    assert line.split()[-5:] == ["yes", "a", "dump", "by", "hand"]


def test_sizes_and_rows_are_those_of_postgresql() -> None:
    done = type_in(f"{DATABASE_COUNTS} -e database={CONTAINER} -e database_format=json")
    document = json.loads(next(line for line in done.output.splitlines() if line.lstrip().startswith('{"')))
    (found,) = document["databases"]
    assert found["counts"]["public.Users"] == int(query('SELECT count(*) FROM "Users"'))
    assert "MiB in " in type_in(DATABASE_SIZES).output


def test_a_statement_that_waits_is_shown_with_whom_it_waits_for_and_without_its_data() -> None:
    lock = f"""docker exec -d {CONTAINER} psql -U postgres -d {DATABASE} -c 'BEGIN; LOCK TABLE "Users"; SELECT pg_sleep(600)'"""
    server.shell(lock)
    held = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = '\"Users\"'::regclass"
    try:
        wait_until(lambda: query(held) != "0", "the lock to be held")
        server.shell(f"""docker exec -d {CONTAINER} psql -U postgres -d {DATABASE} -c "SELECT 'personal' FROM \\"Users\\"" """)
        wait_until(lambda: query("SELECT count(*) FROM pg_locks WHERE NOT granted") != "0", "somebody to wait for a lock")
        done = type_in(f"{DATABASE_QUERIES} -e database_seconds=0")
        assert "blocked by" in done.output and "LOCK TABLE" in done.output and "personal" not in done.output
        end = next(line for line in done.output.splitlines() if "pg_terminate_backend" in line)
        server.shell(end.partition("on the server: ")[2])
    finally:
        query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()")


def test_a_drill_restores_the_newest_dumps_and_is_recorded(dumped: str) -> None:
    done = type_in(DATABASE_DRILL)
    assert done.code == 0 and f"Restores, all tables equal: {DATABASE} of backup {dumped}" in done.output
    assert (last_run()["action"], last_run()["result"]) == ("drill database", "done")
    assert "rarebooks-scratch" not in server.run("docker", "ps", "--all")


def test_one_beside_the_live_one_leaves_that_alone(dumped: str) -> None:
    query("""UPDATE "InviteLinks" SET "Code" = 'written later'""")
    done = type_in(DATABASE_BESIDE)
    beside = f"{DATABASE}_from_{dumped}"
    assert done.code == 0 and query('SELECT DISTINCT "Code" FROM "InviteLinks"', beside) == "of the dump"
    assert query('SELECT DISTINCT "Code" FROM "InviteLinks"') == "written later"
    assert type_in(DATABASE_BESIDE).code == 2  # It may be in use.
    server.shell(f"docker exec {CONTAINER} dropdb --force -U postgres {beside}")


def test_a_restore_brings_the_rows_of_then_and_tells_how_to_have_todays_back(dumped: str) -> None:
    query("""UPDATE "InviteLinks" SET "Code" = 'written later'""")
    before = others()
    refused = type_in(restore(DATABASE, dumped).replace(f" -e confirm={DATABASE}", "").replace("playbook ", "playbook -i INVENTORY "))
    assert refused.code == 2 and f"confirm={DATABASE}" in refused.message()
    assert query('SELECT DISTINCT "Code" FROM "InviteLinks"') == "written later"
    done = type_in(restore(DATABASE, dumped).replace("playbook ", "playbook -i INVENTORY "))
    assert done.code == 0 and query('SELECT DISTINCT "Code" FROM "InviteLinks"') == "of the dump"
    back = commands_of(done)[-1]
    assert type_in(back).code == 0
    assert query('SELECT DISTINCT "Code" FROM "InviteLinks"') == "written later"
    assert databases() == {DATABASE, "postgres"} and others() == before


def test_one_that_is_made_anew_has_its_schema_and_the_old_rows_are_dumped() -> None:
    query("""UPDATE "InviteLinks" SET "Code" = 'written later'""")
    before = others()
    done = type_in(DATABASE_RECREATE)
    assert done.code == 0 and query('SELECT DISTINCT "Code" FROM "InviteLinks"') != "written later"
    assert query('SELECT count(*) FROM "__EFMigrationsHistory"') != "0" and others() == before
    back = commands_of(done)[-1]
    assert type_in(back).code == 0
    assert query('SELECT DISTINCT "Code" FROM "InviteLinks"') == "written later"


def test_one_too_damaged_for_a_dump_is_kept_beside_the_restored_one(dumped: str) -> None:
    number = query("SELECT oid FROM pg_database WHERE datname = current_database()")
    server.shell(f"docker exec {CONTAINER} rm /var/lib/postgresql/data/base/{number}/pg_filenode.map")
    line = restore(DATABASE, dumped).replace("playbook ", "playbook -i INVENTORY ")
    refused = type_in(line)
    more = f" -e keep_damaged={DATABASE}"
    assert refused.code == 2 and f"run the same again with{more}" in refused.message()
    done = type_in(line + more)
    assert done.code == 0 and query('SELECT DISTINCT "Code" FROM "InviteLinks"') == "of the dump"
    (aside,) = databases() - {DATABASE, "postgres"}
    assert f"is kept as database {aside}" in done.output and "before" in aside
    server.shell(f"docker exec {CONTAINER} dropdb --force -U postgres {aside}")
