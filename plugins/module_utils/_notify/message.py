# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person is told: a title, a few lines, and how bad it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .._base.sentence import Sentence, say

# The words of Apprise, with which services choose a colour or an icon.
Kind = Literal["info", "success", "warning", "failure"]
# Telegram refuses more than 4096 characters.
MOST_LINES = 20
MOST_CHARACTERS = 200


@dataclass(frozen=True)
class Written:
    """A message as it is sent, which no longer depends on settings."""

    kind: Kind
    title: str
    body: str


@dataclass(frozen=True)
class Message:
    """A message before it is put into somebody's language."""

    kind: Kind
    title: Sentence
    lines: tuple[Sentence, ...] = ()

    def write(self, host: str, language: str, moment: str) -> Written:
        """Return the message in a language, with the server that it is about and the moment that it is true of."""
        shown = self.lines[:MOST_LINES]
        if len(self.lines) > len(shown):
            shown += (say("… and {count} more: {command}", count=len(self.lines) - len(shown), command="ansible-playbook verify.yml"),)
        lines = [_shortened(line.text(language)) for line in shown]
        return Written(self.kind, f"{host}: {self.title.text(language)}", "\n".join([*lines, moment]))


def _shortened(line: str) -> str:
    line = " ".join(line.split())
    return line if len(line) <= MOST_CHARACTERS else f"{line[: MOST_CHARACTERS - 1]}…"
