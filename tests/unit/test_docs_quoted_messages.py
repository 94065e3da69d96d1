"""Each English sentence that a table of the manual explains is one that the code still says, its words in that order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from messages import messages

DOCS = Path(__file__).resolve().parents[2] / "docs"
ERRORS = (DOCS / "ru/errors.md").read_text()
# What others say stands below this heading.
OURS, _heading, OTHERS = ERRORS.partition("## Говорят Ansible и SSH")


def section(page: str, heading: str) -> str:
    """Return what stands below a heading of a page."""
    return (DOCS / page).read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


TABLES = {
    "errors": (OURS, 80),
    "symptoms": (section("runbook.md", "By symptom"), 12),
    "symptoms in Russian": (section("ru/runbook.md", "По симптому"), 12),
}
QUOTED = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
ROW = re.compile(r"^\| `", re.MULTILINE)
# How much of a message may lie where a quote has an ellipsis.
LEFT_OUT = 300
# Marks of Markdown, which a quote cannot hold.
MARKS = re.compile("[`*]")


@pytest.fixture(scope="module")
def said() -> list[str]:
    return [MARKS.sub("", message) for message in messages()]


def is_said(quote: str, said: list[str]) -> bool:
    parts = [part.strip(" .,:") for part in quote.split("…")]
    pattern = re.compile(f".{{0,{LEFT_OUT}}}?".join(re.escape(part) for part in parts if part), re.DOTALL)
    return any(pattern.search(message) for message in said)


@pytest.mark.parametrize("name", TABLES)
def test_each_sentence_of_a_table_is_said_by_the_code(name: str, said: list[str]) -> None:
    text, least = TABLES[name]
    quotes = QUOTED.findall(text)
    assert len(quotes) >= least
    assert [quote for quote in quotes if not is_said(quote, said)] == [], "correct the page: people search it for these words"


def test_each_row_of_errors_quotes_one_sentence() -> None:
    assert len(QUOTED.findall(ERRORS)) == len(ROW.findall(ERRORS))
    assert len(QUOTED.findall(OTHERS)) >= 3


@pytest.mark.parametrize("quote", ["Nothing has been modified", "Memory: expected at least … MiB free, got … GiB", "…: nobody says this"])
def test_what_the_code_does_not_say_is_noticed(quote: str, said: list[str]) -> None:
    assert not is_said(quote, said)
