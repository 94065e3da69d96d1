"""Whose work counts for a container: that of the databases it waits for, and of any other one where it does not say for which."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._health.container import ContainerProbe
from ansible_collections.rarebooks.platform.plugins.module_utils._health.run import processes_behind

COMPOSE = "com.docker.compose."


def probe(name: str, pid: int, labels: dict[str, str] | None) -> ContainerProbe:
    """Return the probe of a container that has been looked at."""

    class Reader:
        def inspect(self, _name: str) -> dict[str, Any]:
            return {"Id": name, "State": {"Status": "running", "Pid": pid}, "Config": {"Image": "app:1", "Labels": labels}}

        def logs(self, _name: str, _lines: int) -> str:
            return ""

    made = ContainerProbe(Reader(), name, datetime.now(timezone.utc))
    made.look()
    return made


def labels(service: str, depends_on: str | None = None, project: str = "shop") -> dict[str, str]:
    found = {f"{COMPOSE}service": service, f"{COMPOSE}project": project}
    return found if depends_on is None else found | {f"{COMPOSE}depends_on": depends_on}


@pytest.mark.parametrize(
    ("own", "processes"),
    [
        (labels("api", "db:service_healthy:false,cache:service_started:true"), [2, 3]),
        (labels("api", "db:service_healthy:false"), [2]),
        (labels("api", ""), []),
        (labels("api"), [2, 3, 4]),
        (None, [2, 3, 4]),
        # A service of that name in another project is another one.
        (labels("api", "db:service_healthy:false", project="else"), []),
    ],
)
def test_processes_behind_a_container(own: dict[str, str] | None, processes: list[int]) -> None:
    probes = [
        probe("api", 1, own),
        probe("db", 2, labels("db")),
        probe("cache", 3, labels("cache")),
        probe("web", 4, labels("web")),
        probe("stopped", 0, labels("stopped")),
    ]
    assert processes_behind("api", probes) == processes


def test_before_anything_was_looked_at_nothing_is_behind() -> None:
    assert processes_behind("api", []) == []
