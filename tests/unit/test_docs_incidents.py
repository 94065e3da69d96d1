"""What docs/incidents.md says proves something is a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/incidents.md").read_text()
NAMED = re.compile(r"`([\w/]*test_\w+\.py)::(test_\w+)`")
INCIDENT = re.compile(r"^\| ([A-Z]\d+) \|", re.MULTILINE)
FILES = [path for folder in ("tests", "molecule") for path in (ROOT / folder).rglob("test_*.py")]


def test_each_test_it_names_exists() -> None:
    named = NAMED.findall(TEXT)
    assert named
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not any(str(path).endswith(f"/{file}") and f"def {test}(" in path.read_text() for path in FILES)
    ]
    assert not missing, "docs/incidents.md names tests that do not exist: correct it, or write them"


def test_incidents_are_numbered_once() -> None:
    numbers = INCIDENT.findall(TEXT)
    assert len(numbers) == 34
    assert len(set(numbers)) == len(numbers)
