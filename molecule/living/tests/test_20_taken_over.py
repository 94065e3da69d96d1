"""Taken over on request: the passwords of the databases with their data, both apps, and nothing afterwards that was not said."""

from __future__ import annotations

import json
from typing import Any

import by_hand
import pytest
import server
from apps import Written
from contract import SHOP
from deployment import Deploy
from operators import Deployer
from support import Web

NEW_PASSWORD = "typed-as-the-message-says"


@pytest.fixture(scope="module")
def before(written_before: Written) -> dict[str, str]:
    """What ran before, with something written."""
    return by_hand.containers()


@pytest.fixture(scope="module", autouse=True)
def taken_over(before: dict[str, str], refused: Deployer, deploying: Deployer) -> Deploy:
    """Take the server over; one password is changed first, by the command that the refusal of another one prints."""
    wrong = refused({"stack_take_over": True, "rarebooks_books_db_password": NEW_PASSWORD}).message()
    match = by_hand.CHANGE.search(wrong)
    assert match, wrong
    by_hand.type_password(match.group(1), NEW_PASSWORD)
    variables = {"stack_take_over": "true", "rarebooks_books_db_password": NEW_PASSWORD}
    done = deploying(variables, given=[NEW_PASSWORD, *by_hand.PASSWORDS.values(), *by_hand.KEYS.values()])
    assert done.code == 0
    return done


def stored() -> dict[str, str]:
    loaded: dict[str, str] = json.loads(server.run("cat", server.SECRETS))
    return loaded


def test_the_passwords_are_those_that_open_the_databases() -> None:
    assert stored().items() >= {**by_hand.PASSWORDS, "rarebooks_books_db_password": NEW_PASSWORD}.items()


def test_the_keys_are_those_that_were_in_force() -> None:
    assert stored().items() >= by_hand.KEYS.items()


def test_both_apps_serve_with_all_that_was_written(web: Web, written_before: Written) -> None:
    assert web.shop_serves() and web.messenger_serves()
    assert written_before.read(web) == written_before.content


def test_what_the_release_does_not_know_is_left_alone(before: dict[str, str]) -> None:
    now = by_hand.containers()
    assert now["maymessenger_web_client"] == before["maymessenger_web_client"]
    assert not now.items() & {name: before[name] for name in before if name != "maymessenger_web_client"}.items()
    assert "rarebooksdokploy_maymessenger_images" in server.run("docker", "volume", "ls", "--quiet").split()


def test_what_was_live_is_sealed() -> None:
    [identifier] = server.backups()
    manifest = json.loads(server.run("cat", f"{server.DIRECTORY}/backups/{identifier}/manifest.json"))
    assert {"docker-compose.yml", "nginx/nginx_prod.conf"} <= manifest["files"].keys()
    assert all(one["dump"] for one in manifest["databases"].values()) and len(manifest["databases"]) == 3


def test_from_then_on_it_is_a_server_like_any_other(deploying: Deployer) -> None:
    state = server.state()
    done = deploying({})
    assert done.code == 0 and done.recap()["changed"] == 0
    assert server.difference(state, server.state()) == {}


def test_a_lost_store_of_secrets_is_made_again_from_what_runs(deploying: Deployer) -> None:
    secrets, state = stored(), server.state()
    server.run("mv", server.SECRETS, "/root/secrets.json")
    done = deploying({}, given=secrets.values())
    assert done.code == 0 and stored() == secrets
    changed = [name for name in server.difference(state, server.state()) if not name.startswith(server.SECRETS)]
    assert [name for name in changed if "/backups" not in name and not name.startswith("image ")] == []


def test_another_database_user_is_refused(refused: Deployer) -> None:
    message = refused({"rarebooks_db_user": "shop"}).message()
    assert "rarebooks_books_db_password: expected the user 'postgres', with which volume rarebooksdokploy_db_books_data was" in message


@pytest.fixture
def namesake() -> Any:
    """A container of somebody else on our network, whose service is called as the shop's are."""
    aliases = [word for name in ("backend", "frontend") for word in ("--network-alias", name)]
    server.run("docker", "run", "--detach", "--name", "blog", "--network", "rarebooks_network", *aliases, "nginx:stable-alpine")
    yield
    server.run("docker", "rm", "--force", "blog")


@pytest.mark.usefixtures("namesake")
def test_the_shops_own_containers_alone_are_asked(web: Web) -> None:
    """With services' names in nginx every other request went astray, and an index page of nginx answered for the API."""
    answers = [web.get(f"https://{SHOP[1]}/api/test/setup-status") for _request in range(40)]
    assert {(answer.status_code, answer.headers["Content-Type"].split(";")[0]) for answer in answers} == {(200, "application/json")}


@pytest.mark.usefixtures("namesake")
def test_a_namesake_of_a_database_is_refused(refused: Deployer) -> None:
    server.run("docker", "network", "disconnect", "rarebooks_network", "blog")
    server.run("docker", "network", "connect", "--alias", "db_books", "rarebooks_network", "blog")
    message = refused({}).message()
    assert "- Container blog of no Compose project: expected no other container to answer to db_books on the network" in message
