"""What must hold of an engine before a deploy: each rule with what it accepts, and the beginning of the sentence with which it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Database
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _engine_preconditions as rules

OURS = {"live-restore": True, "log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "5"}}
CHAT = App(name="chat", containers=("db",), databases=(Database(container="db", name="chat", user="chat"),))


def server(daemon_config: dict[str, Any], **facts: Any) -> dict[str, Any]:
    engine = {"flags": [], "swarm": False, "running": 0, **facts}
    return {"daemon_config": json.dumps(daemon_config) if daemon_config else "", "engine": engine}


def problems(daemon_config: dict[str, Any], options: dict[str, Any], **facts: Any) -> list[str]:
    return rules.configuration(server(daemon_config, **facts), options)


@pytest.mark.parametrize(
    ("flag", "option"),
    [
        ("--log-opt", "log-opts"),
        ("--log-driver", "log-driver"),
        ("--live-restore", "live-restore"),
        ("-H", "hosts"),
        ("--host", "hosts"),
        ("--insecure-registry", "insecure-registries"),
        ("--registry-mirror", "registry-mirrors"),
        ("--dns", "dns"),
        ("-s", "storage-driver"),
    ],
)
def test_an_option_that_is_also_a_flag(flag: str, option: str) -> None:
    others = {"hosts": ["fd://"], "insecure-registries": [], "registry-mirrors": [], "dns": [], "storage-driver": "overlay2"}
    (problem,) = problems({}, others, flags=["--containerd", flag])
    assert problem.startswith(f"Docker: expected the option {option} in daemon.json alone, got it also as the flag {flag} ")


@pytest.mark.parametrize("flags", [[], ["-H", "--containerd"], ["--debug", "--add-runtime"], ["--log-level"]])
def test_flags_that_have_nothing_to_do_with_it(flags: list[str]) -> None:
    assert problems({}, {"runtimes": {"x": {}}}, flags=flags) == []


def test_an_engine_that_runs_with_what_it_is_to_have_is_left_alone() -> None:
    assert problems(OURS, {}, flags=["--log-opt"], running=3) == []


def test_a_log_driver_of_somebody_else_does_not_meet_our_flags() -> None:
    assert problems({"log-driver": "syslog"}, {}, flags=["--log-opt"]) == []


def test_swarm() -> None:
    assert problems({}, {}, swarm=True, running=3) == []
    assert problems({}, {"registry-mirrors": ["a"]}, swarm=True, running=3) == []
    (problem,) = problems({}, {"live-restore": True}, swarm=True)
    assert problem.startswith("docker_daemon_options: expected no live-restore, since the server is a node of a Swarm")


@pytest.mark.parametrize(("options", "swarm"), [({"dns": ["9.9.9.9"]}, True), ({"live-restore": False, "dns": ["9.9.9.9"]}, False)])
def test_a_restart_that_would_stop_containers(options: dict[str, Any], swarm: bool) -> None:
    assert problems(OURS if not swarm else {}, options, swarm=swarm, running=0) == []
    (problem,) = problems(OURS if not swarm else {}, options, swarm=swarm, running=3)
    assert "without live-restore a restart would stop its 3 containers, got dns" in problem.replace("live-restore, ", "")


ENGINE = {"package": "docker.io", "version": "26.1.5", "unit": True, "context": "default"}


@pytest.mark.parametrize(
    "facts", [{}, {"context": ""}, {"package": ""}, {"package": "docker-ce"}, {"version": "", "unit": False, "package": ""}]
)
def test_engines_that_can_be_used(facts: dict[str, Any]) -> None:
    assert rules.command(ENGINE | facts) == []


@pytest.mark.parametrize(
    ("facts", "beginning"),
    [
        ({"package": "podman-docker", "unit": False}, "Docker: expected Docker Engine or nothing, got podman-docker"),
        ({"package": "", "unit": False}, "Docker: expected an engine that systemd runs as docker.service, got one"),
        ({"context": "rootless"}, "Docker: expected root's current context to be default, got rootless"),
    ],
)
def test_engines_that_cannot(facts: dict[str, Any], beginning: str) -> None:
    (problem,) = rules.command(ENGINE | facts)
    assert problem.startswith(beginning)


def test_a_library_of_pip_that_does_not_fit() -> None:
    found = {"version": "5.0.3", "path": "/usr/local/lib/python3.13/dist-packages/docker", "error": ""}
    assert rules.library(found) == []
    (problem,) = rules.library(found | {"error": "InvalidURL: Not supported URL scheme http+docker"})
    assert problem.startswith("Python library docker: expected one that can ask the engine, got 5.0.3 in /usr/local/lib/python3.13/")
    assert "Not supported URL scheme" in problem and "pip uninstall docker" in problem
