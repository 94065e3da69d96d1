# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is not to be shown does not come into the system's log of the server either, which more people read than root."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._base.unlogged import UnloggedModule

MODULES = "ansible_collections.rarebooks.platform.plugins.modules"
NAMES = sorted(path.stem for path in (Path(__file__).parents[2] / "plugins/modules").glob("*.py"))
SECRET = "first line\nit's \\ a second one\n"


class Made(Exception):
    """A module has been made."""


def hidden_within(spec: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is not to be shown and lies in a list or a dictionary."""
    for option in spec.values():
        inner = option.get("options") or {}
        yield from (name for name, one in inner.items() if one.get("no_log"))
        yield from hidden_within(inner)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[tuple[type, Mapping[str, Any]]]:
    found: list[tuple[type, Mapping[str, Any]]] = []

    def begin(self: AnsibleModule, argument_spec: Mapping[str, Any], **_rest: Any) -> None:
        found.append((type(self), argument_spec))
        raise Made

    monkeypatch.setattr(AnsibleModule, "__init__", begin)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_modules_with_something_hidden_log_no_arguments(name: str, made: list[tuple[type, Mapping[str, Any]]]) -> None:
    module = importlib.import_module(f"{MODULES}.{name}")
    if not hasattr(module, "main"):
        return  # The action plugin of its name does it all.
    with pytest.raises(Made):
        module.main()
    [(kind, spec)] = made
    assert issubclass(kind, UnloggedModule) == any(hidden_within(spec))


def test_nothing_of_them_is_in_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[str] = []
    monkeypatch.setattr("ansible.module_utils.basic.has_journal", False)
    monkeypatch.setattr(AnsibleModule, "_log_to_syslog", lambda _self, text: logged.append(text))
    spec = {"files": {"type": "list", "elements": "dict", "options": {"content": {"no_log": True}}}}

    def log_of(kind: type[AnsibleModule]) -> str:
        logged.clear()
        with patch_module_args({"files": [{"content": SECRET}]}):
            kind(argument_spec=spec)
        return "".join(logged)

    assert "second one" in log_of(AnsibleModule), "Ansible has mended it: then there is no need of our own"
    assert "Invoked" in log_of(UnloggedModule) and "second one" not in log_of(UnloggedModule)
