"""The evening of the adoption: nothing is made anew and no request is lost until the operator has the proxy replaced."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import server
from apps import Written
from deployment import Deploy
from operators import Deployer
from printed import MOVE_PROXY
from routes import ROUTES, archive, leads
from support import Web
from taken_over import MOVE, PROXY, Before, look, made_anew, policy, rows, type_command
from visitor import Visitor

POLICY = "rarebooks_frontend: goes on running, and gets restart policy unless-stopped."
CARRIED = "Carried over as made by hand, each container until its own next release: "


@pytest.fixture(scope="module")
def before(written_before: Written) -> Before:
    return look()


@pytest.fixture(scope="module")
def browser(by_hand_ca: str) -> Web:
    """The certificates stay as they are, so that whoever trusted them goes on."""
    return Web(by_hand_ca)


def test_check_mode_says_what_will_go_on_and_changes_nothing(before: Before, adopting: Deployer) -> None:
    state = server.state()
    done = adopting({}, "--check", "--diff")
    assert done.code == 0
    assert f"{CARRIED}db_maymessenger, maymessenger_backend, maymessenger_web_client, nginx_container, rarebooks_backend, " in done.output
    assert POLICY in done.output and "and start: no container" in done.output
    assert server.difference(state, server.state()) == {}


@pytest.fixture(scope="module")
def adopted(before: Before, adopting: Deployer, by_hand_ca: str) -> Deploy:
    """Adopt it, while somebody uses the shop and somebody the messenger."""
    shop = Visitor(server.address(), by_hand_ca)
    messenger = Visitor(server.address(), by_hand_ca, "messenger.rare-books.ru", ["/health", "/web/"])
    with shop, messenger:
        done = adopting({})
    assert done.code == 0
    shop.assert_served(100)
    messenger.assert_served(100)
    return done


def test_every_container_is_the_one_of_before(adopted: Deploy, before: Before) -> None:
    assert made_anew(before.containers) == set()
    assert "Containers started or replaced: none" in adopted.output and POLICY in adopted.output
    assert policy() == "unless-stopped"


@pytest.mark.usefixtures("adopted")
def test_nothing_that_was_written_is_lost(browser: Web, written_before: Written, before: Before) -> None:
    assert set(rows().values()) == {100}
    assert written_before.read(browser) == written_before.content
    assert server.run("docker", "exec", "rarebooks_backend", "cat", "/app/appsettings.json")
    now = look()
    assert (now.files.splitlines()[1], now.foreign, now.volumes) == (before.files.splitlines()[1], before.foreign, before.volumes)


@pytest.mark.usefixtures("adopted")
def test_the_same_again_changes_nothing(adopting: Deployer) -> None:
    state = server.state()
    done = adopting({})
    assert done.code == 0 and done.recap()["changed"] == 0
    assert server.difference(state, server.state()) == {}


@pytest.fixture(scope="module")
def moved(adopted: Deploy, shop: Path, by_hand_ca: str) -> str:
    """Have the proxy replaced, by the command that each deploy prints until then."""
    command = MOVE.search(adopted.output)
    assert command, adopted.output
    assert re.sub(r"-i \S+ ", "", command.group(1)) == MOVE_PROXY
    visitor = Visitor(server.address(), by_hand_ca)
    with visitor:
        said = type_command(command.group(1), shop)
    lost = {answer for _page, answer in visitor.answers if answer != "200"}
    # Refused while nobody listened, and never sent astray.
    assert all("Connection" in answer for answer in lost), dict(visitor.answers)
    return said


def test_the_proxy_alone_is_replaced(moved: str, before: Before) -> None:
    assert made_anew(before.containers) == {PROXY}
    assert f"Containers started or replaced: {PROXY}" in moved and not MOVE.search(moved)


@pytest.mark.usefixtures("moved")
@pytest.mark.parametrize(("url", "status", "target"), ROUTES)
def test_each_address_leads_where_it_did(browser: Web, url: str, status: int, target: str | None) -> None:
    assert leads(browser, url) == (status, target)


@pytest.mark.usefixtures("moved")
def test_the_third_site_is_carried_over(browser: Web) -> None:
    assert archive(browser) == (200, "the archive\n")


@pytest.mark.usefixtures("moved")
def test_after_that_it_is_a_server_like_any_other(adopting: Deployer, guest: Callable[[], Visitor]) -> None:
    state = server.state()
    with guest() as visitor:
        done = adopting({"stack_adopt_proxy": "now"})
    visitor.assert_served(10)
    assert done.code == 0 and done.recap()["changed"] == 0
    assert server.difference(state, server.state()) == {}
    # Whatever the inventory goes on saying.
    assert adopting({}).recap()["changed"] == 0
