"""A database goes to another version of PostgreSQL with every row that the app was told was written, and back again."""

from __future__ import annotations

import docker
import pytest
import server
from operators import Deployer
from printed import DATABASE, UPGRADE, upgrade
from support import wait_until
from terminal import type_in

from demo import build_images, registry

CONTAINER, VOLUME = "db_maymessenger", "rarebooksdokploy_db_maymessenger_data_18"
LINES = {"maymessenger_db_image": "postgres:18", "maymessenger_db_volume_suffix": "_18"}
QUIET = {"stack_backup_databases": "off"}
ACKNOWLEDGED = "/tmp/acknowledged"
# As the app writes, and over its connection, until its container is stopped: a line for each row that the database has acknowledged.
WRITER = """
import asyncio, asyncpg, os
said = dict(pair.split("=", 1) for pair in os.environ["ConnectionStrings__DefaultConnection"].split(";") if pair)
async def write():
    connection = await asyncpg.connect(host=said["Host"], user=said["Username"], password=said["Password"], database=said["Database"])
    while True:
        print(await connection.fetchval("INSERT INTO written DEFAULT VALUES RETURNING id"), flush=True)
asyncio.run(write())
"""


def psql(statement: str) -> str:
    return server.run("docker", "exec", CONTAINER, "psql", "-U", "postgres", "-d", DATABASE, "-Atqc", statement).strip()


def version() -> int:
    return int(psql("SHOW server_version_num")) // 10000


def begin_to_write() -> None:
    """Let the app's container write rows as fast as it can."""
    script = WRITER.replace("'", "'\\''")
    server.shell(f"(docker exec maymessenger_backend python3 -c '{script}' >> {ACKNOWLEDGED} 2> /tmp/writer) > /dev/null 2>&1 &")
    wait_until(lambda: acknowledged() > 0, "the first row")


def acknowledged() -> int:
    return int(server.run("sh", "-c", f"grep -cE '^[0-9]+$' {ACKNOWLEDGED} || true").strip())


def kept() -> int:
    return int(psql("SELECT count(*) FROM written"))


@pytest.fixture(scope="module", autouse=True)
def _later_image() -> None:
    """The registry has a later PostgreSQL, and the app a table to write to."""
    client = docker.from_env()
    container = registry.find(client)
    assert container is not None
    registry.push(client, registry.address(container), build_images.provide_later(18))
    server.shell(f"rm -f {ACKNOWLEDGED}")
    psql("CREATE TABLE IF NOT EXISTS written (id bigserial PRIMARY KEY)")


def test_killed_while_the_rows_go_over_the_next_deploy_goes_on_with_all_of_them(deploying: Deployer) -> None:
    begin_to_write()
    server.shell(
        f"(until docker volume inspect {VOLUME} > /dev/null 2>&1; do :; done;"
        # The module, as the lease has noted it.
        r"""kill -9 $(sed -n 's/.*"process": {"pid": \([0-9]*\).*/\1/p' /run/rarebooks.platform/*.json)) > /dev/null 2>&1 &"""
    )
    assert type_in(UPGRADE).code != 0
    assert deploying(QUIET).code == 0
    assert version() == 15 and kept() >= acknowledged() > 0


def test_finished_it_has_every_row_and_what_the_inventory_says_decides(deploying: Deployer, refused: Deployer) -> None:
    begin_to_write()
    done = type_in(UPGRADE)
    assert done.code == 0 and "maymessenger_db_image: postgres:18 and maymessenger_db_volume_suffix: _18" in done.output
    assert version() == 18 and kept() >= acknowledged() > 0
    assert "maymessenger_db_image: postgres:18 and maymessenger_db_volume_suffix: _18" in refused(QUIET).message()
    assert deploying(LINES).recap()["changed"] == 0


def test_another_image_is_refused_with_the_command(refused: Deployer) -> None:
    command = upgrade("rarebooks", 18).removeprefix("ansible-playbook ")
    assert command in refused({**LINES, **QUIET, "rarebooks_db_image": "postgres:18"}).message()


def test_back_rows_that_would_be_missing_are_confirmed(deploying: Deployer, refused: Deployer) -> None:
    """The bare rollback goes to what was sealed before the upgrade."""
    before = kept()
    psql("INSERT INTO written DEFAULT VALUES")
    done = refused({}, playbook="rollback.yml")
    assert "without 1 rows written or changed since" in done.message()
    assert deploying({"rollback_confirm": True, **QUIET}, playbook="rollback.yml").code == 0
    assert version() == 15 and kept() == before
    assert deploying(QUIET).code == 0
    psql("DROP TABLE written")
    server.shell(f"docker volume rm {VOLUME} > /dev/null")
