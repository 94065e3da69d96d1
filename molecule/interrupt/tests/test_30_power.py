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
    old, before = server.shell(OLD).strip(), server.release()
    run = controller(version(number))
    wait_on_server(POINTS[point].format(old=old))
    power_cycle()
    assert run.end()[0] != 0
    # All of it comes back by itself, in the release that was live before, and nobody has to deploy for that.
    wait_on_server(f"! [ -e {JOURNAL} ]")
    wait_on_server("[ $(docker ps --format '{{.Names}} {{.Status}}' | grep -c '(healthy)') = 7 ]")
    assert server.difference(before, server.release()) == {}
    assert_shop_answers()
    if "backup" not in point:
        told = [(entry["action"], entry["result"]) for entry in server.ledger()[-2:]]
        assert told == [("deploy", "interrupted"), ("recovery", "restored")]
        said = server.run("journalctl", "--unit", "rarebooks-recovery", "--output", "cat")
        assert "The release that ran before is back and was proven" in said
    assert deploying(version(number)).code == 0
    assert_converged(number)
