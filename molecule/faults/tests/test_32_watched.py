"""A messenger that serves at first and then does not: it is watched after the switch, and what ran before comes back by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import server
from operators import Deployer
from support import wait_until
from visitor import Visitor

MESSENGER = "messenger.rare-books.ru"
# The stand-in cannot read this, and answers 500.
BROKEN = "/api/test/echo?setCookie=none"
# For some seconds: those of the switch itself do not count.
ERRORS, PAUSE = 80, 0.2


@contextmanager
def visitors_of(version: str, visit: Visitor) -> Iterator[None]:
    """Have people ask for what is broken as soon as this version serves, and not before."""
    told: list[str] = []

    def ask() -> None:
        wait_until(lambda: version in visit.body("/health"), f"version {version} to serve", seconds=120)
        for _each in range(ERRORS):
            told.append(visit.ask(BROKEN))
            time.sleep(PAUSE)

    thread = threading.Thread(target=ask, name="visitors")
    thread.start()
    try:
        yield
    finally:
        thread.join()
    assert "500" in told


@pytest.fixture
def before() -> Iterator[dict[str, Any]]:
    """The release before, which is to be back in the end."""
    found = server.release()
    yield found
    assert server.difference(found, server.release()) == {}
    assert server.ledger()[-1]["result"] == "restored"


def test_one_that_turns_unhealthy_after_the_gate_is_undone(
    deploying: Deployer, visitor: Callable[..., Visitor], before: dict[str, Any]
) -> None:
    with visitor() as somebody:
        done = deploying({"maymessenger_extra_environment": {"DEMO_UNHEALTHY_AFTER": "12"}, "stack_watch": 40})
    somebody.assert_served(at_least=20)
    assert done.code == 2
    assert "It served, but not for the 40 s that it was watched after that: after " in done.output
    assert "- http May Messenger health (" in done.output and "got:      status 503" in done.output
    assert "RareBooks and May Messenger serve again." in done.output


def test_one_that_answers_its_visitors_with_errors_is_undone(
    deploying: Deployer, visitor: Callable[..., Visitor], before: dict[str, Any]
) -> None:
    with visitors_of("faulty", visitor(host=MESSENGER)):
        done = deploying({"maymessenger_extra_environment": {"DEMO_VERSION": "faulty"}, "stack_watch": 40})
    assert done.code == 2
    assert "- visitors May Messenger (" in done.output
    assert "answers since the switch are errors" in done.output
    assert "RareBooks and May Messenger serve again." in done.output


def test_one_that_goes_on_is_live(deploying: Deployer, visitor: Callable[..., Visitor]) -> None:
    for variables in ({"maymessenger_extra_environment": {"DEMO_VERSION": "2.0.0"}}, {}):
        assert deploying({**variables, "stack_watch": 6}).code == 0
    assert server.ledger()[-1]["result"] == "deployed"
