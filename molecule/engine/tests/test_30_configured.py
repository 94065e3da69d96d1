"""The server has left its Swarm: it gets live-restore without a restart, and an engine that does not come back gets its old file back."""

from __future__ import annotations

import json

import engine
import server
from operators import Deployer

MIRROR = {"registry-mirrors": ["http://rarebooks-demo-registry:5000"], "insecure-registries": ["rarebooks-demo-registry:5000"]}
# An engine that has left a Swarm knows no names of containers until it is restarted, and the sites answer 502.
LEAVE = """
docker swarm leave --force
systemctl restart docker.service
until [ -z "$(docker ps --quiet --filter health=starting)" ]; do sleep 0.2; done
"""


def test_live_restore_is_added_and_nothing_else(deploying: Deployer) -> None:
    server.shell(LEAVE)
    before, config = engine.started(), json.loads(engine.config())
    done = deploying({})
    assert done.code == 0, done.output
    assert json.loads(engine.config()) == config | {"live-restore": True}
    assert engine.said("{{.LoggingDriver}} {{.LiveRestoreEnabled}}") == "syslog true" and engine.started() == before


def test_an_engine_that_does_not_come_back_gets_its_old_file_back(deploying: Deployer) -> None:
    before, config = engine.started(), engine.config()
    with engine.asked("neighbour") as answers:
        done = deploying({"docker_daemon_options": {**MIRROR, "log-opts": {"nosuch": "1"}}})
    assert done.code == 2
    first, cause, advice = done.message().splitlines()
    assert first == f"{engine.CONFIG}: the engine does not start with it. The file of before is back, and the engine runs with it."
    assert "unknown log opt 'nosuch' for syslog log driver" in cause and advice.startswith("Correct docker_daemon_options, or ")
    assert (engine.config(), engine.started()) == (config, before)
    count, *different = answers
    assert different == ["200"] and int(count) > 20


def test_the_next_run_changes_nothing(deploying: Deployer) -> None:
    assert deploying({}).recap()["changed"] == 0
