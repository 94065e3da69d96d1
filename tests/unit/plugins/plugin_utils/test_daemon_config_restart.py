"""What a running engine cannot be told waits where it may not be restarted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.filter.daemon_config import daemon_config

ROTATION = {"log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "5"}}


def server(now: dict[str, Any], version: str = "26.1") -> dict[str, Any]:
    return {"daemon_config": json.dumps(now), "engine": {"swarm": False, "version": version}}


@pytest.mark.parametrize(
    ("now", "options", "expected"),
    [
        ({}, {}, {"live-restore": True}),
        ({"log-driver": "journald"}, {}, {"live-restore": True, "log-driver": "journald"}),
        ({"mtu": 1400}, {"mtu": 1500, "debug": True}, {"live-restore": True, "mtu": 1400, "debug": True}),
    ],
)
def test_only_what_it_can_be_told(now: dict[str, Any], options: dict[str, Any], expected: dict[str, Any]) -> None:
    assert daemon_config(server(now), options, restart=False) == expected


def test_otherwise_everything() -> None:
    assert daemon_config(server({}), {}) == {"live-restore": True, **ROTATION}


def test_an_engine_that_does_not_run_is_not_restarted() -> None:
    assert daemon_config(server({}, version=""), {}, restart=False) == {"live-restore": True, **ROTATION}
