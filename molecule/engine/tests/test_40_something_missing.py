"""Parts of Docker are missing on a server that serves: check mode says so and touches nothing, and a deploy installs them."""

from __future__ import annotations

import engine
import pytest
import server
from operators import Deployer

# One after another, so that each preview names those of before, too.
MISSING = {
    "the Python library": (["python3-docker"], "Would install python3-docker, python3-requests"),
    "Compose": (["docker-compose"], "Would install docker-compose, python3-docker, python3-requests"),
    "Buildx": (["docker-buildx"], "Would install docker-compose, docker-buildx, python3-docker, python3-requests"),
}
# fcntl(2), as apt does.
HOLD = """
systemd-run --unit=somebody-installs --collect python3 -c '
import fcntl, time
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
time.sleep(20)'
"""


@pytest.mark.parametrize("what", MISSING)
def test_check_mode(what: str, deploying: Deployer) -> None:
    packages, preview = MISSING[what]
    server.run("dpkg", "--remove", "--force-depends", *packages)
    before = server.state()
    done = deploying({}, "--check", "--diff")
    assert done.code == 0 and preview in done.output, done.output
    assert server.difference(before, server.state()) == {}


def test_a_deploy_waits_for_whoever_installs_packages_and_installs_them(deploying: Deployer) -> None:
    before = engine.started()
    server.shell(HOLD)
    done = deploying({})
    assert done.code == 0, done.output
    assert "s for python3 (pid " in done.output and "which was installing packages" in done.output
    assert engine.started() == before


def test_check_mode_with_a_stopped_engine(deploying: Deployer) -> None:
    """What is live cannot be read, so that this is no preview but a precondition."""
    server.shell("systemctl stop docker.socket docker.service")
    try:
        done = deploying({}, "--check", "--diff")
    finally:
        server.shell("systemctl start docker.service")
    assert done.code == 2 and "Docker: expected the engine to answer" in done.message()
