# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the module release is asked for, and how."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from .._base.command import RunCommand
from .._run import lease, ledger


@dataclass(frozen=True)
class Options:
    """The options of the module, by their names there."""

    path: str
    project: str
    run: ledger.Run
    lease_directory: str
    # Either the files of a release, or the id of a backup.
    files: list[dict[str, Any]]
    to: str
    accept_unsealed: bool
    # What an earlier call proved of the backup, and of the tree: not proven again while nothing has changed.
    verified: str
    validated: str
    # The backup that this run sealed of what is live, empty where nothing was.
    backup: str
    restore_database: bool
    secrets_file: str | None
    # Secrets whose stored values this run is yet to replace.
    secrets_pending: list[str]
    validators: list[Mapping[str, Any]]
    # Seconds, 0 for those that the containers' health checks make it.
    deadline: float
    # Seconds for which what was started is watched after the gate has opened.
    watch: float
    # Whether a new version is tried on a copy of its data first, and within how many seconds it has to be healthy there.
    rehearse: str
    rehearse_limit: int
    proxy_paths: list[str]
    proxy_record: str
    # Whether a release that differs in anything is only previewed.
    only_unchanged: bool
    # Whether containers that somebody made by hand go on running, and what of them may be lost.
    adopt: bool
    # Whether the proxy that was made by hand is replaced `now` or `later`.
    adopt_proxy: str
    let_go: list[str]

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Options:
        """Return what a module was given."""
        given = {item.name: params[item.name] for item in fields(cls)}
        return cls(**{**given, "path": os.path.normpath(params["path"]), "run": ledger.Run.from_dict(params["run"])})

    @property
    def place(self) -> lease.Place:
        """Return where the lease of this run lies."""
        return lease.Place(self.path, self.lease_directory)


@dataclass(frozen=True)
class Invocation:
    """How Ansible calls the module, and what it lends it. Asking for the directory may create it."""

    check_mode: bool
    diff: bool
    tmpdir: Callable[[], str]
    run_command: RunCommand
