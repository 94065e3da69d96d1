"""The secrets with which a server set up by hand is compared, before a deploy has any."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._adoption import in_force
from ansible_collections.rarebooks.platform.plugins.module_utils._server.engine import Docker
from docker_cli import Database, DockerCli

VOLUME, NAME, PASSWORD = "ours_db_data", "shop_db_password", "by-hand"


def read(tmp_path: Path, status: str, given: str = "") -> in_force.InForce:
    docker = DockerCli(shop_db=Database(VOLUME, {"POSTGRES_PASSWORD": PASSWORD}, {"postgres": PASSWORD}, status))
    params: dict[str, Any] = {
        "secrets_file": str(tmp_path / "secrets.json"),
        "secrets": [{"name": NAME, "value": given, "fixed": True, "database": "shop_db"}],
        "databases": [{"container": "shop_db", "name": "Shop", "user": "postgres", "volume": "db_data"}],
        "unprefixed_volumes": [],
        "allow_published": True,
        "path": str(tmp_path),
    }
    return in_force.read(docker, params, "ours")


@pytest.fixture(autouse=True)
def _volumes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Docker, "volumes", lambda _self: [VOLUME])


def test_the_password_of_a_database_that_does_not_run_is_presumed(tmp_path: Path) -> None:
    """A deploy proves it first; beside one that is not known, whatever holds it would count as lost."""
    found = read(tmp_path, "exited")
    assert found.values == {NAME: PASSWORD} and found.taken == {}
    assert [problem.partition(": ")[0] for problem in found.problems] == [NAME]


def test_one_that_runs_is_asked_and_one_that_is_given_counts(tmp_path: Path) -> None:
    found = read(tmp_path, "running")
    assert (found.values, found.taken, found.problems) == ({NAME: PASSWORD}, {NAME: "shop_db"}, [])
    assert read(tmp_path, "exited", "given").values == {NAME: "given"}


@pytest.mark.parametrize(("stored", "presumed"), [(PASSWORD, "sealed"), ("another", PASSWORD)])
def test_one_that_an_older_version_generated_is_not_presumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: str, presumed: str
) -> None:
    """Version 0.3.0 made containers anew with what it had generated and stored; what it had sealed says what there was before."""
    (tmp_path / "secrets.json").write_text(json.dumps({NAME: stored}))
    monkeypatch.setattr(in_force.SealedPasswords, "of", lambda _self, container: iter(["sealed"] if container == "shop_db" else []))
    assert read(tmp_path, "exited").values == {NAME: presumed}
