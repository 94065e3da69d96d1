# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the watch and the notifications of a server are to do; ``settings.json`` in their directory, as a deploy writes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from .._base import state
from .._base.sentence import Language

Shape = TypeVar("Shape")
REMEDY = "Deploy again: that writes it anew."
DIRECTORY = ".watch"
FILE = "settings.json"


@dataclass(frozen=True)
class Settings:
    """Directory is that of the watch, path that of the stack, memory a file.

    Watch says whether a timer runs; program is Apprise, empty where there is nobody to tell.
    """

    host: str
    path: str
    directory: str
    memory: str
    watch: bool
    language: Language
    program: str
    textfile_dir: str
    dead_man_url: str
    confirm_seconds: float


def load(path: str, shape: type[Shape]) -> Shape:
    """Return the settings of the program that reads them, or raise StateError; the file is one for all of them."""
    found = state.load(path, shape, REMEDY)
    if found is None:
        raise state.StateError(f"{path} is not there. {REMEDY}")
    return found
