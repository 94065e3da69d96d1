# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an adoption report consists of, and its five classes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

KEPT, DIFFERENT, DANGEROUS, UNDECIDED, BROKEN = "kept", "different", "dangerous", "undecided", "broken"
TITLES = {
    KEPT: "Taken over as it is",
    DIFFERENT: "Different from what a deploy makes",
    DANGEROUS: "Dangerous",
    UNDECIDED: "Lost unless decided",
    BROKEN: "Broken today",
}


@dataclass(frozen=True)
class Finding:
    """One thing found. Of what would be lost the text by which the inventory lets it go (stack_let_go), word for word."""

    kind: str
    text: str
    id: str = ""

    @property
    def line(self) -> str:
        return f"{self.id}: {self.text}" if self.id else self.text


def decided(findings: Iterable[Finding], let_go: Iterable[str]) -> list[Finding]:
    """Return the findings, those that the inventory lets go as decided, with a line for each decision about nothing."""
    allowed, listed = list(dict.fromkeys(" ".join(one.split()) for one in let_go)), list(findings)
    lost = {one.id for one in listed if one.kind == UNDECIDED}
    said = [Finding(DIFFERENT, f"Let go by stack_let_go: {one.line}") if one.id and one.id in allowed else one for one in listed]
    return said + [
        Finding(DIFFERENT, f"stack_let_go: {one}: nothing of this name would be lost. Take it out, or correct it.")
        for one in allowed
        if one not in lost
    ]


def of(findings: Iterable[Finding], kind: str) -> list[Finding]:
    """Return the findings of a class."""
    return [one for one in findings if one.kind == kind]


def report(findings: Iterable[Finding]) -> list[str]:
    """Return the lines of the report, class by class."""
    listed, lines = list(findings), list[str]()
    for number, (kind, title) in enumerate(TITLES.items(), 1):
        lines += ["", f"{number}. {title}", *([f"- {one.line}" for one in of(listed, kind)] or ["- nothing"])]
    return lines[1:]
