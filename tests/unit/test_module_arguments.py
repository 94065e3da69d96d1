"""Each task of ours gives its module what it needs and nothing that it does not know. What is said once, in module_defaults, counts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "rarebooks.platform."
GROUPS: dict[str, list[str]] = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["action_groups"]

Defaults = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Call:
    """A task with one of our modules, and the names of the arguments that it ends up with."""

    where: str
    module: str
    given: frozenset[str]


def texts(path: str, name: str) -> dict[str, Any]:
    """Return a text of documentation in a file of plugins."""
    found = re.search(rf'^ *{name} = r"""\n(.*?)^"""', (ROOT / f"plugins/{path}.py").read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"{path}: {name}"
    read: dict[str, Any] = yaml.safe_load(found[1])
    return read


def documented(module: str) -> dict[str, Any]:
    """Return the options of a module, also those that it has in common with others."""
    text = texts(f"modules/{module}", "DOCUMENTATION")
    named = [one.removeprefix(PREFIX).split(".") for one in text.get("extends_documentation_fragment", []) if one.startswith(PREFIX)]
    shared = [texts(f"doc_fragments/{file}", part.upper()) for file, part in named]
    return {name: option for one in [*shared, text] for name, option in (one.get("options") or {}).items()}


def expanded(defaults: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return defaults by module, those of groups of ours among them."""
    found: dict[str, dict[str, Any]] = {}
    for name, values in defaults.items():
        for module in GROUPS[name.removeprefix(f"group/{PREFIX}")] if name.startswith("group/") else [name.removeprefix(PREFIX)]:
            found.setdefault(module, {}).update(values)
    return found


def merged(outer: Defaults, inner: Defaults) -> Defaults:
    return {name: {**outer.get(name, {}), **inner.get(name, {})} for name in {*outer, *inner}}


def calls(tasks: list[dict[str, Any]], place: Path, outer: Defaults) -> Iterator[Call]:
    """Yield the calls of tasks and of all that they include; place is the file that they stand in."""
    for task in tasks:
        defaults = merged(outer, expanded(task.get("module_defaults", {})))
        for part in ("block", "rescue", "always"):
            yield from calls(task.get(part, []), place, defaults)
        for key, arguments in task.items():
            if key.startswith(PREFIX):
                module = key.removeprefix(PREFIX)
                given = frozenset({*defaults.get(module, {}), *(arguments or {})})
                yield Call(f"{place.relative_to(ROOT)}: {task['name']}", module, given)
            for file in included(key, arguments, place):
                yield from calls(yaml.safe_load(file.read_text()), file, defaults)


def included(key: str, arguments: Any, place: Path) -> list[Path]:
    """Return the files with the tasks that an include takes; a role that a variable names is none of ours."""
    action = key.removeprefix("ansible.builtin.")
    if action in ("import_tasks", "include_tasks"):
        name = arguments["file"] if isinstance(arguments, dict) else arguments
        found = sorted(path for path in place.parent.glob(re.sub(r"\{\{.*?\}\}", "*", name)) if path != place)
        assert found, f"{place}: {name}"
        return found
    if action in ("import_role", "include_role") and arguments["name"].startswith(PREFIX):
        return [ROOT / "roles" / arguments["name"].removeprefix(PREFIX) / "tasks" / f"{arguments.get('tasks_from', 'main')}.yml"]
    return []


def every_call() -> list[Call]:
    found: dict[Call, None] = {}
    for playbook in sorted((ROOT / "playbooks").glob("*.yml")):
        for play in yaml.safe_load(playbook.read_text()):
            found |= dict.fromkeys(calls(play.get("tasks", []), playbook, expanded(play.get("module_defaults", {}))))
    for role in ("certificates", "docker", "network"):  # As another play uses them.
        main = ROOT / f"roles/{role}/tasks/main.yml"
        found |= dict.fromkeys(calls(yaml.safe_load(main.read_text()), main, {}))
    return list(found)


CALLS = every_call()


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.where)
def test_a_task_gives_what_its_module_needs(call: Call) -> None:
    options = documented(call.module)
    required = {name for name, option in options.items() if option.get("required")}
    # What the action of the same name makes of the rest is documented with the module.
    assert not required - call.given, f"{call.where}: {call.module} needs {sorted(required - call.given)}"
    assert not call.given - options.keys(), f"{call.where}: {call.module} does not know {sorted(call.given - options.keys())}"


def test_every_task_is_looked_at() -> None:
    texts = [path.read_text() for path in (ROOT / "roles").glob("*/tasks/*.yml")]
    written = {name for text in texts for name in re.findall(rf"^ *{re.escape(PREFIX)}(\w+):$", text, re.MULTILINE)}
    assert written <= {call.module for call in CALLS}
    reached = {call.where.partition(": ")[0] for call in CALLS}
    assert {"roles/stack/tasks/give_back.yml", "roles/certificates/tasks/selfsigned.yml", "roles/rollback/tasks/seal.yml"} <= reached


def test_groups_are_the_modules_that_know_the_option() -> None:
    modules = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
    assert GROUPS["project"] == [module for module in modules if "project" in documented(module)]
    assert [module for module in GROUPS["stack"] if "path" not in documented(module)] == []
