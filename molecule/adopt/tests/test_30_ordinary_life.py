"""What comes after the adoption: a release, one that fails, another one, and the way back to what was made by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import server
from apps import Written
from by_hand import containers
from contract import DIRECTORY
from operators import Deployer
from support import Web
from taken_over import PROXY, files, foreign, made_anew, policy, rows, type_command
from visitor import Visitor

MESSENGER = "maymessenger_backend"
RELEASE: dict[str, Any] = {"maymessenger_extra_environment": {"DEMO_VERSION": "2.0"}}
SECOND: dict[str, Any] = {"maymessenger_extra_environment": {"DEMO_VERSION": "3.0"}}
BROKEN: dict[str, Any] = {"maymessenger_extra_environment": {"DEMO_DIE_AT_START": "1"}}


@pytest.fixture
def browser(by_hand_ca: str) -> Web:
    return Web(by_hand_ca)


def test_a_release_replaces_what_it_changes_and_nothing_else(adopting: Deployer, guest: Callable[[], Visitor]) -> None:
    before = containers()
    with guest() as visitor:
        done = adopting(RELEASE)
    visitor.assert_served(20)
    assert done.code == 0 and made_anew(before) == {MESSENGER}


def test_a_release_that_fails_leaves_the_shop_and_the_databases_alone(adopting: Deployer, guest: Callable[[], Visitor]) -> None:
    before = containers()
    with guest() as visitor:
        done = adopting(BROKEN)
    visitor.assert_served(20)
    assert done.code == 2 and "The release that ran before is back and was proven" in done.message()
    assert made_anew(before) == {MESSENGER}


def test_a_second_release(adopting: Deployer, browser: Web, written_before: Written) -> None:
    before = containers()
    assert adopting(SECOND).code == 0
    assert made_anew(before) == {MESSENGER}
    assert written_before.read(browser) == written_before.content


def test_a_release_of_the_shop_keeps_what_its_set_up_wrote(adopting: Deployer, browser: Web, written_before: Written) -> None:
    """The file lay in the container that goes with this release. Without it the shop would believe that it was never set up."""
    before, written = containers(), settings()
    assert adopting({**SECOND, "rarebooks_extra_environment": {"DEMO_VERSION": "2.0"}}).code == 0
    assert made_anew(before) == {"rarebooks_backend"}
    assert settings() == written and written_before.read(browser) == written_before.content


def settings() -> str:
    return server.run(
        "docker", "exec", "rarebooks_backend", "sh", "-c", "sha256sum < /app/appsettings.json; stat -c '%a %u %g' /app/appsettings.json"
    )


@pytest.fixture(scope="module")
def by_hand_again(shop: Path) -> Iterable[str]:
    """Go back to the backup that the adoption sealed, the oldest there is."""
    adoption = server.backups()[0]
    others = foreign()
    said = type_command(f"ansible-playbook rollback.yml -e rollback_to={adoption}", shop)
    assert foreign() == others
    return said


def test_the_way_back_restores_what_was_written_by_hand(by_hand_again: str, browser: Web, written_before: Written) -> None:
    assert PROXY in by_hand_again
    assert server.run("head", "-c", "3", f"{DIRECTORY}/docker-compose.yml").encode() == b"\xef\xbb\xbf"
    [adoption, *_rest] = server.backups()
    sealed = server.shell(f"cd {DIRECTORY}/backups/{adoption}/files && sha256sum docker-compose.yml nginx/nginx_prod.conf")
    assert files().startswith(sealed)
    assert not server.run("sh", "-c", f"ls {DIRECTORY}/release.json {DIRECTORY}/compose 2>/dev/null || true")
    assert set(rows().values()) == {100} and written_before.read(browser) == written_before.content
    assert policy() == "always"
    # The first release of the shop's backend has gone, and with it its mount; the file has not.
    assert not server.run("docker", "inspect", "--format", "{{range .Mounts}}{{.Destination}}{{end}}", "rarebooks_backend").count(
        "appsettings"
    )
    assert settings()


@pytest.mark.usefixtures("by_hand_again")
def test_from_there_it_can_be_adopted_again(adopting: Deployer) -> None:
    before = containers()
    done = adopting({"maymessenger_extra_environment": {}})
    assert done.code == 0 and made_anew(before) <= {PROXY}
