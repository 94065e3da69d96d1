# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Passwords that only backups still have: those in the Compose files of releases that were sealed.

Version 0.3.0 replaced containers that somebody had made by hand, and gave them passwords that it had generated. Their databases go on
opening with those of before, which then stand in nothing but what it had sealed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from .._base.command import RunCommand
from .._engine.compose import COMPOSE_FILE, ComposeError, Definition
from . import listing
from .manifest import FILES

VARIABLE = "POSTGRES_PASSWORD"


class SealedPasswords:
    """What the backups of a server say. They are read when somebody asks, and once."""

    def __init__(self, run_command: RunCommand, root: str, project: str) -> None:
        self._run_command, self._root, self._project = run_command, root, project
        self._services: list[list[Mapping[str, Any]]] = []
        self._unread: list[listing.Found] | None = None

    def of(self, container: str) -> Iterator[str]:
        """Yield the passwords of a container's database, that of the oldest backup first: it is the nearest to when its volume was made."""
        for services in self._all():
            for one in services:
                value = (one.get("environment") or {}).get(VARIABLE)
                if one["container_name"] == container and value:
                    yield str(value)

    def _all(self) -> Iterator[list[Mapping[str, Any]]]:
        yield from self._services
        if self._unread is None:
            self._unread = listing.find_all(self._root)
        while self._unread:
            self._services.append(self._read(self._unread.pop(0)))
            yield self._services[-1]

    def _read(self, backup: listing.Found) -> list[Mapping[str, Any]]:
        directory = os.path.join(backup.directory, FILES)
        file = (backup.files or {}).get(COMPOSE_FILE) or os.path.join(directory, COMPOSE_FILE)
        if not os.path.isfile(file):
            return []
        try:
            return list(Definition(self._run_command, os.path.dirname(file), self._project, file).services())
        except ComposeError:
            return []  # Such as one whose environment files are elsewhere: nothing depends on it.
