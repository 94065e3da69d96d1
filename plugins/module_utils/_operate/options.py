# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What modules that change one app of the live release have to be told: where things lie, and which run this is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._run import lease, ledger

SPEC: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True},
    "project": {"type": "str", "required": True},
    "secrets_file": {"type": "path", "required": True, "no_log": False},
    "proxy_paths": {"type": "list", "elements": "path", "required": True},
    "proxy_record": {"type": "path", "required": True},
    "deadline": {"type": "int", "default": 0},
    "backup": {"type": "str", "default": ""},
    "run": {"type": "dict", "default": {}},
    "lease_directory": {"type": "path", "default": lease.DIRECTORY},
}


@dataclass(frozen=True)
class Options:
    """The options that these modules have in common."""

    path: str
    project: str
    secrets_file: str
    proxy_paths: list[str]
    proxy_record: str
    # Seconds, 0 for those that the containers' health checks make it.
    deadline: float
    # The backup that this run sealed of what is live.
    backup: str
    run: ledger.Run
    place: lease.Place

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Options:
        """Return what a module was given."""
        path = os.path.normpath(params["path"])
        known = {name: params[name] for name in ("project", "secrets_file", "proxy_paths", "proxy_record", "deadline", "backup")}
        place = lease.Place(path, params["lease_directory"])
        return cls(path=path, run=ledger.Run.from_dict(params["run"]), place=place, **known)
