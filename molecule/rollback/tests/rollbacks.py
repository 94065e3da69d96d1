"""Fixtures of a server that goes from release to release and back."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest
from deployment import ROOT, Deploy
from operators import Deployer
from releases import Releases

# No dump is proven where a test is not about data: a scratch PostgreSQL takes longer than the rest of such a run.
QUICK = {"stack_backup_databases": "dump", "stack_backup_keep": 20}


@pytest.fixture(scope="session")
def going_back(deploying: Deployer) -> Deployer:
    """Return a function that rolls back."""

    def run(variables: dict[str, Any], *options: str) -> Deploy:
        return deploying(QUICK | variables, *options, playbook="rollback.yml")

    return run


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Return a function that writes the messenger's source in another version: another image is built of it."""

    def write(version: str) -> str:
        directory = tmp_path_factory.mktemp("source") / "backend"
        shutil.copytree(ROOT / "demo/apps/maymessenger", directory, ignore=shutil.ignore_patterns("__pycache__"))
        (directory / "src/MayMessenger.API/VERSION").write_text(version)
        return str(directory)

    return write


@pytest.fixture(scope="session")
def releases(deploying: Deployer, sources: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Releases:
    """The messenger in three releases, deployed one after another onto a server that had the shop alone."""
    return Releases.deployed(deploying, QUICK, {name: sources(name) for name in ("v1", "v2")})
