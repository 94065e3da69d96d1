"""What a role or a playbook uses of another role is public and in that role's argument specs: its entry points, and its variables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "rarebooks.platform."
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
FILES = sorted([*(ROOT / "roles").glob("*/tasks/*.yml"), *(ROOT / "playbooks").glob("*.yml")])
TEXTS = [path for path in (ROOT / "roles").rglob("*") if path.suffix in (".yml", ".j2") and path.name != "argument_specs.yml"]

Entry = tuple[str, str]


def specs(role: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text())["argument_specs"]
    return loaded


def tasks_in(found: Any) -> Iterator[dict[str, Any]]:
    """Yield every task of a file or play, those in blocks too."""
    for one in found:
        yield one
        for part in ("tasks", "block", "rescue", "always"):
            yield from tasks_in(one.get(part, []))


def used(file: Path) -> Iterator[Entry]:
    """Yield the entry points that a file uses, by role and name; where a variable names the role, a loop says which there are."""
    for task in tasks_in(yaml.safe_load(file.read_text())):
        for key in ("ansible.builtin.import_role", "ansible.builtin.include_role"):
            if "tasks_from" in task.get(key, {}):
                name = task[key]["name"]
                for role in task["loop"] if "{{" in name else [name]:
                    yield role.removeprefix(PREFIX), task[key]["tasks_from"]


def unspecified(entries: set[Entry], known: dict[str, dict[str, Any]]) -> list[Entry]:
    return sorted((role, name) for role, name in entries if name not in known.get(role, {}))


USED = {entry for file in FILES for entry in used(file)}


def test_what_is_used_by_itself_is_an_entry_point() -> None:
    assert {("docker", "check"), ("certificates", "finish"), ("network", "defaults"), ("stack", "take_lease")} <= USED
    assert unspecified(USED, {role: specs(role) for role in ROLES}) == []


def test_one_that_is_not_would_be_seen() -> None:
    assert unspecified({("docker", "check"), ("docker", "main")}, {"docker": {"main": {}}}) == [("docker", "check")]


@pytest.mark.parametrize("role", ROLES)
def test_each_entry_point_is_described_and_used(role: str) -> None:
    for name, entry in specs(role).items():
        assert entry["short_description"] and entry["description"] and isinstance(entry["options"], dict), name
        assert name == "main" or ((ROOT / f"roles/{role}/tasks/{name}.yml").exists() and (role, name) in USED), name


@pytest.mark.parametrize("entry", sorted(USED), ids="/".join)
def test_the_variables_of_its_tasks_are_its_options(entry: Entry) -> None:
    role, name = entry
    text = (ROOT / f"roles/{role}/tasks/{name}.yml").read_text()
    entries = specs(role)
    # Of a role of entry points alone, each says all that it reads.
    whole = [entries["main"]] if "main" in entries else entries.values()
    # One of them is a word of most sentences.
    options = {option for one in whole for option in one["options"]} - {"to"}
    # Not the options of modules, some of which have the same short names.
    named = {option for option in options if re.search(rf"\b{option}\b(?!:)", text)}
    assert not named - specs(role)[name]["options"].keys()


def test_no_file_of_another_role_is_included_by_its_path() -> None:
    for file in FILES:
        for task in tasks_in(yaml.safe_load(file.read_text())):
            for key in ("ansible.builtin.import_tasks", "ansible.builtin.include_tasks"):
                assert ".." not in str(task.get(key, "")) and "role_path" not in str(task.get(key, "")), f"{file}: {task['name']}"


@pytest.mark.parametrize("role", ROLES)
def test_variables_that_others_use_are_in_the_specs(role: str) -> None:
    """As an option of an entry point, or as what its description says that a caller may read afterwards."""
    text = yaml.safe_dump(specs(role), width=10_000)
    options = {option for entry in specs(role).values() for option in entry["options"]}
    named = options | set(re.findall(r"\bC\((\w+)\)", text))
    # Not file names, tags and keys such as proxy_http_version of nginx: what the role itself says that it sets.
    own = {name for path in (ROOT / f"roles/{role}").rglob("*.yml") for name in re.findall(rf"\b{role}_\w+", path.read_text())}
    used_name = re.compile(rf"(?<![\w/.-]){role}_\w+")
    others = [path for path in TEXTS if path.relative_to(ROOT / "roles").parts[0] != role]
    assert not {(path.name, name) for path in others for name in used_name.findall(path.read_text()) if name in own - named}
