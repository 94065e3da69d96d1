"""A database's volume that is gone, or new and empty, stops a deploy, and the command that it prints brings the data back."""

from __future__ import annotations

import re
import shlex
import subprocess
from typing import Any

import pytest
import server
from apps import Account
from by_hand import INVITE_CODE
from contract import DIRECTORY, MESSENGER
from deployment import INVENTORY, ROOT, operator_environment
from operators import Deployer
from support import Web, wait_until

VOLUME = "rarebooksdokploy_db_maymessenger_data"
EXPECTED = f"- Volume {VOLUME}: expected the database maymessenger of container db_maymessenger that the last proven release had, got "
RESTORE = re.compile(r"is in backup \d{8}_\d{6}: (ansible-playbook (?:-i \S+ )?rollback\.yml [^.]+)\. ")
# The release goes on by one, so that a dump of the one before is sealed.
CHANGED: dict[str, Any] = {"maymessenger_extra_environment": {"DEMO_VERSION": "2.0"}}


def compose(arguments: str) -> None:
    server.shell(f"cd {DIRECTORY} && docker compose {arguments}")


@pytest.fixture(scope="module")
def account(deploying: Deployer, tmp_path_factory: pytest.TempPathFactory) -> Account:
    """A user who is in the newest dump."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    path.write_text(server.run("cat", "/opt/rarebooks/ca/ca.pem"))
    made = Account.register(Web(str(path)), INVITE_CODE)
    assert deploying(CHANGED).code == 0
    return made


@pytest.mark.usefixtures("account")
def test_a_missing_volume_stops_the_deploy(refused: Deployer) -> None:
    compose("rm --force --stop db_maymessenger")
    server.run("docker", "volume", "rm", VOLUME)
    message = refused(CHANGED).message()
    assert f"{EXPECTED}no such volume." in message and RESTORE.search(message), message


def test_an_empty_one_stops_it_too_and_the_printed_command_restores(
    account: Account, web: Web, refused: Deployer, deploying: Deployer
) -> None:
    """By then the app has made its tables again, and everything is healthy."""
    compose("up --detach --wait db_maymessenger maymessenger_backend")
    wait_until(lambda: web.get(f"https://{MESSENGER}/health").status_code == 200, "the messenger on its empty database")
    message = refused(CHANGED).message()
    match = RESTORE.search(message)
    assert f"{EXPECTED}one made since, with " in message and match, message
    done = run(match.group(1))
    assert done.returncode == 0, done.stdout
    assert account.log_in(web)
    assert deploying(CHANGED).code == 0


def run(command: str) -> subprocess.CompletedProcess[str]:
    """Run a command as it was printed, where an operator would."""
    environment = operator_environment() | {"ANSIBLE_INVENTORY": str(INVENTORY)}
    return subprocess.run(
        shlex.split(command),
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
