# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What one check found: about what, how bad it is, a sentence, and what to do next."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from .._base.sentence import Sentence, say

UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffe\uffff]")
Level = Literal["passed", "warning", "failed"]
# In the order in which reports have them.
AREAS = (
    "containers",
    "health",
    "endpoints",
    "databases",
    "network",
    "logs",
    "ports",
    "certificates",
    "volumes",
    "images",
    "files",
    "server",
    "backups",
    "off-site",
    "security",
    "notifications",
    # From the controller.
    "outside",
)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. What to do next is a sentence, or a command as it is typed; nothing where all is well."""

    area: str
    subject: str
    level: Level
    text: Sentence
    next: Sentence | str = ""

    def said(self, language: str = "en") -> dict[str, str]:
        """Return it as texts, for machines and reports; the command of what to do next also by itself, to be copied."""
        step = self.next.text(language) if isinstance(self.next, Sentence) else self.next
        command = str(self.next.values.get("command", "")) if isinstance(self.next, Sentence) else self.next
        found = {"area": self.area, "subject": self.subject, "level": self.level, "text": self.text.text(language), "next": step}
        # What a program wrote into its log must not reach a terminal, or a page, as anything but text.
        return {name: printable(text) for name, text in (found | {"command": command}).items()}


def printable(text: str) -> str:
    """Return a text on one line, with a sign in place of what would be no text there."""
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", re.sub(r"\s*[\t\n\r]\s*", " ", text).strip())


def passed(area: str, subject: str, text: Sentence) -> Finding:
    """Return that all is well."""
    return Finding(area, subject, "passed", text)


def warning(area: str, subject: str, text: Sentence, step: Sentence | str) -> Finding:
    """Return what somebody should look at; it does not fail the verification."""
    return Finding(area, subject, "warning", text, step)


def failed(area: str, subject: str, text: Sentence, step: Sentence | str) -> Finding:
    """Return what is broken."""
    return Finding(area, subject, "failed", text, step)


def not_yet(found: Callable[[str, str, Sentence, Sentence], Finding], area: str, subject: str, what: Sentence, at: str) -> Finding:
    """Return that something is of a time that has not been yet, so that nobody knows how old it is."""
    text = say("{what} is of {at}, which has not been yet: the clock of this server was wrong then, or is now", what=what, at=at)
    return found(area, subject, text, say("See what sets it: {command}", command="timedatectl timesync-status"))


def worst(findings: Iterable[Finding]) -> Level:
    """Return how bad the worst of them is."""
    levels = {one.level for one in findings}
    return "failed" if "failed" in levels else "warning" if "warning" in levels else "passed"
