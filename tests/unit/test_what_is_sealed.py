"""What is about to take rows away dumps them first, however an inventory says that deploys dump nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from jinja2 import Environment

ROLES = Path(__file__).parents[2] / "roles"


def sealed(tasks: str, given: object) -> str:
    """Return what a file of tasks has the module backup do about databases."""
    everything = yaml.safe_load((ROLES / tasks).read_text())
    everything += [task for one in everything for task in one.get("block", [])]
    (expression,) = [task["rarebooks.platform.backup"]["databases"] for task in everything if "rarebooks.platform.backup" in task]
    environment = Environment(autoescape=True)
    environment.filters["bool"] = bool
    return environment.from_string(expression).render(stack_backup_databases=given, rollback_restore_database=True)


@pytest.mark.parametrize("tasks", ["operations/tasks/remove_app.yml", "rollback/tasks/seal.yml"])
@pytest.mark.parametrize(
    ("given", "expected"), [(yaml.safe_load("off"), "prove"), ("off", "prove"), ("False", "prove"), ("dump", "dump"), ("prove", "prove")]
)
def test_rows_that_go_are_dumped(tasks: str, given: object, expected: str) -> None:
    assert sealed(tasks, given) == expected
