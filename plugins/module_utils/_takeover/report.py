# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Says what a take-over would replace and lose, for the person who decides about it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

_FILES_SHOWN = 20


def lines(facts: Mapping[str, Any], others: Iterable[str], taken: Mapping[str, str]) -> list[str]:
    """Return one line for each kind of thing that would not be as before; others and taken are secrets, taken with their containers."""
    listed = [
        ("Replaced by containers of the release, databases too (their volumes stay as they are)", facts["replaced"]),
        ("Left running, but no route leads to them any more", facts["left_over"]),
        ("No longer mounted (what is in them stays on the server)", facts["unmounted"]),
        ("Lost with their containers, since they lie outside of volumes", _files(facts["files"])),
        ("No longer served", facts["server_names"]),
        ("Secrets other than those of today unless the inventory gives these, which ends what was signed with them", others),
        ("Secrets taken over from the containers of today", [f"{name} from {place}" for name, place in taken.items()]),
    ]
    return [f"{what}: {'; '.join(found)}." for what, found in listed if found]


def _files(by_container: Mapping[str, list[str]]) -> list[str]:
    shown = []
    for container, paths in by_container.items():
        more = [f"and {len(paths) - _FILES_SHOWN} more (docker diff {container})"] if len(paths) > _FILES_SHOWN else []
        shown.append(f"in {container} {', '.join(paths[:_FILES_SHOWN] + more)}")
    return shown


def misplaced(facts: Mapping[str, Any], path: str) -> list[str]:
    """Return a sentence where the files of the running project lie elsewhere: they could not be sealed, and nothing brought back."""
    elsewhere = [
        place
        for place in facts["directories"]
        if os.path.realpath(place) != os.path.realpath(path) and os.path.exists(os.path.join(place, "docker-compose.yml"))
    ]
    return [
        f"stack_path: expected {place}, where the files of the running project lie, got {path}. What is not below stack_path is not "
        f"sealed, so that there would be no way back. Set stack_path to {place}."
        for place in elsewhere
    ]
