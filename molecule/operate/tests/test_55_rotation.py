"""Secrets are rotated by one command, which no kill leaves half done, and a rollback over it serves."""

from __future__ import annotations

import json

import pytest
import server
from deployment import Deploy
from operators import Deployer
from printed import DATABASE, ROTATE, ROTATE_KEY
from support import wait_until
from terminal import type_in

CONTAINER, SECRET, KEY = "db_maymessenger", "maymessenger_db_password", "maymessenger_jwt_secret"
OTHERS = ("rarebooks_backend", "rarebooks_frontend", "rarebooks_books_db", "rarebooks_users_db")
STORE = "/opt/rarebooks/.secrets.json"


def stored() -> dict[str, str]:
    found: dict[str, str] = json.loads(server.run("cat", STORE))
    return found


def opens(password: str) -> bool:
    """Say whether the database lets in whoever has this password, at its address in the network."""
    address = server.run("docker", "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", CONTAINER).strip()
    command = f"docker exec -e PGPASSWORD={password} {CONTAINER} psql -h {address} -U postgres -d {DATABASE} -c 'SELECT 1'"
    return server.run("sh", "-c", f"{command} > /dev/null 2>&1 && echo yes || echo no").strip() == "yes"


def consistent() -> str:
    """Return the password with which the database, the files and the containers agree."""
    password = server.run("sed", "-n", "s/.*;Password=//p", "/opt/rarebooks/env/maymessenger_backend.env").strip()
    environment = server.run("docker", "inspect", "-f", "{{json .Config.Env}}", "maymessenger_backend", CONTAINER)
    assert opens(password) and environment.count(password) == 2
    assert server.run("docker", "inspect", "-f", "{{.State.Health.Status}}", "maymessenger_backend").strip() == "healthy"
    return password


def started() -> dict[str, str]:
    return {name: server.run("docker", "inspect", "-f", "{{.Id}} {{.State.StartedAt}}", name) for name in OTHERS}


def assert_hidden(done: Deploy, *values: str) -> None:
    assert [value for value in (*values, *stored().values()) if value in done.output and len(value) > 12] == []


@pytest.fixture(scope="module")
def rotated() -> dict[str, str]:
    """The secrets of before a rotation of all that the app takes."""
    before, others = stored(), started()
    done = type_in(f"{ROTATE} --diff")
    assert done.code == 0 and "users have to log in again" in done.output
    assert_hidden(done, *before.values())
    assert started() == others
    return before


def test_the_new_ones_are_in_force_and_the_old_ones_are_not(rotated: dict[str, str]) -> None:
    now = stored()
    assert {name for name in now if now[name] != rotated[name]} == {SECRET, KEY}
    assert consistent() == now[SECRET] and not opens(rotated[SECRET])
    assert server.run("sh", "-c", f"docker logs {CONTAINER} 2>&1 | grep -c SCRAM || true").strip() == "0"


def test_check_mode_says_what_a_run_does_and_does_nothing(rotated: dict[str, str]) -> None:
    before = server.state()
    done = type_in(f"{ROTATE_KEY} --check --diff")
    assert done.code == 0 and f"Would rotate: {KEY}" in done.output and "maymessenger_backend" in done.output
    assert server.difference(before, server.state()) == {}


def test_a_bare_rollback_goes_back_over_it_and_the_next_deploy_forward(rotated: dict[str, str], deploying: Deployer) -> None:
    now = stored()
    done = deploying({"stack_backup_databases": "off"}, given=rotated.values(), playbook="rollback.yml")
    assert done.code == 0 and "did not accept the password of this release, and was given it" in " ".join(done.output.split())
    assert consistent() == rotated[SECRET] and stored() == now
    assert deploying({"stack_backup_databases": "off"}).code == 0
    assert consistent() == now[SECRET]


def test_one_that_the_inventory_gives_is_refused_by_a_deploy_that_names_this_command(rotated: dict[str, str], deploying: Deployer) -> None:
    given = "given-in-an-inventory"
    done = deploying({SECRET: given}, given=[given])
    assert done.code == 2 and f"rotate_secrets.yml -e secret={SECRET}" in done.message()
    done = deploying({SECRET: given, "secret": SECRET}, given=[given], playbook="rotate_secrets.yml")
    assert done.code == 0 and consistent() == given
    assert deploying({SECRET: given}, given=[given]).code == 0
    assert type_in(f"{ROTATE} -e secret={SECRET}").code == 0 and consistent() not in (given, rotated[SECRET])


def test_one_that_the_app_does_not_take_is_undone(rotated: dict[str, str]) -> None:
    """The new release's backend cannot start: its image is another one by the time it is made anew."""
    before, others = stored(), started()
    backend = server.run("docker", "inspect", "-f", "{{.Config.Image}} {{.Image}}", "maymessenger_backend").split()
    server.shell(f"docker tag {server.run('docker', 'inspect', '-f', '{{.Image}}', CONTAINER).strip()} {backend[0]}")
    try:
        done = type_in(ROTATE)
    finally:
        server.shell(f"docker tag {backend[1]} {backend[0]}")
    assert done.code == 2 and "The release that ran before is back" in done.message()
    assert stored() == before and consistent() == before[SECRET] and started() == others


def test_killed_between_the_database_and_the_containers_the_next_run_converges(rotated: dict[str, str], deploying: Deployer) -> None:
    """The module is killed as soon as the database has the new password: then the containers still have the old one."""
    before = stored()[SECRET]
    sql = "SELECT rolpassword FROM pg_authid WHERE rolname = 'postgres'"
    server.shell(
        f"""old=$(docker exec {CONTAINER} psql -U postgres -Atc "{sql}");"""
        f"""(while [ "$(docker exec {CONTAINER} psql -U postgres -Atc "{sql}")" = "$old" ]; do :; done;"""
        # The module, as the lease has noted it.
        r"""kill -9 $(sed -n 's/.*"process": {"pid": \([0-9]*\).*/\1/p' /run/rarebooks.platform/*.json); echo killed > /tmp/killed)"""
        " > /dev/null 2>&1 &"
    )
    assert type_in(ROTATE).code != 0
    wait_until(lambda: server.run("sh", "-c", "cat /tmp/killed 2> /dev/null || true").strip() == "killed", "the kill")
    assert not opens(before)
    assert deploying({"stack_backup_databases": "off"}, given=[before]).code == 0
    assert consistent() == before == stored()[SECRET]
    assert server.run("sh", "-c", "ls -a /opt/rarebooks | grep -c secrets.new || true").strip() == "0"
