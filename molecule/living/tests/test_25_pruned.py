"""`docker system prune -af`, as it stands in many a cron job, on a server whose images were built on it and are nowhere else."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import server
from contract import DIRECTORY
from operators import Deployer

IMAGE = "shop_by_hand:1"
BY_HAND: dict[str, Any] = {"rarebooks_backend_image": IMAGE, "stack_backup_databases": "dump"}
NEXT: dict[str, Any] = {**BY_HAND, "maymessenger_extra_environment": {"DEMO_VERSION": "1.5"}}


def names() -> list[str]:
    return server.run("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()


@pytest.fixture(scope="module")
def earlier(deploying: Deployer) -> dict[str, Any]:
    """The release before the one that is live; its shop runs on an image that somebody built here."""
    server.run("docker", "build", "--quiet", "--tag", IMAGE, "-", stdin="FROM rarebooks_backend:latest\nLABEL made=by-hand\n")
    assert deploying(BY_HAND).code == 0
    release = server.release()
    assert deploying(NEXT).code == 0
    return release


@pytest.fixture(scope="module", autouse=True)
def _pruned(earlier: dict[str, Any]) -> None:
    before = names()
    server.run("docker", "system", "prune", "--all", "--force")
    # Of an image that runs it leaves one name, and here our tag for backups is a second.
    assert IMAGE in before and not {IMAGE, *(name for name in before if "-backup:" in name)} <= set(names())


def test_an_unchanged_deploy_says_so_and_what_the_prune_took(deploying: Deployer) -> None:
    containers = {name: entry for name, entry in server.state().items() if name.startswith("container ")}
    done = deploying(NEXT)
    told = " ".join(done.output.split())
    assert done.code == 0 and "Nothing to change: the server is as described." in told
    assert {name: entry for name, entry in server.state().items() if name.startswith("container ")} == containers
    assert IMAGE in names()
    # The release that somebody set up by hand ran on an image that nothing used any more.
    assert re.search(rf"their images are gone from the server \(`docker system prune --all`\?\): [\d_, ]*{server.backups()[0]}", told)


def test_the_list_of_backups_says_it_too(deploying: Deployer) -> None:
    listed = deploying({}, playbook="backups.yml").said
    assert "CANNOT BE RESTORED: image rarebooksdokploy-maymessenger_backend " in listed
    assert f"CANNOT BE RESTORED: image {IMAGE} " not in listed


def test_what_is_gone_is_refused(refused: Deployer) -> None:
    message = refused({"rollback_to": server.backups()[0], "rollback_confirm": True}, playbook="rollback.yml").message()
    assert "image rarebooksdokploy-maymessenger_backend" in message and "Nothing has been changed." in message


def test_the_release_before_can_be_gone_back_to(earlier: dict[str, Any], deploying: Deployer) -> None:
    assert deploying({"stack_backup_databases": "dump"}, playbook="rollback.yml").code == 0
    assert server.difference(earlier, server.release()) == {}
    manifest = json.loads(server.run("cat", f"{DIRECTORY}/backups/{server.backups()[-1]}/manifest.json"))
    assert manifest["images"]["rarebooks_backend"]["name"] == IMAGE
