"""A controller that dies while the server switches: the switch goes on by itself, to its end or back."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest
import server
from controllers import JOURNAL, Controlling, live_version, version, wait_on_server
from operators import Deployer

ENDED = f"! [ -e {JOURNAL} ]"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=lambda number: number.name)
def test_a_sound_release_is_completed(number: signal.Signals, controller: Controlling, deploying: Deployer) -> None:
    goal = version(300 + number)
    run = controller(goal)
    wait_on_server(f"[ -e {JOURNAL} ]")
    run.signal(number)
    assert run.end()[0] != 0
    wait_on_server(ENDED)
    entry = server.ledger()[-1]
    assert (entry["result"], live_version()) == ("deployed", str(300 + number)), entry
    assert deploying(goal).recap()["changed"] == 0


def test_a_broken_release_is_undone_though_nobody_asks_any_more(controller: Controlling, assert_shop_answers: Callable[[], None]) -> None:
    before = server.release()
    run = controller(version(399, DEMO_DIE_AT_START="3"))
    wait_on_server(f"[ -e {JOURNAL} ]")
    run.signal(signal.SIGKILL)
    run.end()
    wait_on_server(ENDED)
    assert server.difference(before, server.release()) == {}
    assert server.ledger()[-1]["result"] == "restored"
    assert_shop_answers()
