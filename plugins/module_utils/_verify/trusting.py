# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whom the gate of the live release trusts."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass

from .._certificates.live import Installed
from .._certificates.trust import trust
from .._release.description import Release


@dataclass(frozen=True)
class Trusting:
    """The authorities, and certificates that are trusted since they are the ones on disk."""

    context: ssl.SSLContext
    ca_file: str | None
    chains: tuple[str, ...]


def trusting(release: Release, on_disk: bool = True) -> Trusting:
    """Return it; without what is on disk, only what visitors would trust."""
    chains: tuple[str, ...] = ()
    if release.certificates_on_disk and on_disk:
        found = {Installed(app.certificate).chain_file for app in release.apps if app.certificate}
        chains = tuple(sorted(path for path in found if os.path.exists(path)))
    return Trusting(trust(release.ca_file or None, chains), release.ca_file or None, chains)
