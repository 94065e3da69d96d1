"""What the tests do to a server: wait, ask its engine, be a browser."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable
from typing import Any

import requests
from contract import CONTAINERS, DIRECTORY, MESSENGER, SHOP
from testinfra.host import Host

# Twice what a reboot takes on a busy machine with two cores, and little enough to wait for in vain.
PATIENCE = 90


def wait_until(holds: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(0.2)


def inspect(host: Host, *names: str) -> dict[str, dict[str, Any]]:
    """Return what the server's engine knows of containers (all of them, unless named), by name."""
    which = shlex.join(names) or "$(docker ps --all --quiet)"
    found = host.run(f"docker container inspect {which}")
    return {one["Name"].removeprefix("/"): one for one in json.loads(found.stdout or "[]")}


def compose(host: Host, arguments: str) -> str:
    """Run Compose as an operator does: in the directory, without naming files or project."""
    done = host.run(f"cd {DIRECTORY} && docker compose {arguments}")
    assert done.rc == 0, done.stderr
    return str(done.stdout)


def unhealthy(host: Host) -> dict[str, str]:
    """Return the containers that are not running and healthy, with their states."""
    found = inspect(host)
    states = {name: found.get(name, {}).get("State", {}) for name in CONTAINERS}
    # A container that has ended keeps the health it had.
    both = {name: (state.get("Status"), state.get("Health", {}).get("Status")) for name, state in states.items()}
    return {name: f"{status}, {health}" for name, (status, health) in both.items() if (status, health) != ("running", "healthy")}


def wait_healthy(host: Host) -> None:
    wait_until(lambda: not unhealthy(host), "every container to be healthy")


class Web(requests.Session):
    """A browser that follows no redirect, keeps no connection, and trusts the server's own CA and nothing else."""

    def __init__(self, ca: str) -> None:
        super().__init__()
        self.verify = ca
        self.trust_env = False
        self.headers["Connection"] = "close"

    def request(self, *arguments: Any, **options: Any) -> requests.Response:
        return super().request(*arguments, **{"timeout": 10, "allow_redirects": False} | options)

    def get(self, url: str | bytes, **options: Any) -> requests.Response:
        return self.request("GET", url, **options)  # The inherited one follows redirects.

    def shop_serves(self) -> bool:
        """Tell whether RareBooks answers, the page and the API."""
        urls = [f"https://{SHOP[1]}/", f"https://{SHOP[1]}/api/test/setup-status"]
        return all(self.get(url).status_code == 200 for url in urls)

    def messenger_serves(self) -> bool:
        return self.get(f"https://{MESSENGER}/health").status_code == 200
