# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Environment files beside a Compose file: what they say, and how the server gets them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.rarebooks.platform.plugins.module_utils._tree import dotenv
from ansible_collections.rarebooks.platform.plugins.plugin_utils._compose_variables import Variables

# An entry; one without an equals sign takes its value from whoever starts Compose.
ENTRY = re.compile(r"\s*(?:export\s+)?(?P<key>[A-Za-z_][A-Za-z0-9_.-]*)\s*(?:=\s*(?P<value>.*?))?\s*", re.ASCII)
QUOTED = re.compile(r"""'(?P<single>(?:[^'\\]|\\.)*)'|"(?P<double>(?:[^"\\]|\\.)*)\"""")
COMMENT = re.compile(r"(?:^|\s+)#.*$")
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "$": "$$"}


class NotReadable(ValueError):
    """A line that is none of an environment file, or one that this is not able to read."""


@dataclass(frozen=True)
class Line:
    """A line: its text, and the key and value of an entry, in which variables are yet to be replaced."""

    text: str
    key: str = ""
    value: str = ""


def read(text: str) -> list[Line]:
    """Return the lines of an environment file."""
    return [_line(number, line) for number, line in enumerate(text.splitlines(), start=1)]


def values(lines: list[Line], known: Mapping[str, str] | None = None, fixed: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the values by key, those of fixed keys in any case. Each may name known variables and those of lines before it."""
    found: dict[str, str] = {}
    for line in lines:
        if line.key:
            found[line.key] = (fixed or {}).get(line.key) or Variables({**(known or {}), **found}).fill(line.value)
    return found


def text(entries: Mapping[str, str], prefix: str = "") -> str:
    """Return an environment file with these entries. Nothing in it depends on where Compose is started."""
    return "".join(f"{prefix}{key}={dotenv.quote(value)}\n" for key, value in entries.items())


def _line(number: int, written: str) -> Line:
    if not written.strip() or written.lstrip().startswith("#"):
        return Line(written)
    entry = ENTRY.fullmatch(written)
    if entry is None:
        raise NotReadable(f"line {number}: expected NAME=value, got something else")
    if entry["value"] is None:
        raise NotReadable(f"line {number}: expected a value of {entry['key']}, got none: the server has no environment to take it from")
    return Line(written, entry["key"], _value(number, entry["key"], entry["value"]))


def _value(number: int, key: str, written: str) -> str:
    if not written.startswith(("'", '"')):
        return COMMENT.sub("", written)
    quoted = QUOTED.match(written)
    if quoted is None or COMMENT.sub("", written[quoted.end() :]):
        raise NotReadable(f"line {number}: expected the value of {key} to end with its quote on the same line, got something else")
    if quoted["single"] is not None:
        return quoted["single"].replace("\\'", "'").replace("$", "$$")
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found.group(1), found.group(1)), quoted["double"])
