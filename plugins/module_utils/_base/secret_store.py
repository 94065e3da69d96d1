# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets live in one JSON file on the server; everything else carries references to them.

A template says ``{{ 'maymessenger_jwt' | rarebooks.platform.secret }}`` and renders to a reference. The reference is
replaced by the value on the server, at the moment the file is written, so that a generated secret never crosses the
connection and cannot reach the controller's log, its memory or a diff.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from datetime import datetime, timezone

from . import state
from .errors import PlatformError
from .files import write_durably
from .times import TIME

# Below the directory that holds it all.
FILE = ".secrets.json"
# Ends the name of the file beside it that says since when each of them has its value.
SINCE = ".since"
MASK = "********"
START = "@secret("
DAMAGED = (
    "So the server's secrets are unknown, and nothing has been changed: new ones would lock the apps out of their databases. Restore "
    "the file from a copy, or correct it by hand."
)
REFERENCE = re.compile(r"@secret\(([a-z][a-z0-9_]*)\)@")


class UnknownSecret(PlatformError):
    """A file refers to a secret that the server does not have."""


def reference(name: str) -> str:
    """Return the text that stands for the secret in a rendered file."""
    return f"@secret({name})@"


def load(path: str) -> dict[str, str]:
    """Return the secrets of a server by name; none where the file does not exist yet."""
    return state.load(path, dict[str, str], DAMAGED) or {}


def save(path: str, secrets: dict[str, str]) -> None:
    """Write the secrets of a server, and since when it has each of them."""
    before, known, now = load(path), since(path), datetime.now(timezone.utc)
    times = {name: known[name] if before.get(name) == value else now for name, value in secrets.items()}
    _write(path, secrets)
    _write(f"{path}{SINCE}", {name: time.strftime(TIME) for name, time in times.items()})


def _write(path: str, content: Mapping[str, str]) -> None:
    write_durably(path, json.dumps(content, indent=2, sort_keys=True).encode() + b"\n", 0o600)


def since(path: str) -> dict[str, datetime]:
    """Return since when, at the latest, the server has had each secret: what nobody noted is no younger than the file."""
    secrets = load(path)
    if not secrets:
        return {}
    written = datetime.fromtimestamp(os.stat(path).st_mtime, timezone.utc)
    try:
        noted = state.load(f"{path}{SINCE}", dict[str, str], "") or {}
        times = {name: datetime.strptime(text, TIME).replace(tzinfo=timezone.utc) for name, text in noted.items()}
    except (state.StateError, ValueError):  # It only tells of ages.
        times = {}
    return {name: min(written, times.get(name, written)) for name in secrets}


def referenced(text: str) -> set[str]:
    """Return the names of the secrets a text refers to."""
    return set(REFERENCE.findall(text))


def resolve(text: str, secrets: dict[str, str]) -> str:
    """Replace each reference by its value."""
    missing = sorted(referenced(text) - secrets.keys())
    if missing:
        raise UnknownSecret(", ".join(missing))
    return REFERENCE.sub(lambda match: secrets[match.group(1)], text)


def fits(got: str, wanted: str) -> bool:
    """Say whether a text is what another one asks for, in which a reference stands for any text."""
    parts = REFERENCE.split(wanted)
    pattern = "".join(".+" if number % 2 else re.escape(part) for number, part in enumerate(parts))
    return re.fullmatch(pattern, got, re.DOTALL) is not None


def spellings(value: str) -> set[str]:
    """Return how a secret may stand in a file or a program's output: as it is, or with quotes and dollars as some format wants them."""
    in_pairs = {value, value.replace('"', '""')}
    escaped = {re.sub(characters, r"\\\1", form) for form in in_pairs for characters in (r"(')", r'([\\"$])')}
    return in_pairs | escaped | {form.replace("$", "$$") for form in in_pairs}


def mask(text: str, secrets: dict[str, str]) -> str:
    """Replace each secret value that occurs in a text, longest first so that none is left in part."""
    for form in sorted(set().union(*map(spellings, secrets.values())), key=len, reverse=True):
        if form:
            text = text.replace(form, MASK)
    return text
