# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stands for ``${NAME}`` in a Compose file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
OPERATOR = re.compile(r":?[-?+]")


class NotReadable(ValueError):
    """Something after a dollar that is no variable."""


@dataclass(frozen=True)
class _Piece:
    """A piece of a text: plain, or a variable with an operator and what follows that."""

    plain: str = ""
    name: str = ""
    operator: str = ""
    rest: str = ""


@dataclass
class Variables:
    """Values by name, and which names were asked for in vain."""

    values: Mapping[str, str]
    missing: set[str] = field(default_factory=set)

    def fill(self, value: Any) -> Any:
        """Return a value with its variables replaced; those in keys Compose leaves alone as well."""
        return _everywhere(value, self._text)

    def _text(self, text: str) -> str:
        return "".join(self._filled(piece) if piece.name else piece.plain.replace("$$", "$") for piece in _pieces(text))

    def _filled(self, piece: _Piece) -> str:
        value = self.values.get(piece.name)
        if not piece.operator or piece.operator.endswith("?"):
            if value is None:
                self.missing.add(piece.name)
            return value or ""
        given = bool(value) if piece.operator.startswith(":") else value is not None
        if piece.operator.endswith("+"):
            return self._text(piece.rest) if given else ""
        return (value or "") if given else self._text(piece.rest)


def renamed(value: Any, prefix: str) -> Any:
    """Return a value whose variables have a prefix before their names."""

    def text(written: str) -> str:
        return "".join(
            f"${{{prefix}{one.name}{one.operator}{text(one.rest) if one.operator[-1:] in '-+' else one.rest}}}" if one.name else one.plain
            for one in _pieces(written)
        )

    return _everywhere(value, text)


def _everywhere(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _everywhere(item, change) for key, item in value.items()}
    return [_everywhere(item, change) for item in value] if isinstance(value, list) else value


def _pieces(text: str) -> Iterator[_Piece]:
    position = 0
    while (start := text.find("$", position)) >= 0:
        yield _Piece(text[position:start])
        if text.startswith("$$", start):
            yield _Piece("$$")
            position = start + 2
        elif text.startswith("${", start):
            end = _closing(text, start + 2)
            yield _braced(text[start + 2 : end])
            position = end + 1
        elif plain := NAME.match(text, start + 1):
            yield _Piece(name=plain.group())
            position = plain.end()
        else:
            raise NotReadable("expected the name of a variable after a dollar, or a second one where a dollar is meant")
    yield _Piece(text[position:])


def _braced(inner: str) -> _Piece:
    name = NAME.match(inner)
    operator = OPERATOR.match(inner, name.end()) if name else None
    if name is None or (operator is None and name.end() != len(inner)):
        raise NotReadable("expected the name of a variable in ${}")
    if operator is None:
        return _Piece(name=name.group())
    return _Piece(name=name.group(), operator=operator.group(), rest=inner[operator.end() :])


def _closing(text: str, start: int) -> int:
    """Return where the brace ends in which a variable stands; its default may hold others."""
    depth = 1
    for position in range(start, len(text)):
        if text.startswith("${", position):
            depth += 1
        elif text[position] == "}":
            depth -= 1
            if not depth:
                return position
    raise NotReadable("expected } after ${")
