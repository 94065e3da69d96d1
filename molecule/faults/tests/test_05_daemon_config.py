"""A daemon.json that was there before the first deploy (prepare.yml) keeps what it says, ours is added, and the engine runs with both."""

from __future__ import annotations

import json

import server


def test_what_stood_there_stays_and_ours_is_added() -> None:
    config = json.loads(server.run("cat", "/etc/docker/daemon.json"))
    assert config["shutdown-timeout"] == 20
    assert config["live-restore"] is True


def test_logs_that_somebody_else_decided_on_are_left_alone() -> None:
    config = json.loads(server.run("cat", "/etc/docker/daemon.json"))
    assert config["log-opts"] == {"labels": "shop", "max-file": "2"} and "log-driver" not in config


def test_the_engine_runs_with_it() -> None:
    assert server.run("docker", "info", "--format", "{{.LiveRestoreEnabled}} {{.LoggingDriver}}").split() == ["true", "json-file"]
