"""Each English sentence that docs/ru/errors.md explains is one that the code still says, in that order of words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from messages import messages

PAGE = (Path(__file__).resolve().parents[2] / "docs/ru/errors.md").read_text()
# What others say stands below this heading.
OURS, _heading, OTHERS = PAGE.partition("## Говорят Ansible и SSH")
QUOTED = re.compile(r"^\| `([^`]+)` \| .+ \| .+ \|$", re.MULTILINE)
ROW = re.compile(r"^\| `", re.MULTILINE)
# How much of a message may lie where a quote has an ellipsis.
LEFT_OUT = 300
# Code within texts of tasks, and marks that the page leaves out.
MARKS = re.compile("[`*]")


@pytest.fixture(scope="module")
def said() -> list[str]:
    return [MARKS.sub("", message) for message in messages()]


def is_said(quote: str, said: list[str]) -> bool:
    parts = [part.strip(" .,:") for part in quote.split("…")]
    pattern = re.compile(f".{{0,{LEFT_OUT}}}?".join(re.escape(part) for part in parts if part), re.DOTALL)
    return any(pattern.search(message) for message in said)


def test_each_sentence_of_the_page_is_said_by_the_code(said: list[str]) -> None:
    quotes = QUOTED.findall(OURS)
    assert len(quotes) >= 80
    assert [quote for quote in quotes if not is_said(quote, said)] == [], "correct docs/ru/errors.md: people search it for these words"


def test_each_row_quotes_one_sentence_and_explains_it() -> None:
    assert len(QUOTED.findall(PAGE)) == len(ROW.findall(PAGE))
    assert len(QUOTED.findall(OTHERS)) >= 3


@pytest.mark.parametrize("quote", ["Nothing has been modified", "Memory: expected at least … MiB free, got … GiB", "…: nobody says this"])
def test_what_the_code_does_not_say_is_noticed(quote: str, said: list[str]) -> None:
    assert not is_said(quote, said)
