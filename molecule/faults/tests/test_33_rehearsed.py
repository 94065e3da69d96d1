"""A new messenger is tried on a copy of its data before anything changes: what it would break there, it breaks nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import server
from operators import Deployer
from sources import SOURCE, changed
from visitor import Visitor

MESSENGER = "messenger.rare-books.ru"
SCHEMA = "src/MayMessenger.Infrastructure/schema.py"
# The next version's step of the schema, and a moment in which nobody else reads messages.
STEP = """CREATE TABLE "Reactions" ("Id" uuid PRIMARY KEY); ALTER TABLE "Messages" ADD "EditedAt" timestamptz; SELECT pg_sleep(2)"""
LABEL = "label=com.docker.compose.project=rarebooks-scratch-rehearsal"
LEFT = ["sh", "-c", f"docker ps -aq --filter {LABEL}; docker network ls -q --filter {LABEL}"]
# A health check that makes up its mind in seconds instead of minutes.
QUICK = {"maymessenger_backend_probe_timing": {"interval": 1, "timeout": 2, "retries": 2, "start_period": 2}}


def migrating(directory: Path, step: str, name: str = "20261127000000_Reactions") -> dict[str, Any]:
    """Return the variables that deploy a messenger with one more step of its schema."""
    text = (SOURCE / SCHEMA).read_text()
    steps = f'[Migration("20241101000000_InitialCreate", _INITIAL, seed), Migration("{name}", {step!r})]'
    old = 'return [Migration("20241101000000_InitialCreate", _INITIAL, seed)]'
    assert old in text
    return {"maymessenger_backend_source": changed(directory, {SCHEMA: text.replace(old, f"return {steps}")}), "stack_rehearse": "auto"}


@pytest.fixture
def both(visitor: Callable[..., Visitor]) -> list[Visitor]:
    return [visitor(), visitor(host=MESSENGER, pages=["/health"])]


def test_a_migration_that_fails_leaves_production_untouched(deploying: Deployer, both: list[Visitor], tmp_path: Path) -> None:
    before, started = server.release(), server.run("docker", "inspect", "--format", "{{.State.StartedAt}}", "maymessenger_backend")
    with both[0], both[1]:
        done = deploying({**migrating(tmp_path / "source", 'ALTER TABLE "Nowhere" ADD "X" int'), **QUICK})
    for somebody in both:
        somebody.assert_served(at_least=20)
    assert done.code == 2
    told = " ".join(done.output.split())
    assert "May Messenger: expected maymessenger_backend to become healthy within 300 s on the databases of the dumps" in told
    assert "got maymessenger_backend: unhealthy, its schema is not in the database (relation Nowhere does not exist)" in told
    assert "The log of maymessenger_backend ended there with:" in told and 'relation "Nowhere" does not exist' in told
    assert "Nothing has been changed: this was a copy of the data, and what runs still serves." in told
    assert server.difference(before, server.release()) == {}
    assert server.run("docker", "inspect", "--format", "{{.State.StartedAt}}", "maymessenger_backend") == started
    assert server.ledger()[-1]["result"] == "refused"
    assert server.run(*LEFT) == ""


def test_one_that_succeeds_is_told_with_what_it_does_to_the_schema(deploying: Deployer, tmp_path: Path) -> None:
    done = deploying(migrating(tmp_path / "source", STEP))
    assert done.code == 0
    told = " ".join(done.output.split())
    assert "May Messenger was tried on a copy of its data first, and was healthy after " in told
    assert (
        "Its database maymessenger goes from schema 20241101000000_InitialCreate to 20261127000000_Reactions: new: "
        'public."Messages"."EditedAt", public."Reactions".' in told
    )
    assert re.search(r'visitors will wait: public\."Messages" from reading and writing for [1-3] s\.', told)
    assert server.ledger()[-1]["result"] == "deployed"
    assert server.ledger()[-1]["rehearsed"]["maymessenger"].startswith("healthy after ")
    assert server.run(*LEFT) == ""


def test_two_versions_do_not_run_at_once_where_the_schema_loses_something(deploying: Deployer, tmp_path: Path) -> None:
    beside = {"stack_side_by_side": ["maymessenger"], "stack_drain": 1}
    less = 'ALTER TABLE "Messages" DROP "EditedAt"'
    done = deploying({**migrating(tmp_path / "source", less, "20261128000000_Less"), **beside})
    told = " ".join(done.output.split())
    assert 'to 20261128000000_Less: gone: public."Messages"."EditedAt".' in told
    assert "maymessenger_backend: stopped before the new one is started, since the new version takes from the schema what" in told
    more = 'ALTER TABLE "Messages" ADD "EditedAt" timestamptz'
    done = deploying({**migrating(tmp_path / "more", more, "20261129000000_More"), **beside})
    told = " ".join(done.output.split())
    assert 'to 20261129000000_More: new: public."Messages"."EditedAt".' in told
    assert "maymessenger_backend: exchanged beside the one before" in told


def test_one_that_runs_already_is_not_tried_again(deploying: Deployer) -> None:
    """The version of before, which has the schema of the next one by now: it is tried on that."""
    done = deploying({"stack_rehearse": "always"})
    assert done.code == 0
    assert "was tried on a copy of its data first" in done.output
    again = deploying({"stack_rehearse": "always"})
    assert again.recap()["changed"] == 0 and "was tried" not in again.output
