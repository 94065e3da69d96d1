# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Variables that look as if they were a role's, and that nothing reads.

Ansible takes a misspelt name for somebody else's variable, and the role goes on with its default. Variables of somebody else do exist,
so that a name is a slip only where it is a few letters from a known one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_SLIPS = 2
READ_FROM = ("*.yml", "*.yaml", "*.j2")
WORD = re.compile(r"\w+")
TEMPLATE = "{{"


@dataclass(frozen=True)
class Unread:
    """A variable that no role and no other variable reads, the known one that it is a slip of, and whether it is named as a role's are."""

    name: str
    meant: str
    named_as_ours: bool


def unread(given: Mapping[str, Any], known: Collection[str], directories: Mapping[str, str]) -> list[Unread]:
    """Find them among the variables of a host. Roles by their short names, with their directories."""
    candidates = [name for name in given if name not in known and any(_begins(name, role) for role in directories)]
    read = (_words_of_files(directories.values()) | _words_of_templates(given.values())) if candidates else set()
    found = [_unread(name, known, directories) for name in sorted(candidates) if name not in read]
    return [one for one in found if one.meant or one.named_as_ours]


def _unread(name: str, known: Collection[str], roles: Iterable[str]) -> Unread:
    return Unread(name, meant(name, known), any(name.startswith(f"{role}_") for role in roles))


def _begins(name: str, role: str) -> bool:
    """Say whether a name begins as the variables of a role do, but for slips."""
    beginning = "_".join(name.split("_")[: role.count("_") + 1])
    return beginning != name and _slips(beginning, role) <= MOST_SLIPS


def _words_of_files(directories: Iterable[str]) -> set[str]:
    files = (path for directory in directories for pattern in READ_FROM for path in Path(directory).rglob(pattern))
    return {word for path in files for word in WORD.findall(path.read_text(encoding="utf-8", errors="replace"))}


def _words_of_templates(values: Iterable[Any]) -> set[str]:
    return {word for text in _texts(values) if TEMPLATE in text for word in WORD.findall(text)}


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            yield from _texts(value.values())
        elif isinstance(value, list | tuple):
            yield from _texts(value)


def meant(name: str, known: Iterable[str]) -> str:
    """Return the known name that a name is a slip of, empty where it is none."""
    slips, nearest = min(((_slips(name, one), one) for one in known), default=(MOST_SLIPS + 1, ""))
    return nearest if slips <= MOST_SLIPS else ""


def _slips(one: str, other: str) -> int:
    """Count the letters to be put in, left out, exchanged or swapped with the next one: the distance of Damerau and Levenshtein."""
    if abs(len(one) - len(other)) > MOST_SLIPS:
        return MOST_SLIPS + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        this = [row]
        for column, wanted in enumerate(other, 1):
            slips = min(last[column] + 1, this[-1] + 1, last[column - 1] + (letter != wanted))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == wanted:
                slips = min(slips, before[column - 2] + 1)
            this.append(slips)
        before, last = last, this
    return last[-1]
