"""Messengers that do not run: the deploy fails fast, says why, and brings back what ran before; RareBooks answers all the while."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from typing import Any

import pytest
import server
from deployment import HOST, INVENTORY, ROOT, Deploy
from operators import Deployer
from visitor import Visitor

# A health check that makes up its mind in seconds instead of minutes.
QUICK = {"interval": 1, "timeout": 2, "retries": 2, "start_period": 2}
BACKEND, DATABASE = "maymessenger_backend", "db_maymessenger"
CONNECTION = "Host=db_maymessenger;Port=5432;Database=maymessenger;Username=postgres;Password=not-the-one"

# What is wrong: the variables that do it, the container that suffers, the likely cause, a line of its log.
FAULTS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "dies at start": (
        {"maymessenger_extra_environment": {"DEMO_DIE_AT_START": "3"}},
        BACKEND,
        "the first failure in its log is: crit: Microsoft.Hosting.Lifetime[0] Unhandled exception: DEMO_DIE_AT_START, exit code 3.\n",
        "Unhandled exception: DEMO_DIE_AT_START, exit code 3.",
    ),
    "never gets healthy": (
        {"maymessenger_extra_environment": {"DEMO_UNHEALTHY_AFTER": "0"}, "maymessenger_backend_probe_timing": QUICK},
        BACKEND,
        "it runs, but says of itself that it is not healthy: its health endpoint answers 503.\n  State: running, health unhealthy",
        "Database maymessenger on db_maymessenger:5432 is ready.",
    ),
    "is refused by its database": (
        {"maymessenger_extra_environment": {"ConnectionStrings__DefaultConnection": CONNECTION}},
        BACKEND,
        "PostgreSQL refuses the password of user postgres: changing the password variable does not change the password inside an "
        "initialised volume",
        'refuses us: password authentication failed for user "postgres"',
    ),
    # With the probe's usual times, Docker would call the next two unhealthy after seven minutes.
    "has no probe program": (
        {"maymessenger_backend_probe": ["curl", "http://127.0.0.1:5000/health"]},
        BACKEND,
        "its health probe uses curl, which the image does not have",
        "Database maymessenger on db_maymessenger:5432 is ready.",
    ),
    "listens elsewhere": (
        {"maymessenger_extra_environment": {"ASPNETCORE_URLS": "http://+:5001"}},
        BACKEND,
        "it runs but does not listen where its health probe asks",
        "Now listening on: http://[::]:5001",
    ),
    "fails its migration": (
        {"maymessenger_extra_environment": {"DEMO_FAIL_MIGRATION": "1"}, "maymessenger_backend_probe_timing": QUICK},
        BACKEND,
        "the first failure in its log is: fail: MayMessenger.Infrastructure.Database[0] Database maymessenger on "
        "db_maymessenger:5432: the schema step failed: DEMO_FAIL_MIGRATION is set.\n",
        "the schema step failed: DEMO_FAIL_MIGRATION is set.",
    ),
    "has no database": (
        # Runs, and is none: its image has no PostgreSQL.
        {"maymessenger_db_image": "nginx:stable-alpine", "maymessenger_db_probe_timing": QUICK},
        DATABASE,
        "its health probe uses pg_isready, which the image does not have",
        "start worker process",
    ),
}


# What the gate says of its own, where it did not wait for Docker to count failed probes.
FORESEEN = {
    "is refused by its database": "it is not healthy, and does nothing any more: PostgreSQL refuses the password",
    "has no probe program": "its health probe uses curl, which the image does not have",
    "listens elsewhere": "it says that it has started, and nothing listens where its health check asks",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_deploy_fails_and_the_shop_serves(fault: str, deploying: Deployer, visitor: Callable[[], Visitor]) -> None:
    variables, container, cause, line = FAULTS[fault]
    before = server.release()
    with visitor() as somebody:
        done = deploying(variables, "--diff", "-vvv" if fault == "dies at start" else "-v")
    somebody.assert_served(at_least=20)
    assert done.code == 2
    (gate,) = (result for result in done.results() if "failed_fast" in result)
    assert gate["failed_fast"]
    message = gate["msg"]
    assert FORESEEN.get(fault, "") in message
    assert f"because waiting cannot help {container}: " in message
    assert f"\nContainer {container}\n  Likely cause: {cause}" in message
    assert any(line in shown for shown in message.splitlines() if shown.startswith("    | "))
    assert f"docker compose logs --tail=200 {container}" in message
    # The whole log of the container is kept, though that is gone.
    (kept,) = (path for path in gate["logs"] if f"_{container}_" in path)
    assert kept.rpartition("/")[2] in message
    assert any(line in json.loads(written)["log"] for written in server.run("zcat", kept).splitlines())
    # What ran before is back, byte for byte, and has been proven to serve; the ledger says so.
    assert "The release that ran before is back and was proven in " in message
    assert "RareBooks and May Messenger serve again." in message
    assert server.difference(before, server.release()) == {}
    entry = server.ledger()[-1]
    assert (entry["result"], entry["backup"]) == ("restored", gate["restored"])
    assert entry["error"] in message and entry["step"] == "switching to the new release"


# Here too Docker would take seven minutes to call it unhealthy.
NEVER_LISTENS = {
    "maymessenger_extra_environment": {"DEMO_BOOT_DELAY": "100000"},
    "maymessenger_backend_probe_timing": {"interval": 30, "timeout": 10, "retries": 10, "start_period": 5},
}


def without_waiting(done: Deploy) -> list[str]:
    """Return what stood on the screen but for the signs of life, of which a slow machine has more."""
    return [line for line in done.output.splitlines() if not line.startswith(f"{HOST}  ...  ")]


def test_whoever_waits_sees_what_for_and_the_failure_once(deploying: Deployer, visitor: Callable[[], Visitor]) -> None:
    before = server.release()
    with visitor() as somebody:
        done = deploying(NEVER_LISTENS)
    somebody.assert_served(at_least=20)
    assert done.code == 2 and server.difference(before, server.release()) == {}
    lines = done.output.splitlines()
    assert len(without_waiting(done)) <= 60 and "\x1b" not in done.output
    # While it takes long: which container, how it is, since when.
    waiting = rf"{HOST}  \.\.\. +\d+\.\d s  waiting for {BACKEND} \(starting, \d+ s\); 6 of 7 probes hold"
    assert [line for line in lines if re.fullmatch(waiting, line)]
    # Then the failure, once: what failed and why, what it wrote, how to see more, and what serves now.
    message = done.message()
    assert done.output.count(message.splitlines()[0]) == 1 and done.output.count("health gate") == 1
    why, _, then = message.partition("\n\nThe release that ran before is back and was proven in ")
    told = [line for line in why.splitlines() if not line.startswith(("    | ", "  Its log ends with"))]
    assert len(told) <= 15 and len(then.splitlines()) <= 5
    assert "and neither it nor what it waits for has done or written anything for" in why
    assert "it runs but does not listen where its health probe asks" in why
    assert "    |       DEMO_BOOT_DELAY: starting in 100000.0 s." in why.splitlines()
    assert "RareBooks and May Messenger serve again." in then
    assert then.endswith(f"run: ansible-playbook -i {os.path.relpath(INVENTORY, ROOT)} logs.yml -e logs_since=1h")
    assert lines[-1].startswith(f"{HOST} : ok=")


def test_after_all_that_there_is_nothing_to_mend(deploying: Deployer, visitor: Callable[[], Visitor]) -> None:
    with visitor() as somebody:
        done = deploying({})
    somebody.assert_served(at_least=10)
    assert done.code == 0 and done.recap()["changed"] == 0
    assert len(without_waiting(done)) <= 25
    assert "rarebooks-faults serves RareBooks and May Messenger." in done.output
    states = server.run("docker", "ps", "--all", "--format", "{{.Names}} {{.Status}}").splitlines()
    assert len(states) == 7 and [state for state in states if "(healthy)" not in state] == []
