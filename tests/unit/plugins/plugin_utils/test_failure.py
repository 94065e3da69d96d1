"""Why a run ended is in the ledger: found among what tasks register, and each task that can fail registers it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.rarebooks.platform.plugins.plugin_utils._failure import error_of

ROLES = Path(__file__).parents[4] / "roles"
# Between lease and release. What these do cannot fail, or what fails in them is a task of its own; the lease is the recorder itself.
SILENT = {"import_tasks", "include_tasks", "import_role", "include_role", "meta", "set_fact", "debug", "report", "lease"}
KEYWORDS = {
    "name",
    "when",
    "loop",
    "loop_control",
    "register",
    "vars",
    "tags",
    "check_mode",
    "diff",
    "changed_when",
    "failed_when",
    "no_log",
    "notify",
    "become",
    "until",
    "retries",
    "delay",
    "environment",
    "delegate_to",
    "run_once",
    "args",
}


@pytest.mark.parametrize(
    ("registered", "expected"),
    [
        ({}, ""),
        ({"__stack_release": {"failed": False, "msg": "fine"}}, ""),
        ({"__stack_outcome": {"failed": True, "msg": "Refused.\nMore."}}, "Refused."),
        ({"__docker_outcome": {"failed": True, "msg": "x" * 1000}}, "x" * 500),
        ({"__stack_pulled": {"failed": True, "msg": "All items", "results": [{"msg": "a"}, {"failed": True, "msg": "gone"}]}}, "gone"),
        # What a rescue said of it counts, not what it was said of.
        ({"__stack_pulled": {"failed": True, "msg": "raw"}, "__stack_outcome": {"failed": True, "msg": "told"}}, "told"),
        ({"__stack_outcome": {"failed": True, "msg": "hunter2", "censored": "the output has been hidden"}}, ""),
        ({"__stack_outcome": {"failed": True}}, ""),
        ({"somebody_s": {"failed": True, "msg": "not ours"}, "__other_outcome": 5}, ""),
    ],
)  # fmt: skip
def test_the_error_of_the_task_that_failed(registered: dict[str, Any], expected: str) -> None:
    assert error_of(registered) == expected


def tasks(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for item in items:
        if "block" in item:
            for part in ("block", "rescue", "always"):
                yield from tasks(item.get(part, []))
        else:
            yield item


@pytest.mark.parametrize("role", ["stack", "rollback", "docker", "network", "certificates"])
def test_each_task_that_can_fail_registers_how_it_ended(role: str) -> None:
    silent = []
    for path in sorted((ROLES / role / "tasks").glob("*.yml")):
        for task in tasks(yaml.safe_load(path.read_text())):
            (action,) = task.keys() - KEYWORDS
            # What a task registers is not censored: one that must not be shown may not be registered under such a name.
            assert "no_log" not in task
            if action.rpartition(".")[2] not in SILENT and "register" not in task:
                silent.append(f"{path.name}: {task['name']}")
    assert silent == []
