"""How the server is, on one screen: what runs, and what somebody did to it since."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import server
from printed import STATUS
from terminal import type_in


def status() -> dict[str, Any]:
    done = type_in(f"{STATUS} -e status_format=json")
    assert done.code == 0 and done.recap()["changed"] == 0
    assert [value for value in server.secrets() if value in done.output] == []
    (line,) = [line for line in done.output.splitlines() if line.startswith("{")]
    loaded: dict[str, Any] = json.loads(line)
    return loaded


@pytest.fixture
def stopped() -> Iterator[str]:
    """Stop a container of the shop, and start it again."""
    name = "rarebooks_frontend"
    server.run("docker", "stop", "--time", "1", name)
    yield name
    server.run("docker", "start", name)
    server.shell(f"until [ $(docker inspect -f '{{{{.State.Health.Status}}}}' {name}) = healthy ]; do sleep 0.2; done")


def test_one_screen_in_two_calls() -> None:
    done = type_in(f"{STATUS} -vvv")
    assert done.code == 0 and done.output.count("Using module file") <= 2
    shown = [line for line in type_in(STATUS).output.splitlines() if line.startswith("    ")]
    assert max(map(len, shown)) <= 80 and len(shown) <= 40
    text = "\n".join(shown)
    assert " deployed " in text and "maymessenger_backend   healthy " in text and "    Rollback     " in text


def test_every_number_is_there() -> None:
    found = status()
    assert {one["name"]: (one["status"], one["health"]) for one in found["containers"]} == dict.fromkeys(
        server.release_containers(), ("running", "healthy")
    )
    assert [one for one in found["containers"] if one["cpu"] is None or not one["memory"]] == []
    assert {one["name"] for one in found["databases"] if one["size"]} == {"RareBooks_Books", "RareBooks_Users", "maymessenger"}
    # What is empty takes no room at all on some file systems.
    assert len(found["volumes"]) == 5 and [one for one in found["volumes"] if one["size"] is None] == []
    assert [one for one in found["volumes"] if "_db_" in one["name"] and not one["size"]] == []
    assert [one for one in found["certificates"] if not one["days_left"]] == []
    assert found["release"]["since"] and found["runs"][0]["run"] == server.ledger()[-1]["run"]


def test_what_is_stopped_is_seen_and_hides_nothing(stopped: str) -> None:
    found = status()
    assert [one["name"] for one in found["containers"] if one["status"] != "running"] == [stopped]
    assert [one for one in found["databases"] if one["size"] is None] == []
