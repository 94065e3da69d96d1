# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A sentence for people, which can be said in the operator's language: a template in English, and what goes into it.

``say("{container} is {state}.", container=name, state=status)`` is English as a text. Each template has a Russian one (russian.py); a unit
test finds those that have none, which is why a template stands as a literal where it is said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .russian import RUSSIAN

Language = Literal["en", "ru"]
# What a newer or older version said, and this one has no translation of, stays English.
TRANSLATIONS: dict[str, Callable[[str], str]] = {"en": str, "ru": lambda template: RUSSIAN.get(template, template)}


@dataclass(frozen=True)
class Sentence:
    """What is said, and about what. Values may be sentences themselves."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return self.text("en")

    def without(self, hide: Callable[[str], str]) -> Sentence:
        """Return it with something hidden in the texts that it is said of."""
        return Sentence(self.template, {name: hide(one) if isinstance(one, str) else one for name, one in self.values.items()})

    def text(self, language: str = "en") -> str:
        """Return it in a language."""
        values = {name: one.text(language) if isinstance(one, Sentence) else one for name, one in self.values.items()}
        return TRANSLATIONS[language](self.template).format(**values)


def say(template: str, /, **values: Any) -> Sentence:
    """Return a sentence; the template is a literal."""
    return Sentence(template, values)
