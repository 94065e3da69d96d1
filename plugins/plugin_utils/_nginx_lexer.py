# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Cuts a configuration of nginx into words, by nginx's own rules, and knows where each one stands.

Libraries that parse such files say in which line a word stands. What is carried over verbatim is cut out by the character.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import PlatformError

BLANK = " \t\r\n"
QUOTES = "\"'"
# What nginx makes of a backslash and the character after it; any other backslash stays.
_ESCAPED = {'"': '"', "'": "'", "\\": "\\", "t": "\t", "r": "\r", "n": "\n"}


class NginxError(PlatformError):
    """A configuration that cannot be read as nginx would read it."""


@dataclass(frozen=True)
class Token:
    """A word, or one of the signs ; { } (sign is true then), from start up to end of the text."""

    text: str
    start: int
    end: int
    sign: bool = False


def tokens(text: str, file: str) -> Iterator[Token]:
    """Yield the words and signs of a file; comments are left out."""
    at = 1 if text.startswith("\ufeff") else 0
    while at < len(text):
        character = text[at]
        if character in BLANK:
            at += 1
        elif character == "#":
            newline = text.find("\n", at)
            at = len(text) if newline < 0 else newline + 1
        elif character in ";{}":
            yield Token(character, at, at + 1, sign=True)
            at += 1
        else:
            end = _quoted_end(text, at, file) if character in QUOTES else _plain_end(text, at)
            yield Token(_value(text[at:end]), at, end)
            at = end


def line_of(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _plain_end(text: str, at: int) -> int:
    """Return where a word without quotes ends. Quotes, # and } in its middle are part of it, and so is the { of ${name}."""
    while at < len(text) and text[at] not in BLANK and text[at] not in ";{":
        if text[at] == "\\" or text.startswith("${", at):
            at += 1
        at += 1
    return min(at, len(text))


def _quoted_end(text: str, start: int, file: str) -> int:
    at = start + 1
    while at < len(text) and text[at] != text[start]:
        at += 2 if text[at] == "\\" else 1
    if at >= len(text):
        raise NginxError(
            f"{file}:{line_of(text, start)}: expected a closing {text[start]}, got the end of the file. "
            "Run `nginx -t` in the proxy's container, and correct what it names."
        )
    return at + 1


def _value(word: str) -> str:
    inner = word[1:-1] if word[0] in QUOTES else word
    if "\\" not in inner:
        return inner
    characters: list[str] = []
    at = 0
    while at < len(inner):
        if inner[at] == "\\" and inner[at + 1 : at + 2] in _ESCAPED and at + 1 < len(inner):
            characters.append(_ESCAPED[inner[at + 1]])
            at += 2
        else:
            characters.append(inner[at])
            at += 1
    return "".join(characters)
