"""A server that somebody set up by hand is recognised: the deploy stops, lists what would be lost, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import by_hand
import pytest
import server
from operators import Deployer
from test_05_adopt import UNDECIDED
from visitor import Visitor

REPORT = [
    "- Replaced by containers of the release, databases too (their volumes stay as they are): db_maymessenger; maymessenger_backend; "
    "nginx_container; rarebooks_backend; rarebooks_books_db; rarebooks_frontend; rarebooks_users_db.",
    "- Certificates replaced by ones of a local CA that no browser knows, since certificates_mode is selfsigned: rare-books.ru; "
    "messenger.rare-books.ru.",
    *(f"- {line}" for line in UNDECIDED),
]


def test_a_deploy_stops_and_lists_what_would_be_lost(refused: Deployer, guest: Callable[[], Visitor]) -> None:
    with guest() as visitor:
        message = refused({}).message()
    visitor.assert_served(10)
    first, *listed, look, last = message.splitlines()
    assert first.startswith("Nothing has been changed. On rarebooks-living somebody set up the Compose project rarebooksdokploy by hand.")
    assert listed == REPORT
    assert look.startswith("To look at all of it: ansible-playbook ") and look.endswith("adopt.yml")
    assert "deploy with -e stack_take_over=true" in last


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        # What is not below stack_path is not sealed, so that there would be no way back.
        (
            {"stack_path": "/opt/rarebooks"},
            "- stack_path: expected /root/RareBooksDokploy, where the files of the running project lie, got /opt/rarebooks.",
        ),
        (
            {"maymessenger_db_password": "not-the-one-it-has"},
            "- maymessenger_db_password: expected the password of the database maymessenger in container db_maymessenger, as user "
            "'postgres', got one with which nobody gets in: ",
        ),
        (
            {"rarebooks_db_user": "shop"},
            "- rarebooks_books_db_password: expected the user 'postgres', with which volume rarebooksdokploy_db_books_data was "
            "initialised, got 'shop', who cannot log in",
        ),
        (
            {"stack_project": "other"},
            "- Container rarebooks_frontend: expected this name free or in Compose project other, got a container of Compose project "
            "rarebooksdokploy.",
        ),
    ],
)
def test_what_must_be_put_right_is_refused_even_then(variables: dict[str, Any], problem: str, refused: Deployer) -> None:
    message = refused({"stack_take_over": "true", **variables}).message()
    assert any(line.startswith(problem) for line in message.splitlines()), message


@pytest.fixture
def _stopped() -> Iterator[None]:
    server.run("docker", "stop", "db_maymessenger")
    yield
    server.run("docker", "start", "db_maymessenger")
    by_hand.wait_for_database()


@pytest.mark.usefixtures("_stopped")
def test_a_password_that_no_login_can_prove_is_not_taken(refused: Deployer) -> None:
    message = refused({"stack_take_over": True}).message()
    assert "- maymessenger_db_password: expected container db_maymessenger to run, " in message
    assert "Start it (`docker start db_maymessenger`), then deploy again." in message


@pytest.fixture
def _published() -> Iterator[None]:
    """The messenger's database as the old guide set it up."""
    own = by_hand.PASSWORDS["maymessenger_db_password"]
    by_hand.set_password(own, by_hand.PUBLISHED)
    yield
    by_hand.set_password(by_hand.PUBLISHED, own)


@pytest.mark.usefixtures("_published")
def test_a_published_password_is_not_taken(refused: Deployer) -> None:
    message = refused({"stack_take_over": True}, given=[by_hand.PUBLISHED]).message()
    assert (
        "- maymessenger_db_password: expected a password that nobody knows, got one that was printed in the public deployment guide: the "
        "database maymessenger in container db_maymessenger opens with it. Change it: `docker exec -it db_maymessenger psql "
    ) in message
