"""The pages lead where they say, quote messages that there are, and the README stays what a person reads on the first evening."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from messages import messages

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("demo/**/README.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
QUOTED = re.compile(r"^\| (`.*?) \| .* \| .* \|$", re.MULTILINE)
# As many words of a quote in a row have to be found in a message.
WORDS = 3


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    lost = []
    for target, anchor in LINK.findall(page.read_text()):
        file = (page.parent / target).resolve() if target else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            lost.append(f"{target}#{anchor}")
    assert not lost


def test_every_page_is_reached_from_the_readme() -> None:
    reached = {target for target, _anchor in LINK.findall((ROOT / "README.md").read_text())}
    assert {str(page.relative_to(ROOT)) for page in ROOT.glob("docs/**/*.md")} <= reached


def test_the_readme_is_two_screens_and_its_tables() -> None:
    lines = [line for line in (ROOT / "README.md").read_text().splitlines() if not line.startswith("|")]
    assert len(lines) <= 130, "what nobody needs on the first evening belongs into docs/"


def test_the_messages_it_explains_are_those_there_are() -> None:
    said = "\n".join(messages())
    quotes = [quote for row in QUOTED.findall((ROOT / "docs/troubleshooting.md").read_text()) for quote in re.findall(r"`([^`]+)`", row)]
    assert len(quotes) >= 30

    def is_said(quote: str) -> bool:
        parts = [part.split() for part in quote.split("…")]
        parts = [part for part in parts if len(part) >= WORDS] or [max(parts, key=len)]
        return any(" ".join(part[at : at + WORDS]) in said for part in parts for at in range(max(1, len(part) - WORDS + 1)))

    assert [quote for quote in quotes if not is_said(quote)] == []
