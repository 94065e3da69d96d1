"""Which files of plugins/module_utils a file imports, read from its text."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
UTILS = ROOT / "plugins/module_utils"
PACKAGE = ("ansible_collections", "rarebooks", "platform", "plugins", "module_utils")


@cache
def imported(path: Path, text: str) -> frozenset[Path]:
    """Return the files that the text, as that of a file at this path, imports: relatively, or by the collection's name."""
    found: set[Path] = set()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.ImportFrom):
            continue
        parts = tuple((node.module or "").split("."))
        if node.level:
            directory = path.parents[node.level - 1].joinpath(*parts)
        elif parts[: len(PACKAGE)] == PACKAGE:
            directory = UTILS.joinpath(*parts[len(PACKAGE) :])
        else:
            continue
        files = [directory.with_suffix(".py"), *(directory / f"{alias.name}.py" for alias in node.names)]
        found |= {file for file in files if file.is_file()}
    return frozenset(found)
