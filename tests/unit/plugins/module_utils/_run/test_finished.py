"""How a killed run ended without its controller is told to whoever comes next."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger
from ansible_collections.rarebooks.platform.plugins.module_utils._run.finished import finished
from ansible_collections.rarebooks.platform.plugins.module_utils._run.lease import Lease
from ansible_collections.rarebooks.platform.plugins.module_utils._run.ledger import Run

DEPLOY = Run("one", "deploy", "alice@laptop", started="2026-11-24T12:00:00Z")
RECOVERY = Run("two", "recovery", "the server at boot", started="2026-11-24T12:05:00Z")
ORPHAN = Lease(DEPLOY, "switching", "boot", 1.0, 1.0)


def record(directory: Path, run: Run, result: str, **facts: str) -> None:
    assert ledger.append(str(directory), ledger.entry(run, result, 1.0, **facts))


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("deployed", "deployed."),
        ("restored", "the release before it was brought back, and serves (no answer)."),
        ("broken", "broken (no answer)."),
    ],
)
def test_a_switch_that_went_on_without_its_controller(tmp_path: Path, result: str, said: str) -> None:
    record(tmp_path, DEPLOY, result, error="" if result == "deployed" else "no answer")
    assert finished(str(tmp_path), ORPHAN) == (
        f"The deploy by alice@laptop, started 2026-11-24T12:00:00Z, was finished by the server: {said}"
    )


def test_a_switch_that_was_ended_at_boot(tmp_path: Path) -> None:
    record(tmp_path, DEPLOY, "interrupted")
    record(tmp_path, RECOVERY, "restored")
    assert finished(str(tmp_path), None) == (
        "The deploy by alice@laptop, started 2026-11-24T12:00:00Z, was finished by the server at boot: the release before it was brought "
        "back, and serves."
    )
    record(tmp_path, Run("three", "deploy", "bob"), "unchanged")
    assert finished(str(tmp_path), None) == ""  # It is told once.


def test_runs_that_ended_as_runs_do(tmp_path: Path) -> None:
    assert finished(str(tmp_path), None) == ""
    assert finished(str(tmp_path), ORPHAN) == ""
    record(tmp_path, DEPLOY, "interrupted")
    assert finished(str(tmp_path), ORPHAN) == finished(str(tmp_path), None) == ""
    record(tmp_path, Run("three", "deploy", "bob"), "restored", error="no answer")
    assert finished(str(tmp_path), None) == ""
