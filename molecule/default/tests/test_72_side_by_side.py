"""New containers take the place of ones that serve, and nobody notices: twice, since only what Compose made answers for its name to the
end, then one that never gets healthy, one that is cut off, and the way back to how it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import server
from operators import Deployer
from visitor import Visitor

APPS = {"stack_side_by_side": ["rarebooks", "maymessenger"], "stack_drain": 20}
EXCHANGED = ["maymessenger_backend", "rarebooks_backend", "rarebooks_frontend"]
# A container as a power failure leaves one that was about to be exchanged.
LEFT_BEHIND = "docker create --name rarebooks_frontend_beside {labels} rarebooks_frontend:latest"
LABELS = "com.docker.compose.project=rarebooksdokploy com.docker.compose.service=frontend rarebooks.platform.beside=rarebooks_frontend"


def release(number: int) -> dict[str, Any]:
    """Return variables that make each container of an app another one, and no database."""
    names = ("maymessenger_backend", "rarebooks_backend", "rarebooks_frontend")
    return {**APPS, **{f"{name}_probe_timing": {"timeout": number} for name in names}}


def containers() -> list[str]:
    return server.run("docker", "ps", "--all", "--format", "{{.Names}}").split()


@pytest.mark.parametrize("number", [11, 12])
def test_nobody_notices(deploying: Deployer, visitor: Callable[[], Visitor], number: int) -> None:
    before = server.release_containers()
    with visitor() as shopping:
        done = deploying(release(number))
    assert done.code == 0
    shopping.assert_served(at_least=20)
    said = " ".join(done.output.split())
    for name in EXCHANGED:
        assert f"{name}: exchanged beside the one before" in said
    assert server.release_containers().keys() == before.keys()
    assert [name for name in containers() if name.endswith(("_beside", "_before"))] == []


def test_compose_takes_them_for_its_own() -> None:
    before = server.run("docker", "ps", "--quiet", "--no-trunc").split()
    server.shell("cd /opt/rarebooks && docker compose up --detach && docker compose logs maymessenger_backend")
    assert server.run("docker", "ps", "--quiet", "--no-trunc").split() == before


def test_the_next_deploy_finds_nothing_to_do(deploying: Deployer) -> None:
    done = deploying(release(12))
    assert done.code == 0 and done.recap()["changed"] == 0


def test_one_that_is_never_healthy_costs_nobody_anything(deploying: Deployer, visitor: Callable[[], Visitor]) -> None:
    before = server.run("docker", "ps", "--quiet", "--no-trunc").split()
    with visitor() as shopping:
        done = deploying({**release(12), "rarebooks_backend_probe": ["false"], "stack_gate_deadline": 20})
    assert done.code == 2
    shopping.assert_served(at_least=20)
    assert server.run("docker", "ps", "--quiet", "--no-trunc").split() == before


def test_what_was_cut_off_is_ended_and_all_is_as_before(deploying: Deployer, visitor: Callable[[], Visitor]) -> None:
    labels = " ".join(f"--label {one}" for one in LABELS.split())
    server.shell(LEFT_BEHIND.format(labels=labels))
    assert deploying({}).code == 0
    assert [name for name in containers() if name.endswith(("_beside", "_before"))] == []
    assert json.loads(server.run("cat", "/opt/rarebooks/release.json")).get("side_by_side") is None
