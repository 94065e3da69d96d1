"""What is wrong with the shared network is named and mended by a typed command."""

from __future__ import annotations

import json
from collections.abc import Callable

import server
from printed import LOOK_FIRST, NETWORK, NETWORK_RECREATE
from terminal import type_in
from visitor import Visitor

NAME = "rarebooks_network"
INSPECT = f"docker network inspect {NAME} --format '{{{{.Id}}}}'"


def running() -> str:
    return server.run("sh", "-c", "docker inspect --format '{{.Name}} {{.Id}} {{.State.StartedAt}}' $(docker ps --quiet) | sort")


def names_of(container: str) -> list[str]:
    found = json.loads(server.run("docker", "inspect", container))[0]["NetworkSettings"]["Networks"]
    return sorted(found[NAME]["Aliases"])


def test_a_sound_network_is_left_alone() -> None:
    done = type_in(NETWORK)
    assert (done.code, done.recap()["changed"]) == (0, 0) and f"Network {NAME} is as it must be" in done.output


def test_what_was_lost_is_attached_and_a_namesake_is_named(visitor: Callable[[], Visitor]) -> None:
    before = running()
    server.shell(
        f"""
        docker network disconnect {NAME} maymessenger_backend
        docker network disconnect {NAME} rarebooks_frontend; docker network connect {NAME} rarebooks_frontend
        docker run --detach --name neighbour --network {NAME} --network-alias backend nginx:stable-alpine sleep 600
        """
    )
    try:
        foretold = type_in(f"{NETWORK} --check")
        assert "maymessenger_backend had lost its network" in foretold.output and foretold.code == 2
        done = type_in(NETWORK)
        said = " ".join(done.output.split())
        assert done.code == 2 and "expected backend to be ours alone, got container neighbour there by that name" in said
        assert "maymessenger_backend had lost its network rarebooks_network, and was attached again" in said
        assert "rarebooks_frontend had lost its name frontend on network rarebooks_network, and was attached again" in said
    finally:
        server.run("docker", "rm", "--force", "neighbour")
    assert "maymessenger_backend" in names_of("maymessenger_backend") and "frontend" in names_of("rarebooks_frontend")
    assert running() == before
    with visitor() as guest:
        assert type_in(NETWORK).recap()["changed"] == 0
    guest.assert_served(at_least=10)


def test_the_network_is_made_anew_under_running_apps(visitor: Callable[[], Visitor]) -> None:
    """Where the engine knows it by its id, containers are made anew one app after another, so that the shop itself is down for its own."""
    identifier, release = server.shell(INSPECT), server.release()
    with visitor() as guest:
        done = type_in(NETWORK_RECREATE)
    print(guest.answers)
    assert done.code == 0 and f"Network {NAME} was made anew." in done.output
    # None is lost without an answer but while the proxy itself is exchanged; an app whose database is being made anew says 500 itself, and
    # one that is stopped in the middle of an answer breaks it off, which is 502.
    answers = {(page, answer) for page, answer in guest.answers if answer.isdigit()}
    assert {answer for _page, answer in answers} <= {"200", "500", "502", "503"} and ("/", "500") not in answers
    assert server.shell(INSPECT) != identifier and server.difference(release, server.release()) == {}
    assert server.run("docker", "network", "ls", "--format", "{{.Name}}", "--filter", f"name={NAME}").split() == [NAME]
    assert "backend" in names_of("rarebooks_backend")
    # They also start again in it, and nothing is left for a deploy or a repair to do.
    server.run("docker", "restart", "maymessenger_backend")
    assert type_in(NETWORK).recap()["changed"] == 0
    assert "a deploy would change nothing" in type_in(LOOK_FIRST).output
