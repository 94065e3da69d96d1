"""What a person did to a container by hand, as the engine of a server showed it, and what it takes to undo it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.compose import Project
from ansible_collections.rarebooks.platform.plugins.module_utils._release import drift as release_drift
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Database, Release
from backup_support import PROJECT, Engine

NETWORK_ID = "69e7d4ef6726277e34f0281200c5075f8eaee889fc0b3510cd25a0934ee14121"
CONFIG = {
    "services": {
        "backend": {"container_name": "shop_backend", "restart": "unless-stopped", "networks": {"net": None, "back": None}},
        "db": {"restart": "on-failure:3", "networks": {"net": None}},
        "host": {"network_mode": "host", "restart": "unless-stopped"},
    },
    "networks": {"net": {"name": "shop_network", "external": True}, "back": {"name": "shop_back"}},
}
ATTACHED = {"Aliases": ["shop_backend", "backend"], "DNSNames": ["shop_backend", "backend", "d3536bbcbe2f"], "NetworkID": NETWORK_ID}
# What Docker 26 leaves after `docker network connect` without an alias.
BARE = {"Aliases": [], "DNSNames": ["shop_backend", "d3536bbcbe2f"], "NetworkID": NETWORK_ID}
# What `docker network connect --alias backend` leaves on Docker 20.10, which has no DNSNames.
BY_ALIAS = {"Aliases": ["backend", "d3536bbcbe2f"]}


class Server:
    """An engine with one container of each service, and Compose, which remembers what it was asked for."""

    def __init__(self) -> None:
        self.engine, self.asked = Engine(), list[list[str]]()
        self.run("backend", {"shop_network": ATTACHED, "shop_back": ATTACHED})
        self.run("db", {"shop_network": {"Aliases": ["db"]}}, restart={"Name": "on-failure", "MaximumRetryCount": 3})
        self.run("host", {"host": {"Aliases": None}}, mode="host")

    def run(self, service: str, networks: dict[str, Any], mode: str = NETWORK_ID, restart: dict[str, Any] | None = None) -> None:
        name = f"shop_{service}"
        self.engine.run(name, f"{service}:1", f"sha256:{service}")
        one = copy.deepcopy(self.engine.running[name])
        one["Config"]["Labels"]["com.docker.compose.service"] = service
        one["NetworkSettings"] = {"Networks": networks}
        one["HostConfig"] = {"NetworkMode": mode, "RestartPolicy": restart or {"Name": "unless-stopped", "MaximumRetryCount": 0}}
        self.engine.running[name] = one

    @property
    def backend(self) -> dict[str, Any]:
        inspected: dict[str, Any] = self.engine.running["shop_backend"]
        return inspected

    @property
    def project(self) -> Project:
        def run_command(argv: list[str], **_options: Any) -> Any:
            self.asked.append(argv[argv.index("--project-name") + 2 :])
            return 0, json.dumps(CONFIG), ""

        return Project(self.engine, run_command, "/opt/x", PROJECT)

    def found(self) -> list[str]:
        return [f"{drift.reason}: {drift.mend}" for drift in release_drift.find(self.project, self.engine)]


@pytest.fixture
def server() -> Server:
    return Server()


def test_as_it_was_made(server: Server) -> None:
    assert server.found() == []


def test_where_nothing_is_unusual_compose_is_not_asked(server: Server) -> None:
    del server.engine.running["shop_db"]
    assert server.found() == [] and server.asked == []


@pytest.mark.parametrize(
    ("networks", "expected"),
    [
        (
            {},
            [
                "shop_backend: expected it on network shop_network, got it on none: recreate",
                "shop_backend: expected it on network shop_back, got it on none: recreate",
            ],
        ),
        ({"shop_back": ATTACHED}, ["shop_backend: expected it on network shop_network, got it on shop_back: recreate"]),
        (
            {"shop_network": BARE, "shop_back": ATTACHED},
            ["shop_backend: expected it known as backend on network shop_network, got it without that name: recreate"],
        ),
        ({"shop_network": BY_ALIAS, "shop_back": ATTACHED}, []),
    ],
)
def test_networks(networks: dict[str, Any], expected: list[str], server: Server) -> None:
    server.backend["NetworkSettings"]["Networks"] = networks
    assert server.found() == expected


@pytest.mark.parametrize("mode", ["shop_network", NETWORK_ID])
def test_a_lost_network_is_seen_without_anything_else_unusual(mode: str, server: Server) -> None:
    del server.engine.running["shop_db"]
    server.backend["NetworkSettings"]["Networks"], server.backend["HostConfig"]["NetworkMode"] = {}, mode
    assert len(server.found()) == 2


@pytest.mark.parametrize(("lost", "seen"), [("shop_network", 1), ("shop_back", 1), ("", 0)])
def test_one_of_two_that_is_lost_is_seen_too(lost: str, seen: int, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of a container's networks stands in its mode; the other one is that which all but databases share."""
    apart = Database(container="shop_db", name="shop", user="postgres", network="back")
    release = Release(apps=(App(name="shop", title="Shop", containers=("shop_db",), databases=(apart,)),), network="shop_network")
    monkeypatch.setattr(release_drift, "stated", lambda _root: release)
    del server.engine.running["shop_db"]
    server.run("db", {"shop_back": {"Aliases": ["db"]}}, mode="shop_back")
    server.backend["HostConfig"]["NetworkMode"] = "shop_back"
    server.backend["NetworkSettings"]["Networks"].pop(lost, None)
    assert len([one for one in server.found() if one.startswith("shop_backend: expected it on network")]) == seen
    assert len(server.asked) == seen


@pytest.mark.parametrize(("status", "mend"), [("paused", "unpause"), ("restarting", "restart")])
def test_states_that_compose_leaves_as_they_are(status: str, mend: str, server: Server) -> None:
    server.backend["State"]["Status"] = status
    assert server.found() == [f"shop_backend: expected it running, got it {status}: {mend}"]


def test_a_restart_policy(server: Server) -> None:
    server.backend["HostConfig"]["RestartPolicy"] = {"Name": "no", "MaximumRetryCount": 0}
    assert server.found() == ["shop_backend: expected it with restart policy unless-stopped, got it with no: update"]
    server.engine.running["shop_db"]["HostConfig"]["RestartPolicy"]["MaximumRetryCount"] = 5
    assert server.found()[1] == "shop_db: expected it with restart policy on-failure:3, got it with on-failure:5: update"


def test_what_is_done_about_it(server: Server) -> None:
    server.backend["NetworkSettings"]["Networks"] = {}
    server.engine.running["shop_db"]["HostConfig"]["RestartPolicy"] = {"Name": "no"}
    server.engine.running["shop_host"]["State"]["Status"] = "paused"

    assert release_drift.mend(server.project, server.engine) == ["shop_backend", "shop_db", "shop_host"]
    assert server.engine.events == ["update shop_db", "unpause shop_host"]
    assert server.engine.running["shop_db"]["HostConfig"]["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 3}
    assert server.asked[-1] == ["up", "--detach", "--no-build", "--pull", "never", "--force-recreate", "backend"]


def test_it_is_shown_as_a_difference(server: Server) -> None:
    server.backend["State"]["Status"] = "paused"
    (drift,) = release_drift.find(server.project, server.engine)
    assert drift.diff == {
        "before_header": "container shop_backend",
        "after_header": "container shop_backend",
        "before": "paused\n",
        "after": "running\n",
    }
