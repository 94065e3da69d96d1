"""Data stay as they are in a rollback, or come back from a dump where somebody asks for that and confirms it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import server
from apps import Written
from deployment import Deploy
from operators import Deployer
from releases import Releases
from support import Web

MIGRATION = "29990101000000_FromTheFuture"


def query(sql: str) -> str:
    return server.run("docker", "exec", "db_maymessenger", "psql", "-U", "postgres", "-d", "maymessenger", "-Atc", sql).strip()


def databases() -> str:
    return query("SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE NOT datistemplate")


def assert_kept_are_told(done: Deploy) -> None:
    """Require that whatever a run kept beside the live database is named, with a command that drops it as it is printed."""
    for line in re.findall(r"docker exec db_maymessenger dropdb --force -U postgres maymessenger_\w+", " ".join(done.output.split())):
        server.shell(line)
    assert databases() == "maymessenger postgres"


@pytest.fixture(scope="module")
def before(releases: Releases, deploying: Deployer) -> str:
    """The id of a backup with a proven dump, sealed before the newest data were written."""
    assert deploying({**releases.variables["v1"], "stack_backup_keep": 20}).code == 0
    identifier = server.backups()[-1]
    # What a newer release's migration would do.
    query(f"""INSERT INTO "__EFMigrationsHistory" VALUES ('{MIGRATION}', '9')""")
    query("""UPDATE "Messages" SET "Content" = 'written later'""")
    return identifier


@pytest.fixture(scope="module")
def restore(going_back: Deployer) -> Callable[[str], Deploy]:
    def run(identifier: str) -> Deploy:
        variables: dict[str, Any] = {"rollback_to": identifier, "rollback_restore_database": True, "rollback_confirm": True}
        return going_back(variables)

    return run


def test_a_rollback_leaves_data_alone_and_says_that_the_schema_is_newer(before: str, going_back: Deployer) -> None:
    done = going_back({"rollback_to": before})
    assert done.code == 0
    told = " ".join(done.output.split())
    assert f"Database maymessenger in db_maymessenger is at schema {MIGRATION}, this release was sealed with 2024" in told
    assert f"-e rollback_to={before} -e rollback_restore_database=true" in told
    assert query("""SELECT DISTINCT "Content" FROM "Messages" """) == "written later"


def test_the_data_of_then_come_back(before: str, restore: Callable[[str], Deploy], written: Written, web: Web) -> None:
    done = restore(before)
    assert done.code == 0 and "Databases: restored from the backup" in done.output
    assert written.read(web) == written.content
    assert query(f"""SELECT count(*) FROM "__EFMigrationsHistory" WHERE "MigrationId" = '{MIGRATION}'""") == "0"
    assert databases() == "maymessenger postgres"


def test_and_can_be_undone_since_today_s_were_dumped_first(restore: Callable[[str], Deploy]) -> None:
    done = restore(server.backups()[-1])
    assert done.code == 0
    assert query("""SELECT DISTINCT "Content" FROM "Messages" """) == "written later"
    assert query(f"""SELECT count(*) FROM "__EFMigrationsHistory" WHERE "MigrationId" = '{MIGRATION}'""") == "1"
    # People have logged in and written since the dump.
    assert_kept_are_told(done)


def test_a_failed_deploy_takes_the_data_back_where_that_was_asked_for(releases: Releases, deploying: Deployer) -> None:
    """What the broken release's migration did is undone with it."""
    query("""UPDATE "Messages" SET "Content" = 'written before the deploy'""")
    oid = query("SELECT oid FROM pg_database WHERE datname = 'maymessenger'")
    broken = {
        **releases.variables["v2"],
        "maymessenger_extra_environment": {"DEMO_DIE_AT_START": "3"},
        "stack_restore_database": True,
        "stack_backup_keep": 20,
    }
    done = deploying(broken)
    assert done.code == 2 and "The release that ran before is back" in done.message()
    assert query("""SELECT DISTINCT "Content" FROM "Messages" """) == "written before the deploy"
    # It is another database, of the old name. What the broken release wrote to the one before may be wanted.
    assert_kept_are_told(done)
    assert query("SELECT oid FROM pg_database WHERE datname = 'maymessenger'") != oid
    query("""UPDATE "Messages" SET "Content" = 'written later'""")


def test_a_restore_that_does_not_serve_leaves_the_data_of_today(
    before: str, releases: Releases, deploying: Deployer, restore: Callable[[str], Deploy]
) -> None:
    """The release goes back to what was live with the data that were live: the databases are exchanged, and exchanged back."""
    live = server.release()
    # A site of that name keeps the messenger's probes from holding, in the old release as well; nginx takes the first of two.
    site = "/opt/rarebooks/nginx/sites/a.conf"
    server.shell(
        f"printf 'server {{ listen 443 ssl; server_name messenger.rare-books.ru; ssl_certificate "
        f"/etc/letsencrypt/live/messenger.rare-books.ru/fullchain.pem; ssl_certificate_key "
        f"/etc/letsencrypt/live/messenger.rare-books.ru/privkey.pem; return 418; }}' > {site}"
    )
    try:
        done = deploying(
            {"rollback_to": before, "rollback_restore_database": True, "rollback_confirm": True, "stack_gate_deadline": 5},
            playbook="rollback.yml",
        )
    finally:
        server.shell(f"rm {site}; docker exec nginx_container nginx -s reload")
    assert done.code == 2 and "COULD NOT BE BROUGHT BACK" in done.message()
    assert query("""SELECT DISTINCT "Content" FROM "Messages" """) == "written later"
    assert_kept_are_told(done)
    assert deploying({**releases.variables["v2"], "stack_backup_databases": "off"}).code == 0
    assert live.keys() == server.release().keys()


@pytest.mark.parametrize("command", ["docker stop db_maymessenger", "docker kill db_maymessenger", "docker rm --force db_maymessenger"])
def test_a_database_that_is_down_is_started_and_dumped(command: str, releases: Releases, deploying: Deployer) -> None:
    """Its data are neither given up nor asked to be."""
    query("""UPDATE "Messages" SET "Content" = 'written before it went down'""")
    server.shell(command)
    number = len(server.backups())
    done = deploying({**releases.variables["v2"], "maymessenger_extra_environment": {"DEMO_VERSION": f"after {number}"}})
    assert done.code == 0 and "container db_maymessenger did not run. It was started" in " ".join(done.output.split())
    manifest = json.loads(server.run("cat", f"/opt/rarebooks/backups/{server.backups()[-1]}/manifest.json"))
    assert manifest["databases"]["db_maymessenger"]["dump"]["tables"]["public.Messages"] > 0


def test_a_volume_that_was_removed_comes_back_from_the_newest_dump(
    releases: Releases, deploying: Deployer, restore: Callable[[str], Deploy]
) -> None:
    """What the refusal of a deploy over an empty volume advises."""
    query("""UPDATE "Messages" SET "Content" = 'kept in a dump alone'""")
    assert deploying({**releases.variables["v2"], "stack_backup_keep": 20}).code == 0
    newest = server.backups()[-1]
    server.shell("docker rm --force db_maymessenger; docker volume rm rarebooksdokploy_db_maymessenger_data")
    done = restore(newest)
    assert done.code == 0
    assert query("""SELECT DISTINCT "Content" FROM "Messages" """) == "kept in a dump alone"
    assert_kept_are_told(done)
