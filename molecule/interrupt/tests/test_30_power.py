"""The server loses its power in the middle of a deploy; the next plain run converges."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import server
from controllers import JOURNAL, Controlling, power_cycle, version, wait_on_server
from operators import Deployer
from test_10_every_boundary import assert_converged

OLD = "docker inspect --format {{.Id}} maymessenger_backend"
POINTS = {
    "while the backup is written": "ls -d /opt/rarebooks/backups/.sealing-*",
    "as the switch begins": f"[ -e {JOURNAL} ]",
    "when the new container is there": '[ "$(docker inspect --format "{{{{.Id}}}}" maymessenger_backend)" != {old} ]',
}


@pytest.mark.parametrize("point", POINTS)
def test_power_is_lost(point: str, controller: Controlling, deploying: Deployer, assert_shop_answers: Callable[[], None]) -> None:
    number = 401 + list(POINTS).index(point)
    old = server.shell(OLD).strip()
    run = controller(version(number))
    wait_on_server(POINTS[point].format(old=old))
    power_cycle()
    assert run.end()[0] != 0
    # A container that Compose had made and not yet started stays so; the shop comes back by itself.
    wait_on_server("[ $(docker ps --format '{{.Names}} {{.Status}}' | grep -E '^(rarebooks|nginx)_' | grep -c '(healthy)') = 5 ]")
    assert_shop_answers()
    assert deploying(version(number)).code == 0
    assert_converged(number)
    if "switch" in point:
        assert "interrupted" in [entry["result"] for entry in server.ledger()[-2:]]
