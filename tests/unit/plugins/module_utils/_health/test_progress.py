# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person who waits for the gate is told meanwhile."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._health.container import ContainerProbe
from ansible_collections.rarebooks.platform.plugins.module_utils._health.gate import OK, ProbeResult, Record, waiting
from ansible_collections.rarebooks.platform.plugins.module_utils._health.progress import waited_for

NOW = datetime(2026, 11, 24, 8, 30, 28, tzinfo=timezone.utc)


class Reader:
    def __init__(self, state: dict[str, Any] | None) -> None:
        self.state = state

    def inspect(self, name: str) -> dict[str, Any] | None:
        return self.state and {"Id": name, "State": self.state, "Config": {}}

    def logs(self, name: str, lines: int) -> str:
        return ""


class Site:
    name, kind, expectation = "https://books.example.org/", "http", "200"

    def check(self) -> ProbeResult:
        return waiting("status 503 with the password in it")

    def next_step(self) -> str:
        return "curl"


def container(name: str, state: dict[str, Any] | None, outcome: ProbeResult) -> Record:
    probe = ContainerProbe(Reader(state), name, NOW)
    probe.look()
    return Record(probe, outcome, attempts=1)


def running(health: str) -> dict[str, Any]:
    return {"Status": "running", "StartedAt": "2026-11-24T08:30:00.5Z", "Health": {"Status": health}}


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (running("starting"), "shop (starting, 28 s)"),
        (running("unhealthy"), "shop (unhealthy, 28 s)"),
        ({"Status": "running", "StartedAt": "2026-11-24T08:30:00.5Z"}, "shop (running, 28 s)"),
        # It has not been started, which an engine says with a time before all others.
        ({"Status": "created", "StartedAt": "0001-01-01T00:00:00Z"}, "shop (created)"),
        (None, "shop (missing)"),
    ],
)
def test_each_container_that_is_waited_for_is_named_with_its_time(state: dict[str, Any] | None, told: str) -> None:
    records = [container("shop", state, waiting("x")), container("db", running("healthy"), OK)]
    assert waited_for(records, NOW) == f"waiting for {told}; 1 of 2 probes hold"


def test_a_site_is_named_once_it_is_asked_and_none_of_its_answer() -> None:
    asked = Record(Site(), waiting("status 503 with the password in it"), attempts=2, elapsed=3.2)
    assert waited_for([asked, Record(Site())], NOW) == "waiting for https://books.example.org/ (not as expected, 3 s); 0 of 2 probes hold"
