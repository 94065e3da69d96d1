# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets that a run gives the apps, kept beside the store until they have been proven: whatever cuts the run off, one of the two files
has what the apps use.

The store has the secrets of before until the ledger says that the run succeeded. So every other run goes on with those of before,
and nobody has to tell at which point it was cut off.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from .._base import secret_store, state
from .._base.files import sync_directory, write_durably
from . import ledger

FILE = ".secrets.new.json"
DAMAGED = "It holds secrets that a run was about to give the apps. Nothing has been changed. Move the file away, then run again."


@dataclass(frozen=True)
class NewSecrets:
    """The secrets, and the token of the run that gives them."""

    run: str
    secrets: dict[str, str] = field(repr=False)


def write(root: str, run: str, secrets: Mapping[str, str]) -> None:
    """Note them before anything is given them; nothing where there are none."""
    forget(root)
    if secrets:
        content = json.dumps({"run": run, "secrets": dict(secrets)}) + "\n"
        write_durably(os.path.join(root, FILE), content.encode(), 0o600)


def settle(root: str) -> None:
    """Store the secrets of a run that has succeeded, forget those of one that has not. For whoever holds the lease."""
    found = _read(root)
    if found and any(entry["run"] == found.run and entry["result"] in ledger.SUCCESSES for entry in ledger.read(root)[0]):
        store(root)
    forget(root)


def store(root: str) -> None:
    """Store the secrets of a release that stays."""
    if found := _read(root):
        path = os.path.join(root, secret_store.FILE)
        secret_store.save(path, secret_store.load(path) | found.secrets)
        forget(root)


def forget(root: str) -> None:
    """Let the secrets of before be the only ones."""
    with suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(os.path.join(root, FILE))
        sync_directory(root)


def _read(root: str) -> NewSecrets | None:
    return state.load(os.path.join(root, FILE), NewSecrets, DAMAGED)
