"""What daemon.json is to hold, by what stands there and what the operator wants. The engine has refused each merge named here."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.filter.daemon_config import FilterModule
from ansible_collections.rarebooks.platform.plugins.plugin_utils._daemon_config import left_to_flags, merged, parse, wanted

LIVE = {"live-restore": True}
ROTATED = {"log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "5"}}
SYSLOG = {"log-driver": "syslog", "log-opts": {"syslog-address": "udp://127.0.0.1:514"}}


@pytest.mark.parametrize(
    ("now", "options", "expected"),
    [
        ({}, {}, LIVE | ROTATED),
        (LIVE | ROTATED, {}, LIVE | ROTATED),
        ({"shutdown-timeout": 20}, {}, {"shutdown-timeout": 20, **LIVE, **ROTATED}),
        # The driver of other projects is not changed unasked, and options are those of one driver.
        (SYSLOG, {}, SYSLOG | LIVE),
        ({"log-driver": "journald"}, {}, {"log-driver": "journald", **LIVE}),
        ({"log-opts": {"labels": "shop", "max-file": "2"}}, {}, {"log-opts": {"labels": "shop", "max-file": "2"}, **LIVE}),
        # Asked to.
        ({}, SYSLOG, SYSLOG | LIVE),
        (ROTATED, SYSLOG, SYSLOG | LIVE),
        (SYSLOG, ROTATED, ROTATED | LIVE),
        (SYSLOG, {"log-driver": "json-file"}, {"log-driver": "json-file", **LIVE}),
        (SYSLOG, {"log-opts": {"tag": "x"}}, {"log-driver": "syslog", "log-opts": {**SYSLOG["log-opts"], "tag": "x"}, **LIVE}),
        ({}, {"log-opts": {"max-file": "3"}}, {"log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "3"}, **LIVE}),
        ({}, {"live-restore": False}, ROTATED | {"live-restore": False}),
        # Left alone: as a flag of the engine, or as it stands there.
        ({}, {"live-restore": None}, ROTATED),
        ({}, {"log-opts": None}, LIVE),
        ({}, {"log-driver": None}, LIVE),
        (SYSLOG | {"live-restore": False}, {"live-restore": None, "log-driver": None}, SYSLOG | {"live-restore": False}),
        ({"registry-mirrors": ["a"]}, {"registry-mirrors": ["b"]}, {"registry-mirrors": ["b"], **LIVE, **ROTATED}),
    ],
)
def test_without_a_swarm(now: dict[str, Any], options: dict[str, Any], expected: dict[str, Any]) -> None:
    assert wanted(json.dumps(now), options, swarm=False) == expected


@pytest.mark.parametrize("now", [{}, {"live-restore": False}, SYSLOG])
def test_on_a_node_of_a_swarm_nothing_is_added(now: dict[str, Any]) -> None:
    assert wanted(json.dumps(now), {}, swarm=True) == now
    assert wanted(json.dumps(now), {"registry-mirrors": ["a"]}, swarm=True) == {**now, "registry-mirrors": ["a"]}


def test_options_typed_on_a_command_line() -> None:
    assert wanted("", '{"debug": true}', swarm=True) == {"debug": True}


def test_mappings_are_merged_and_nothing_else() -> None:
    under = {"a": {"x": 1, "y": {"z": 1}}, "b": [1]}
    assert merged(under, {"a": {"y": {"w": 2}}, "b": [2]}) == {"a": {"x": 1, "y": {"z": 1, "w": 2}}, "b": [2]}
    assert under["a"] == {"x": 1, "y": {"z": 1}}


def test_an_empty_file_holds_nothing() -> None:
    assert parse(" \n") == {}


def test_the_filter_takes_what_was_read_of_the_server() -> None:
    server = {"daemon_config": '{"debug": true}', "engine": {"swarm": True}}
    assert FilterModule().filters()["daemon_config"](server, {}) == {"debug": True}


def test_those_of_ours_that_are_flags_are_left_to_them() -> None:
    flags = ["-H", "--containerd", "--live-restore", "--log-opt", "--log-level"]
    assert left_to_flags(flags) == {"live-restore": None, "log-opts": None}
    assert wanted("", left_to_flags(flags), swarm=False) == {}
    assert left_to_flags(["-H", "--containerd"]) == {}
