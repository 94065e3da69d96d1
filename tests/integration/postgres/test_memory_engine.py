# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The engine in memory, on which the unit tests stand, and a real one answer the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import docker
import docker.errors
import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import images
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import container_files
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.containers import PROJECT_LABEL, containers_of
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import Database
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.programs import DatabaseError, run_program
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.start import is_running
from memory_engine import Engine
from memory_programs import Answer

from demo.common import wait_until

IMAGE = "postgres:15"
PROJECT = "rarebooks-memory-engine"
NAME, OTHER = f"{PROJECT}-one", f"{PROJECT}-other"
KEPT = f"{PROJECT}-kept"


def in_memory() -> Any:
    engine = Engine("/", Answer("words on stderr", b"out\n", 3, b"err\n"), Answer("cat", b"given\n"))
    engine.has_image(IMAGE, "sha256:15")
    engine.turns_out["sha256:15"] = "none"
    return engine


def clean(client: Any) -> None:
    for container in client.containers.list(all=True, filters={"label": f"{PROJECT_LABEL}={PROJECT}"}):
        container.remove(force=True, v=True)
    images.drop(client, images.tags_without_backup(client, PROJECT, set()))


@pytest.fixture(params=["in memory", "real"])
def client(request: pytest.FixtureRequest) -> Iterator[Any]:
    engine = docker.from_env() if request.param == "real" else in_memory()
    clean(engine)
    yield engine
    clean(engine)
    if request.param == "real":
        engine.close()


@pytest.fixture
def made(client: Any) -> Any:
    settings = {"entrypoint": ["sleep"], "command": ["600"], "environment": {"A": "b"}, "network_mode": "none"}
    if not isinstance(client, Engine):
        # crun, which the tests' engine may use, sets a memory limit of 0 with each change, which control groups of version 1 refuse.
        settings["runtime"] = "runc"
    return client.containers.create(IMAGE, name=NAME, labels={PROJECT_LABEL: PROJECT, "more": "x"}, **settings)


def refused(status: int, step: Any) -> None:
    with pytest.raises(docker.errors.APIError) as error:
        step()
    assert error.value.status_code == status and error.value.explanation


def until(client: Any, status: str) -> dict[str, Any]:
    """Wait until an engine, which may take a moment, shows a container so."""
    wait_until(lambda: client.api.inspect_container(NAME)["State"]["Status"] == status, 20, f"{NAME} to be {status}")
    found = client.api.inspect_container(NAME)
    assert isinstance(found, dict)
    return found


def test_what_is_seen_of_a_container(client: Any, made: Any) -> None:
    found = containers_of(client, PROJECT)
    assert list(found) == [NAME] and containers_of(client, "another") == {}
    one = found[NAME]
    assert one == client.api.inspect_container(made.id) and one["Name"] == f"/{NAME}" and len(one["Id"]) == 64
    assert (one["Config"]["Image"], one["Config"]["Labels"]["more"]) == (IMAGE, "x") and "A=b" in one["Config"]["Env"]
    assert one["Image"] == client.api.inspect_image(IMAGE)["Id"]
    assert one["HostConfig"]["NetworkMode"] == "none" and one["RestartCount"] == 0
    state = one["State"]
    assert (state["Status"], state["Pid"], state["ExitCode"]) == ("created", 0, 0) and state["StartedAt"].startswith("0001")
    assert "Health" not in state


def test_what_it_goes_through(client: Any, made: Any) -> None:
    database = Database(NAME, "x", "x")
    assert not is_running(client, database)
    made.start()
    first = until(client, "running")["State"]
    assert is_running(client, database) and first["Pid"] > 0 and "T" in first["StartedAt"]
    made.pause()
    until(client, "paused")
    assert not is_running(client, database) and [one.name for one in listed(client)] == [NAME]
    assert client.containers.get(NAME).status == "paused"
    made.unpause()
    until(client, "running")
    made.update(restart_policy={"Name": "on-failure", "MaximumRetryCount": 3})
    assert client.api.inspect_container(NAME)["HostConfig"]["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 3}
    if isinstance(client, Engine):
        made.restart()
    else:
        made.restart(timeout=0)
    assert until(client, "running")["State"]["StartedAt"] > first["StartedAt"]
    if isinstance(client, Engine):
        made.stop()
    else:
        made.stop(timeout=0)
    assert until(client, "exited")["State"]["Pid"] == 0 and listed(client) == []
    made.remove(v=True)
    refused(404, lambda: client.api.inspect_container(NAME))


def listed(client: Any) -> list[Any]:
    found: list[Any] = client.containers.list(filters={"name": f"^/{NAME}$"})
    return found


def test_what_it_refuses(client: Any, made: Any) -> None:
    refused(409, lambda: client.containers.create(IMAGE, name=NAME))
    refused(404, lambda: client.containers.get(OTHER))
    refused(404, lambda: client.api.logs(OTHER, tail=1))
    refused(404, lambda: client.containers.create(f"{PROJECT}:none", name=OTHER))
    made.start()
    refused(409, lambda: made.remove())
    made.remove(force=True, v=True)
    with pytest.raises(docker.errors.NotFound):
        made.start()


def test_names_of_images(client: Any) -> None:
    identifier = client.api.inspect_image(IMAGE)["Id"]
    assert client.api.inspect_image(identifier)["Id"] == identifier
    client.api.tag(IMAGE, images.repository(PROJECT), "one")
    client.api.tag(identifier, images.repository(PROJECT), "two")
    names = [f"{images.repository(PROJECT)}:{tag}" for tag in ("one", "two")]
    (image,) = client.api.images(name=images.repository(PROJECT))
    assert image["Id"] == identifier and set(names) <= set(image["RepoTags"])
    assert client.api.images(name=f"{PROJECT}-other") == [] == client.api.images(filters={"label": f"{PROJECT}=x"})
    assert identifier in {one["Id"] for one in client.api.images()}
    client.api.remove_image(names[0])
    with pytest.raises(docker.errors.ImageNotFound):
        client.api.inspect_image(names[0])
    with pytest.raises(docker.errors.ImageNotFound):
        client.api.remove_image(names[0])
    with pytest.raises(docker.errors.ImageNotFound):
        client.api.tag(names[0], images.repository(PROJECT), "three")
    assert images.drop(client, names) == [names[1]] and client.api.inspect_image(IMAGE)["Id"] == identifier


def test_programs(client: Any, made: Any) -> None:
    with pytest.raises(DatabaseError, match=r"Docker does not do it.*is not running"):
        run_program(client, NAME, ["cat"])
    with pytest.raises(DatabaseError, match="there is no such container"):
        run_program(client, OTHER, ["cat"])
    made.start()
    until(client, "running")
    ended = run_program(client, NAME, ["sh", "-c", "echo out; echo err >&2; exit 3 # words on stderr"])
    assert (ended.code, ended.stdout, ended.stderr) == (3, b"out\n", b"err\n")
    assert run_program(client, NAME, ["cat"], b"given\n").stdout == b"given\n"
    assert tuple(client.containers.get(NAME).exec_run(["true"])) == (0, b"")


def test_files_of_a_container_that_does_not_run(client: Any, made: Any) -> None:
    assert container_files.read(client, NAME, "/etc/settings.json") is None
    content = container_files.Content(b"{}\n", 0o640, 1000, 1001)
    container_files.write(client, NAME, "/etc/settings.json", content)
    assert container_files.read(client, NAME, "/etc/settings.json") == content
    assert container_files.is_changed(client, NAME, "/etc/settings.json")
    # Into a directory that the app made at run time, and the image does not have.
    container_files.write(client, NAME, "/srv/made/later/settings.json", content)
    assert container_files.read(client, NAME, "/srv/made/later/settings.json") == content
    assert not container_files.is_changed(client, NAME, "/etc/other.json")
    assert container_files.read_of_image(client, IMAGE, "/etc/settings.json", PROJECT) is None
    assert client.containers.list(all=True, filters={"name": f"{PROJECT}-files"}) == []
