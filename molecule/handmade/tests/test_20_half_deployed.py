"""On a node of a Swarm the guide's deploy broken off, with a messenger that crashes; then its rollback, which leaves no site at all."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path

import pytest
import server
from by_hand import KEYS, PASSWORDS
from contract import DIRECTORY
from kinds import Adoption, adopt, decide
from operators import Deployer
from support import Web, wait_until
from taken_over import PROXY, Before, look, made_anew, rows

# What version 0.3.0 stored for a server that it could not deploy to, and whose containers it then made anew as they had been.
STORED = [*PASSWORDS, *KEYS]
KIND = {
    "by_hand_kind": "guide",
    "by_hand_swarm": True,
    "by_hand_moved_mount": True,
    "by_hand_half_deployed": True,
    "by_hand_half_adopted": True,
    "by_hand_stored_secrets": {**dict.fromkeys(STORED, "generated-by-version-0.3.0"), "maymessenger_admin_phone": "+70000000000"},
    "by_hand_foreign_project": True,
}
REPLACED = f"{DIRECTORY}/nginx/nginx_prod.conf was replaced while it was mounted: nginx has the file of before until its container "
MESSENGER = "maymessenger_backend"
# As the guide prints it; the file that it puts back beforehand is the new one, whose messenger is not there any more.
GUIDES_ROLLBACK = f"cd {DIRECTORY} && docker compose stop {MESSENGER} db_maymessenger && docker compose restart proxy"
NEW_FILES = [f"{DIRECTORY}/docker-compose.yml.new", f"{DIRECTORY}/nginx/nginx_prod.conf.new"]
WAITING = [f"{path} waits to be put in place: a change was begun and not ended." for path in NEW_FILES]
UNPROVEN = "- maymessenger_db_password: expected container db_maymessenger to run, "
ADVICE = "`docker start db_maymessenger`"
# What the broken definition says would open nothing.
MENDED = f"environment {MESSENGER} ConnectionStrings__DefaultConnection"


def test_the_report_names_what_crashes_and_what_waits(tmp_path: Path) -> None:
    crashing = "{{.RestartCount}}"
    wait_until(lambda: int(server.run("docker", "inspect", "--format", crashing, MESSENGER)) >= 3, "the messenger to crash")
    broken = adopt(tmp_path).report[5]
    assert [line for line in broken if line.startswith(f"{MESSENGER} ")] and set(WAITING) < set(broken)
    assert [line for line in broken if line.startswith(REPLACED)]


@pytest.fixture(scope="module")
def adoption(tmp_path_factory: pytest.TempPathFactory) -> Adoption:
    """Go back as the guide does, and look once it shows what that has done."""
    server.shell(GUIDES_ROLLBACK)
    wait_until(lambda: "[emerg]" in server.shell(f"docker logs --tail 5 {PROXY} 2>&1"), "nginx to die")
    return adopt(tmp_path_factory.mktemp("shop"))


def test_the_report_says_why_nothing_is_served(adoption: Adoption) -> None:
    assert "db_maymessenger does not run: exited, exit code 0." in adoption.report[5]
    assert (
        'nginx does not accept its files, and would not start again: host not found in upstream "maymessenger_backend:5000" in '
        "/etc/nginx/nginx.conf:12."
    ) in adoption.report[5]
    assert [line for line in adoption.report[5] if line.startswith(UNPROVEN.removeprefix("- ")) and ADVICE in line]
    assert "The engine is part of a Swarm; the release needs none, and leaves it." in adoption.report[2]
    # Its sites were read even so, from the files.
    assert "\nrarebooks_server_names: [rare-books.ru, www.rare-books.ru]\n" in adoption.text
    # The phone that the container has in force is written down, so that only one thing is left to decide.
    assert [line.partition(":")[0] for line in adoption.report[4]] == [MENDED]
    assert re.search(r'^maymessenger_admin_phone: ["\']\+70000000001["\']$', adoption.text, re.MULTILINE), adoption.text


@pytest.fixture(scope="module")
def adopting(adoption: Adoption, deploying: Deployer) -> Deployer:
    decide(adoption, [MENDED])
    return partial(deploying, inventory=adoption.inventory)


def test_a_password_that_no_login_can_prove_is_not_taken(adopting: Deployer) -> None:
    state = server.state()
    done = adopting({})
    assert done.code == 2 and UNPROVEN in done.message() and ADVICE in done.message()
    assert server.difference(state, server.state()).keys() <= {name for name in state if name.startswith("container /nginx")}


@pytest.fixture(scope="module")
def before(adoption: Adoption) -> Before:
    """The server after what the refusal advises."""
    server.shell(ADVICE.strip("`"))
    return look()


@pytest.fixture(scope="module")
def converged(before: Before, adopting: Deployer) -> None:
    done = adopting({})
    assert done.code == 0
    assert f"{PROXY}: replaced, since it is " in done.output and f"{MESSENGER}: replaced, since it is exited" in done.output


@pytest.mark.usefixtures("converged")
def test_the_deploy_brings_both_up(before: Before, browser: Web) -> None:
    assert browser.shop_serves() and browser.messenger_serves()
    assert made_anew(before.containers) == {PROXY, MESSENGER}
    assert set(rows().values()) == {100} and look().volumes == before.volumes
    assert server.run("docker", "info", "--format", "{{.Swarm.LocalNodeState}} {{.LiveRestoreEnabled}}") == "active false\n"
    # Somebody's files are nobody else's to remove.
    assert server.run("ls", *NEW_FILES).split() == NEW_FILES


@pytest.mark.usefixtures("converged")
def test_what_was_never_in_force_is_stored_no_more() -> None:
    stored = json.loads(server.run("cat", server.SECRETS))
    assert stored.items() >= {**PASSWORDS, **KEYS, "maymessenger_admin_phone": "+70000000001"}.items()


@pytest.mark.usefixtures("converged")
def test_the_same_again_changes_nothing(adopting: Deployer) -> None:
    state = server.state()
    done = adopting({})
    assert done.code == 0 and done.recap()["changed"] == 0
    assert server.difference(state, server.state()) == {}
