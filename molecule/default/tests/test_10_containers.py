"""Each container is as the contract's table says."""

import json
import re

import pytest
from contract import CONTAINERS, PROJECT
from support import inspect

SECOND = 10**9
each = pytest.mark.parametrize("name", CONTAINERS)


@pytest.fixture(scope="module")
def found(host):
    return inspect(host)


def test_there_is_no_other_container(found):
    assert set(found) == set(CONTAINERS)


@each
def test_service_and_project(found, name):
    labels = found[name]["Config"]["Labels"]
    assert labels["com.docker.compose.service"] == CONTAINERS[name].service
    assert labels["com.docker.compose.project"] == PROJECT


@each
def test_image(found, name):
    assert re.fullmatch(CONTAINERS[name].image, found[name]["Config"]["Image"])


@each
def test_healthy(found, name):
    state = found[name]["State"]
    assert state["Health"]["Status"] == "healthy", state["Health"]["Log"]
    assert found[name]["RestartCount"] == 0


@each
def test_restart_policy_and_log_rotation(found, name):
    settings = found[name]["HostConfig"]
    assert settings["RestartPolicy"]["Name"] == "unless-stopped"
    assert settings["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "5"}}


@each
def test_probe(found, name):
    probe = found[name]["Config"]["Healthcheck"]
    words, interval, timeout, retries, start = CONTAINERS[name].probe
    command = probe["Test"]
    assert [word for word in command if word in words] == words
    assert "localhost" not in " ".join(command)
    assert (probe["Interval"], probe["Timeout"], probe["Retries"]) == (interval * SECOND, timeout * SECOND, retries)
    if start is not None:
        assert probe["StartPeriod"] == start * SECOND


@each
def test_mounts(found, name):
    mounts = {mount["Destination"]: mount for mount in found[name]["Mounts"]}
    sources = {path: mount.get("Name", mount["Source"]) for path, mount in mounts.items()}
    expected = {path: it if it.startswith("/") else f"{PROJECT}_{it}" for path, it in CONTAINERS[name].mounts.items()}
    assert sources == expected
    # What comes from the server's own file system is not a container's to change.
    assert all(mount["RW"] == (mount["Type"] == "volume") for mount in mounts.values())


@each
def test_networks(found, name):
    assert set(found[name]["NetworkSettings"]["Networks"]) == set(CONTAINERS[name].networks)


@each
def test_environment(host, found, secrets, name):
    image = json.loads(host.check_output("docker image inspect %s", found[name]["Image"]))[0]
    ours = dict(one.split("=", 1) for one in found[name]["Config"]["Env"] if one not in image["Config"]["Env"])
    expected = CONTAINERS[name].environment
    assert sorted(ours) == sorted(expected)
    # Names only: a failure must not show a secret.
    wrong = [variable for variable, value in expected.items() if ours[variable] != value.format_map(secrets)]
    assert wrong == []
