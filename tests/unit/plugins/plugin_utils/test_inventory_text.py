"""The text of a written inventory is read as the values that went into it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _inventory_text


@pytest.mark.parametrize(
    "value",
    [
        "plain",
        "yes",
        "22:30",
        "1",
        "",
        "it's: #1, [x] {y}",
        "a{{ b }}",
        True,
        5,
        ["a", "b,c", "- d"],
        [],
        {},
        {"KEY": "it's $5 #1", "T": "{{ x }}", "N": "007"},
        [{"volume": "v", "path": "/p", "location": "/l/"}, {"volume": "w", "path": "/x: y"}],
        {"app": "location /x/ {\n    return 200 '{{x}}';\n}"},
        "server {\n    listen 443 ssl;\n\n    # a: b\n}",
        "  indented\nsecond",
    ],
)
def test_what_is_written_is_read(value: Any) -> None:
    loaded = DataLoader().load(f"---\n{_inventory_text.variable('name', value)}\n")["name"]
    assert plain(loaded) == plain(value)


def plain(value: Any) -> Any:
    """Return a value without tags of Ansible, and without the line break that ends a block."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return str(value).removesuffix("\n") if isinstance(value, str) else value


def test_a_host_with_and_without_variables() -> None:
    text = _inventory_text.hosts("shop", {"ansible_host": "203.0.113.7", "ansible_port": 2222})
    assert DataLoader().load(text) == {"rarebooks": {"hosts": {"shop": {"ansible_host": "203.0.113.7", "ansible_port": 2222}}}}
    assert DataLoader().load(_inventory_text.hosts("shop", {})) == {"rarebooks": {"hosts": {"shop": {}}}}


def test_open_decisions_are_made_by_taking_signs_away() -> None:
    text = _inventory_text.let_go(["site a.ru: nobody serves it", "file x /app/y z: written"])
    assert DataLoader().load(text) is None
    decided = "\n".join(line.removeprefix("# ") for line in text.splitlines()[1:])
    assert DataLoader().load(decided) == {"stack_let_go": ["site a.ru", "file x /app/y z"]}
    assert _inventory_text.let_go([]) == ""
