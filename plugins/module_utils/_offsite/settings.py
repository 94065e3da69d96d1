# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the programs about repositories are told: written by deploys, read on the server."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Literal

from .._backup.databases import Policy
from .._base import state
from .contents import STAGING

# Below it, for root alone: the settings, the password, and what ssh needs.
DIRECTORY = "/etc/rarebooks.platform/offsite"
FILE = "settings.json"
KEY_FILE = "password"
SSH_KEY = "ssh_key"
KNOWN_HOSTS = "known_hosts"
# What restic may make anew from the repository.
CACHE = "/var/cache/rarebooks.platform/restic"
REMEDY = "Deploy again: that writes it anew."


@dataclass(frozen=True)
class Settings:
    """Where to bring snapshots, of what, and how long they are kept there.

    Credentials are the environment variables that restic reads. Sizes are MiB, the limit of uploads KiB/s, 0 for none.
    """

    host: str
    path: str
    project: str
    secrets_file: str
    letsencrypt_path: str
    ca_path: str
    repositories: tuple[str, ...]
    credentials: dict[str, str] = field(default_factory=dict, repr=False)
    databases: str = "prove"
    parallel_from: int = 2048
    prove_up_to: int = 20480
    keep_daily: int = 7
    keep_weekly: int = 5
    keep_monthly: int = 12
    append_only: bool = False
    upload_limit: int = 0
    check_parts: int = 4
    password_kept: bool = False
    # Whether a drill starts the apps as well.
    drill_apps: bool = True
    # Whether the databases' log is brought there as well.
    continuous: bool = False
    version: str = ""
    staging: str = STAGING

    @property
    def policy(self) -> Policy:
        """Return how databases are dumped: always, whatever deploys are told, and so that a snapshot of the same rows adds nothing."""
        mode: Literal["dump", "prove"] = "prove" if self.databases == "prove" else "dump"
        return Policy(mode, self.parallel_from, self.prove_up_to, compressed=False)


def written(directory: str = DIRECTORY) -> datetime:
    """Return when a deploy last wrote other settings than before."""
    return datetime.fromtimestamp(os.path.getmtime(os.path.join(directory, FILE)), timezone.utc)


def load(directory: str = DIRECTORY) -> Settings | None:
    """Return the settings, None on a server without a repository."""
    return state.load(os.path.join(directory, FILE), Settings, REMEDY)
