"""Nothing of ours builds on what ansible-core keeps to itself and changes without a word."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "plugins").rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_private(name: str) -> bool:
    first, *rest = name.split(".")
    return first == "ansible" and any(part.startswith("_") for part in rest)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT / "plugins")))
def test_no_private_name_of_ansible_core_is_imported(path: Path) -> None:
    assert [name for name in imported(path) if is_private(name)] == []


def test_a_private_name_would_be_seen() -> None:
    assert is_private("ansible._internal.x") and is_private("ansible.utils.collection_loader._collection_finder._get_collection_role_path")
    assert not is_private("ansible.module_utils.basic.AnsibleModule")
