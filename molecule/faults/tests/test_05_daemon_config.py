"""A daemon.json that was there before the first deploy (prepare.yml) is merged with ours, and the engine runs with both."""

from __future__ import annotations

import json

import server


def test_what_stood_there_stays_and_ours_is_added() -> None:
    config = json.loads(server.run("cat", "/etc/docker/daemon.json"))
    assert config["shutdown-timeout"] == 20
    assert config["log-opts"] == {"labels": "shop", "max-size": "10m", "max-file": "5"}
    assert config["log-driver"] == "json-file"


def test_the_engine_runs_with_it() -> None:
    assert server.run("docker", "info", "--format", "{{.LiveRestoreEnabled}} {{.LoggingDriver}}").split() == ["true", "json-file"]
