"""What the collection can say to a person."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# Stands where a message puts something in.
GAP = "\0"


def messages() -> Iterator[str]:
    """Yield what the collection can say, on one line, with a gap where it puts something in."""
    for path in (ROOT / "plugins").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield one_line(node.value)
            elif isinstance(node, ast.JoinedStr):
                yield one_line("".join(str(part.value) if isinstance(part, ast.Constant) else GAP for part in node.values))
    for pattern in ("roles/**/*.yml", "roles/**/*.j2", "playbooks/*.yml", "docs/no-links.txt"):
        for path in ROOT.glob(pattern):
            yield one_line(re.sub(r"\{\{.*?\}\}", GAP, path.read_text()))


def one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)
