"""An engine with which a deploy could not end well: all of it is told at once, and nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import server
from deployment import Deploy
from operators import Deployer

# A library as pip leaves it, whose own libraries have moved on. The engine that runs has none of the flags yet: the next start would.
BREAK = """
echo 'DOCKER_OPTS="--log-opt max-size=50m"' >> /etc/default/docker
mkdir -p /etc/systemd/system/docker.service.d
printf '[Service]\\nEnvironment=MORE=x\\nExecStart=\\nExecStart=/usr/sbin/dockerd -H fd:// --live-restore=true $DOCKER_OPTS\\n' \
  > /etc/systemd/system/docker.service.d/flags.conf
systemctl daemon-reload
docker context create elsewhere --docker host=unix:///var/run/docker.sock
docker context use elsewhere
library=$(python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
mkdir -p $library/docker $library/docker-5.0.3.dist-info
echo 'def from_env(**_): raise TypeError("URLs with the scheme http+docker are not supported")' > $library/docker/__init__.py
printf 'Metadata-Version: 2.1\\nName: docker\\nVersion: 5.0.3\\n' > $library/docker-5.0.3.dist-info/METADATA
"""
MEND = """
sed -i '/^DOCKER_OPTS/d' /etc/default/docker
rm -r /etc/systemd/system/docker.service.d
systemctl daemon-reload
docker context use default
docker context rm elsewhere
library=$(python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
rm -r $library/docker $library/docker-5.0.3.dist-info
"""
PROBLEMS = [
    "Docker: expected the option live-restore in daemon.json alone, got it also as the flag --live-restore with which docker.service ",
    "Docker: expected the option log-opts in daemon.json alone, got it also as the flag --log-opt with which docker.service ",
    "Docker: expected root's current context to be default, got elsewhere, ",
    "Python library docker: expected one that can ask the engine, got 5.0.3 in /usr/local/lib/python3.13/dist-packages/docker, which says: "
    "TypeError: URLs with the scheme http+docker are not supported. ",
]


@pytest.fixture(scope="module")
def run(refused: Deployer) -> Iterator[Deploy]:
    try:
        server.shell(BREAK)
        yield refused({})
    finally:
        server.shell(MEND)


def test_nothing_was_changed(run: Deploy) -> None:
    assert run.recap()["changed"] == 0 and run.message().startswith("Nothing has been changed. Before a deploy can start:\n- ")


def test_all_problems_are_told_and_no_other(run: Deploy) -> None:
    told = [line.removeprefix("- ") for line in run.message().splitlines()[1:]]
    assert [problem for problem, beginning in zip(told, PROBLEMS, strict=True) if not problem.startswith(beginning)] == []
