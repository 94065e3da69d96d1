# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Containers that go on running though Compose would make them anew: made by hand, they are what the release says in other words.

Compose compares digests of definitions, which differ with every added line and between its own versions. The record says for which
definitions a container stands. It is no part of a release, since it is true of the container as long as there is that one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from .._base import state
from .._base.files import write_durably

FILE = ".carried.json"
REMEDY = f"Remove it: the next deploy then replaces the containers that {FILE} kept as they were made by hand."


@dataclass(frozen=True)
class Carried:
    """A container by its id, and the digests of the definitions that it stands for."""

    id: str
    definitions: tuple[str, ...] = ()
    # Whether it also stands for the definition that is started next.
    open: bool = False
    # The image that the name in that definition stood for; empty where that is not known.
    image: str = ""
    # The files in which that definition stood: another version of Compose prints the same ones otherwise.
    sources: str = ""

    def stands_for(self, definition: str, image: str = "", sources: str = "") -> bool:
        """Say whether a container is what a definition asks for, and what the name of its image stands for now."""
        said = definition in self.definitions or (sources == self.sources != "")
        return self.open or (said and (image == self.image or not (image and self.image)))


def read(directory: str) -> dict[str, Carried]:
    """Return the record of a project, by the names of containers."""
    return state.load(os.path.join(directory, FILE), dict[str, Carried], REMEDY) or {}


def write(directory: str, record: Mapping[str, Carried]) -> None:
    """Replace the record."""
    text = json.dumps(state.plain(dict(record)), indent=1, sort_keys=True)
    write_durably(os.path.join(directory, FILE), f"{text}\n".encode(), 0o600)


def carry(directory: str, found: Mapping[str, tuple[str, str]]) -> None:
    """Note that these containers, of which id and present definition are given, also stand for the definitions that are started next."""
    record = read(directory)
    for name, (identifier, definition) in found.items():
        before = record.get(name, Carried(identifier))
        known = before.definitions if before.id == identifier else ()
        record[name] = Carried(identifier, tuple(dict.fromkeys([*known, definition])), open=True)
    write(directory, record)


def drop(directory: str, names: Collection[str]) -> None:
    """Forget containers, so that they are compared as any other."""
    record = read(directory)
    write(directory, {name: one for name, one in record.items() if name not in names})


def reopen(directory: str, names: Collection[str]) -> None:
    """Note that these containers stand for whatever is started next."""
    record = read(directory)
    write(directory, {name: replace(one, open=True) if name in names else one for name, one in record.items()})


def settle(directory: str, definitions: Mapping[str, str], images: Mapping[str, str], sources: str = "") -> None:
    """Note the definitions of containers that are carried, what their images are and in which files all that stands.

    From then on every other one is another release.
    """
    record = read(directory)
    settled = {
        name: Carried(
            one.id,
            tuple(dict.fromkeys([*one.definitions, definitions[name]])),
            image=images.get(name, "") if one.open else one.image,
            sources=sources,
        )
        for name, one in record.items()
        if name in definitions
    }
    if {**record, **settled} != record:
        write(directory, {**record, **settled})
