"""Fixtures of the server of a scenario, and of those who use it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from apps import Account, Written, open_shop, write
from contract import ARCHIVE, DIRECTORY, MESSENGER, SHOP
from support import Web
from testinfra.host import Host

ROOT = Path(__file__).resolve().parents[3]
NAME = os.environ["MOLECULE_SCENARIO_NAME"]
SERVER = f"rarebooks-{NAME}"


@pytest.fixture(scope="session")
def address() -> Callable[[], str]:
    """Where the server is now: it may come back from a reboot with another address."""
    client = docker.from_env()

    def find() -> str:
        networks = client.containers.get(SERVER).attrs["NetworkSettings"]["Networks"]
        return str(next(iter(networks.values()))["IPAddress"])

    return find


@pytest.fixture(scope="session", autouse=True)
def _names(address: Callable[[], str]) -> Iterator[None]:
    """Let the sites' names lead to this server, as DNS would. TLS still verifies them."""
    lookup = socket.getaddrinfo

    def resolve(name: Any, *arguments: Any, **options: Any) -> Any:
        return lookup(address() if name in [*SHOP, MESSENGER, ARCHIVE] else name, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolve)
        yield


def fetch(path: str) -> str:
    """Read a file of the server; not by testinfra, whose fixture lives no longer than a module."""
    ssh = ["ssh", "-F", str(ROOT / "build" / NAME / "ssh_config"), SERVER]
    return subprocess.run([*ssh, "cat", path], check=True, capture_output=True, text=True).stdout


class Secret(str):
    """A secret that pytest does not show when it explains a failure. It would once it is part of another string."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'********'"


@pytest.fixture(scope="session")
def secrets() -> dict[str, Secret]:
    """What the deploy generated."""
    return {name: Secret(value) for name, value in json.loads(fetch(f"{DIRECTORY}/.secrets.json")).items()}


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    path.write_text(fetch(f"{DIRECTORY}/ca/ca.pem"))
    return str(path)


@pytest.fixture(scope="session")
def web(ca: str) -> Web:
    return Web(ca)


@pytest.fixture(scope="session")
def shop_token(web: Web, secrets: dict[str, Secret]) -> str:
    """The shop, set up; what is closed before that is open now."""
    return open_shop(web, secrets["rarebooks_jwt_key"])


@pytest.fixture(scope="session")
def user_token(web: Web, secrets: dict[str, Secret]) -> str:
    """A user of the messenger."""
    return Account.register(web, secrets["maymessenger_invite_code"]).log_in(web)


@pytest.fixture(scope="session")
def written(web: Web, secrets: dict[str, Secret], shop_token: str) -> Written:
    """Something in every database and volume, from before anything was disturbed."""
    return write(web, secrets["maymessenger_invite_code"], shop_token)


@pytest.fixture
def reboot(host: Host) -> Callable[[], None]:
    def restart() -> None:
        # A container shares its host's boot_id, so systemd has to tell.
        booted = "systemctl show --property=UserspaceTimestamp"
        before = host.check_output(booted)
        subprocess.run([sys.executable, "-m", "demo.server", "restart", NAME], cwd=ROOT, check=True)
        assert host.check_output(booted) != before, "there was no reboot"

    return restart
