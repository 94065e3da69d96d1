# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a verification has to be told: where things lie, and from when on something is too little. What is true is read on the server."""

from __future__ import annotations

from dataclasses import dataclass

from .._certificates.live import LIVE


@dataclass(frozen=True)
class Settings:
    """Where the server keeps what, and the limits of what is still well."""

    path: str
    project: str
    secrets_file: str
    letsencrypt_path: str = "/opt/rarebooks/letsencrypt"
    live: str = LIVE
    # Seconds that a single question may take.
    timeout: int = 5
    # Minutes of log that are looked at for errors.
    log_minutes: int = 15
    # Days left below which a certificate is warned of, and below which it counts as a failure.
    warn_days: int = 21
    fail_days: int = 7
    # Days after which the newest backup is too old; 0 for never.
    backup_days: int = 30
    # Days after which an image lacks too much of what was mended since; 0 for never.
    image_days: int = 180
    # Days after which a secret is due for another one; 0 for never.
    secret_days: int = 365
    # Days after which the last snapshot in a repository is too old; 0 for never.
    offsite_days: int = 2
    # MiB that must be free on each disk, and of memory.
    disk_free: int = 1024
    memory_free: int = 64
    # What the controller's clock says, in seconds since 1970; 0 where nobody has asked.
    now: float = 0
