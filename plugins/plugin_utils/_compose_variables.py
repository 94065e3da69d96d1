# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stands for ``${NAME}`` in a Compose file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
OPERATOR = re.compile(r":?[-?+]")


class NotReadable(ValueError):
    """Something after a dollar that is no variable."""


@dataclass
class Variables:
    """Values by name, and which names were asked for in vain."""

    values: Mapping[str, str]
    missing: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)

    def fill(self, value: Any) -> Any:
        """Return a value with its variables replaced; those in keys Compose leaves alone as well."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {key: self.fill(item) for key, item in value.items()}
        return [self.fill(item) for item in value] if isinstance(value, list) else value

    def _text(self, text: str) -> str:
        return "".join(self._parts(text))

    def _parts(self, text: str) -> Iterator[str]:
        position = 0
        while (start := text.find("$", position)) >= 0:
            yield text[position:start]
            if text.startswith("$$", start):
                yield "$"
                position = start + 2
            elif text.startswith("${", start):
                end = _closing(text, start + 2)
                yield self._braced(text[start + 2 : end])
                position = end + 1
            elif plain := NAME.match(text, start + 1):
                yield self._value(plain.group())
                position = plain.end()
            else:
                raise NotReadable("expected the name of a variable after a dollar, or a second one where a dollar is meant")
        yield text[position:]

    def _braced(self, inner: str) -> str:
        name = NAME.match(inner)
        operator = OPERATOR.match(inner, name.end()) if name else None
        if name is None or (operator is None and name.end() != len(inner)):
            raise NotReadable("expected the name of a variable in ${}")
        if operator is None or operator.group().endswith("?"):
            return self._value(name.group())
        self.used.add(name.group())
        value, rest = self.values.get(name.group()), inner[operator.end() :]
        given = bool(value) if operator.group().startswith(":") else value is not None
        if operator.group().endswith("+"):
            return self._text(rest) if given else ""
        return (value or "") if given else self._text(rest)

    def _value(self, name: str) -> str:
        self.used.add(name)
        if name not in self.values:
            self.missing.add(name)
        return self.values.get(name, "")


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
