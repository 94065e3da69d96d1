"""Commands that messages print are made to fit the operator's terminal, and none is printed without."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from import_graph import ROOT, imported

PLUGINS = ROOT / "plugins"
PLAYBOOK = re.compile(r"ansible-playbook [a-z_]+\.yml")
MODULES = sorted((PLUGINS / "modules").glob("*.py"))


def closure(path: Path, known: set[Path] | None = None) -> set[Path]:
    known = set() if known is None else known
    for found in imported(path, path.read_text()):
        if found not in known:
            known.add(found)
            closure(found, known)
    return known


@cache
def prints(path: Path) -> bool:
    """Tell whether a file's code, other than its documentation, holds a command."""
    tree = ast.parse(path.read_text())
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return any(PLAYBOOK.search(text) and "\n" not in text for text in texts)


def commands(module: Path) -> set[str]:
    return {path.name for path in {module, *closure(module)} if prints(path)}


@pytest.mark.parametrize("module", [path for path in MODULES if commands(path)], ids=lambda path: path.stem)
def test_a_module_whose_code_prints_commands_has_an_action_that_completes_them(module: Path) -> None:
    action = PLUGINS / "action" / module.name
    assert action.is_file(), f"{module.stem} uses {commands(module)}"
    assert "_commands" in action.read_text()


def test_there_are_such_modules() -> None:
    assert {"release", "backup_info", "certbot_certificates"} <= {path.stem for path in MODULES if commands(path)}


@pytest.mark.parametrize(
    "path",
    [path for pattern in ("roles/*/tasks/*.yml", "playbooks/*.yml") for path in sorted(ROOT.glob(pattern))],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_a_task_that_prints_commands_completes_them(path: Path) -> None:
    text = "\n".join(line for line in path.read_text().splitlines() if not line.lstrip().startswith("#"))
    assert not PLAYBOOK.search(text) or "rarebooks.platform.as_called" in text
