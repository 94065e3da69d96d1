"""The shop alone, on a network of the guide's name and an engine with flags, beside somebody's blog; then the messenger comes to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import server
from apps import open_shop
from deployment import ROOT
from kinds import Adoption, adopt, adopting
from operators import Deployer
from support import Web
from taken_over import PROXY, Before, look, made_anew, rows
from visitor import Visitor

KIND = {
    "by_hand_kind": "shop",
    "by_hand_network": "rarebooks_network",
    "by_hand_engine_flags": "--log-opt max-size=50m --live-restore",
    "by_hand_foreign_project": True,
}
MESSENGER = {"db_maymessenger", "maymessenger_backend"}
BESIDE: dict[str, Any] = {
    "stack_apps": ["rarebooks", "maymessenger"],
    "stack_adopt_proxy": "now",
    "maymessenger_backend_source": str(ROOT / "demo/apps/maymessenger"),
    "maymessenger_backend_probe": ["/usr/local/bin/healthcheck", "http://127.0.0.1:5000/health"],
}


@pytest.fixture(scope="module")
def before(browser: Web) -> Before:
    """The server with a shop that was set up, and so has written its file."""
    open_shop(browser, "by hand")
    return look()


@pytest.fixture(scope="module")
def adoption(before: Before, tmp_path_factory: pytest.TempPathFactory) -> Adoption:
    return adopt(tmp_path_factory.mktemp("shop"))


def test_the_report_names_its_own_and_leaves_nothing_to_decide(adoption: Adoption) -> None:
    assert "Networks: rarebooks_network" in adoption.report[1]
    assert "Other containers on the project's networks, by the names they answer to: blog (blog)" in adoption.report[1]
    assert "The engine is started with --log-opt --live-restore; this stays." in adoption.report[2]
    assert adoption.report[4] == adoption.report[5] == ["nothing"]
    assert "\nstack_apps: [rarebooks]\n" in adoption.text and "network_name" not in adoption.text


def test_check_mode_says_that_nothing_is_started(adoption: Adoption, deploying: Deployer) -> None:
    """Without Docker's Python library too."""
    state = server.state()
    done = adopting(deploying, adoption)({}, "--check", "--diff")
    assert done.code == 0 and server.difference(state, server.state()) == {}
    assert "python3-docker, python3-requests, and start: no container" in done.output


@pytest.fixture(scope="module")
def adopted(before: Before, adoption: Adoption, deploying: Deployer, by_hand_ca: str) -> Path:
    with Visitor(server.address(), by_hand_ca) as visitor:
        done = adopting(deploying, adoption)({})
    assert done.code == 0
    visitor.assert_served(50)
    return adoption.inventory


@pytest.mark.usefixtures("adopted")
def test_nothing_is_made_anew_or_lost(before: Before) -> None:
    now = look()
    assert now.containers == before.containers and made_anew(before.containers) == set()
    assert (now.foreign, now.volumes) == (before.foreign, before.volumes)
    assert set(rows().values()) == {100}
    # The engine starts with its flags, and not with the same in its file.
    assert "live-restore" not in server.run("cat", "/etc/docker/daemon.json")
    server.run("dockerd", "--validate", "--log-opt", "max-size=50m", "--live-restore")


@pytest.fixture(scope="module")
def beside(adopted: Path, deploying: Deployer) -> None:
    """Have the messenger come, as the guide does it, and the proxy read the release's configuration with it."""
    done = deploying(BESIDE, inventory=adopted)
    assert done.code == 0


@pytest.mark.usefixtures("beside")
def test_the_messenger_comes_beside_it(before: Before, browser: Web) -> None:
    assert made_anew(before.containers) == MESSENGER | {PROXY}
    assert browser.shop_serves() and browser.messenger_serves()
    assert open_shop(browser, "by hand")


@pytest.mark.usefixtures("beside")
def test_the_same_again_changes_nothing(adopted: Path, deploying: Deployer) -> None:
    state = server.state()
    done = deploying(BESIDE, inventory=adopted)
    assert done.code == 0 and done.recap()["changed"] == 0
    assert server.difference(state, server.state()) == {}


@pytest.mark.usefixtures("beside")
def test_the_way_back_leads_to_the_shop_alone(before: Before, adopted: Path, deploying: Deployer, browser: Web) -> None:
    done = deploying({"rollback_to": server.backups()[0]}, playbook="rollback.yml", inventory=adopted)
    assert done.code == 0
    now = look()
    assert now.containers.keys() == before.containers.keys() and made_anew(before.containers) == {PROXY}
    assert (now.files, now.foreign) == (before.files, before.foreign)
    # Of the messenger, its data.
    assert set(before.volumes.split()) < set(now.volumes.split())
    assert set(rows().values()) == {100} and browser.shop_serves() and open_shop(browser, "by hand")
