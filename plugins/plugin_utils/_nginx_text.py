# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes single directives in the text of a block, and leaves every other character as it is."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_config import Directive
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_lexer import Token, tokens

# Stands for a directive that was taken out; no text of nginx can hold it.
_GONE = "\0"
# Takes name and arguments of a directive; returns what stands in its place, None to leave it.
Change = Callable[[str, tuple[str, ...]], "str | None"]


@dataclass(frozen=True)
class _Part:
    """A directive without a block that stands right in the outermost block of a text."""

    start: int
    end: int
    name: str
    args: tuple[str, ...]


def changed(text: str, change: Change) -> str:
    """Return the text of a block with the directives changed that stand right in it."""
    pieces, at = [], 0
    for part in _parts(text):
        new = change(part.name, part.args)
        if new is not None:
            pieces += [text[at : part.start], new or _GONE]
            at = part.end
    # A line with nothing left in it goes as a whole.
    return re.sub(rf"(?m)^[ \t]*{_GONE}[ \t]*\n", "", "".join([*pieces, text[at:]])).replace(_GONE, "")


def _parts(text: str) -> Iterator[_Part]:
    depth, words = 0, list[Token]()
    for token in tokens(text, "text"):
        if not token.sign:
            words.append(token)
            continue
        if token.text == ";" and depth == 1:
            yield _Part(words[0].start, token.end, words[0].text, tuple(word.text for word in words[1:]))
        depth += {"{": 1, "}": -1}.get(token.text, 0)
        words = []


def begun_with(text: str, lines: Iterable[str]) -> str:
    """Return the text of a block with lines put at its beginning."""
    added = "".join(f"\n    {line}" for line in lines)
    opened = next(token.end for token in tokens(text, "text") if token.sign and token.text == "{")
    after = "" if not added or re.match(r"[ \t]*(#.*)?\n", text[opened:]) else "\n   "
    return f"{text[:opened]}{added}{after}{text[opened:]}"


def dedented(directive: Directive) -> str:
    """Return a directive's text from the first column on, unless a quoted text in it goes over several lines."""
    text = directive.text.replace("\r\n", "\n")
    quoted = any("\n" in text[token.start : token.end] for token in tokens(text, directive.file))
    return text if quoted else textwrap.dedent(text.expandtabs(4))
