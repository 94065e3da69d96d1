"""A file that the shop writes outside of its volume: into the release, back to containers made by hand, over them again, and given up."""

from __future__ import annotations

from typing import Any

import by_hand
import pytest
import server
from operators import Deployer

PATH = "/app/appsettings.json"
PLACE = f"{server.DIRECTORY}/files/rarebooks_backend{PATH}"
KEEP: dict[str, Any] = {"rarebooks_backend_kept_files": [PATH]}


def in_container() -> str:
    return server.run("docker", "exec", "rarebooks_backend", "cat", PATH)


def write(text: str) -> None:
    server.run("docker", "exec", "rarebooks_backend", "sh", "-c", f"echo {text} > {PATH}")


def is_mounted() -> bool:
    return PATH in server.run("docker", "inspect", "--format", "{{json .Mounts}}", "rarebooks_backend")


@pytest.fixture(scope="module", autouse=True)
def _kept(deploying: Deployer) -> None:
    write("of-its-set-up")
    assert deploying(KEEP).code == 0


def test_it_is_kept() -> None:
    assert server.run("cat", PLACE) == in_container() == "of-its-set-up\n" and is_mounted()


def test_containers_made_by_hand_get_it_back(deploying: Deployer) -> None:
    """Their database once more has the password that they know."""
    write("of-the-release")
    role = f"ALTER ROLE postgres PASSWORD '{by_hand.PASSWORDS['rarebooks_books_db_password']}'"
    server.run("docker", "exec", "rarebooks_books_db", "psql", "--quiet", "-U", "postgres", "-d", "RareBooks_Books", "-c", role)
    back = {"rollback_to": server.backups()[0], "rollback_confirm": True}
    assert deploying(back, playbook="rollback.yml", given=by_hand.PASSWORDS.values()).code == 0
    assert in_container() == "of-the-release\n" and not is_mounted()


def test_what_they_write_is_what_the_next_release_has(deploying: Deployer) -> None:
    write("of-containers-made-by-hand")
    assert deploying({**KEEP, "stack_take_over": True}, given=[*by_hand.PASSWORDS.values(), *by_hand.KEYS.values()]).code == 0
    assert server.run("cat", PLACE) == in_container() == "of-containers-made-by-hand\n" and is_mounted()


def test_one_that_is_no_longer_kept_goes_into_the_container(deploying: Deployer) -> None:
    assert deploying({}).code == 0
    assert in_container() == "of-containers-made-by-hand\n" and not is_mounted()
