"""A node of a Swarm with logs that go to syslog, another builder and a hardened umask: looked at, deployed to, and left as it was."""

from __future__ import annotations

import json

import engine
import pytest
import server
from operators import Deployer

SYSLOG = {"log-driver": "syslog", "log-opts": {"syslog-address": "unixgram:///run/engine-log"}}
SET_UP = """
systemd-run --unit=engine-log --collect python3 -c '
import socket
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/run/engine-log")
while True: log.recv(65536)'
until test -S /run/engine-log; do sleep 0.1; done
docker swarm init --advertise-addr 127.0.0.1
docker buildx create --name other --driver docker-container --use
systemctl restart docker.service
"""


@pytest.fixture(scope="module", autouse=True)
def _server() -> None:
    options = json.dumps(json.loads(engine.config()) | SYSLOG)
    server.run("sh", "-c", f"cat > {engine.CONFIG}", stdin=options)
    server.shell(SET_UP)


def test_check_mode_previews_what_is_missing(deploying: Deployer) -> None:
    before = server.state()
    done = deploying({}, "--check", "--diff")
    assert done.code == 0 and server.difference(before, server.state()) == {}
    assert "Would install docker-compose, python3-docker, python3-requests" in done.output
    assert "Would create the network rarebooks_network" in done.output


def test_it_is_deployed_to_and_left_as_it_was(deploying: Deployer) -> None:
    config, neighbour = engine.config(), engine.started()["/neighbour"]
    done = deploying({})
    assert done.code == 0, done.output
    assert (engine.config(), engine.started()["/neighbour"]) == (config, neighbour)
    assert engine.said("{{.Swarm.LocalNodeState}} {{.LoggingDriver}} {{.LiveRestoreEnabled}}") == "active syslog false"


def test_containers_of_ours_rotate_their_own_logs() -> None:
    layout = '{{.HostConfig.LogConfig.Type}} {{index .HostConfig.LogConfig.Config "max-size"}}'
    lines = server.shell(f"docker inspect --format '{layout}' $(docker ps --quiet --filter label=com.docker.compose.project)")
    assert set(lines.splitlines()) == {"json-file 10m"}


def test_the_umask_is_no_mode() -> None:
    paths = ["/opt/rarebooks", "/opt/rarebooks/nginx", "/opt/rarebooks/MayMessenger", "/opt/rarebooks/ca", "/etc/letsencrypt/live"]
    assert server.run("sh", "-c", "umask").strip() == "0027"
    assert server.run("stat", "--format", "%a", *paths).split() == ["755"] * len(paths)


def test_an_option_that_would_stop_its_containers_is_refused(refused: Deployer) -> None:
    done = refused({"docker_daemon_options": {"dns": ["9.9.9.9"]}})
    assert "without live-restore a restart would stop its 8 containers, got dns" in done.message()
