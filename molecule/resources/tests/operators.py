"""Fixtures of operators who deploy and go back, and what must hold after each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import server
from deployment import INVENTORY, Deploy, deploy
from visitor import Visitor

Deployer = Callable[..., Deploy]


@pytest.fixture(scope="session")
def deploying() -> Deployer:
    """Return a function that deploys and looks at what every deploy owes, however it ends."""

    def run(
        variables: Mapping[str, Any],
        *options: str,
        given: Iterable[str] = (),
        inventory: Path = INVENTORY,
        playbook: str = "deploy.yml",
        environment: Mapping[str, str] | None = None,
    ) -> Deploy:
        hidden = server.secrets() | set(given)
        done = deploy(variables, *options, inventory=inventory, playbook=playbook, environment=environment)
        print(done.output)
        assert "Traceback" not in done.output
        assert [value for value in hidden | server.secrets() if value in done.output] == []
        return done

    return run


@pytest.fixture(scope="session")
def refused(deploying: Deployer) -> Deployer:
    """Return a function that deploys and finds that it was refused, with the server untouched."""

    def run(variables: Mapping[str, Any], *options: str, **rest: Any) -> Deploy:
        before = server.state()
        done = deploying(variables, *options, **rest)
        assert done.code == 2
        assert server.difference(before, server.state()) == {}
        return done

    return run


@pytest.fixture(scope="session")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Visitor]:
    """Return a function that makes somebody who uses RareBooks, or another site, trusting nothing but this server's CA."""
    ca_file = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca_file.write_text(server.run("cat", "/opt/rarebooks/ca/ca.pem"))
    # Asked for each time: after a reboot it may be another one.
    return lambda **options: Visitor(server.address(), str(ca_file), **options)
