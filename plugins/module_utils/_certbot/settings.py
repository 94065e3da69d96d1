# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is known about how certificates are ordered: the settings of the server, and the certificates that are wanted."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from .._base import state
from .._certificates.live import LIVE
from .._release import description
from .._release.description import Release

HTTP, DNS = "http-01", "dns-01"
REMEDY = "Deploy again: that writes it anew."


@dataclass(frozen=True)
class Settings:
    """How to order and to install; ``settings.json`` on the server, from which the timer's renewals know it."""

    path: str
    host: str = ""
    directory: str = ""
    email: str = ""
    # Authorities to trust instead of the system's, both of the directory and of what it issues.
    ca_file: str = ""
    # Whether what is issued is trusted by nobody, as from a staging directory.
    untrusted: bool = False
    dns_plugin: str = ""
    dns_credentials: str = ""
    dns_propagation: int = 0
    stack_path: str = ""
    proxy: str = "nginx_container"
    # The files nginx reads, and the file that remembers which it has read.
    proxy_paths: list[str] = field(default_factory=list)
    proxy_record: str = ""
    http_port: int = 80
    https_port: int = 443
    warn_days: int = 21
    fail_days: int = 7
    check_resolution: bool = True
    live: str = LIVE
    webroot: str = "/var/www/certbot"

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Settings:
        return cls(**{item.name: data[item.name] for item in fields(cls) if item.name in data})

    @classmethod
    def load(cls, path: str) -> Settings:
        """Read the settings of a server."""
        found = stored(path)
        if not isinstance(found.get("path"), str):
            raise state.StateError(f"{path} is missing or does not say where certificates are ordered. {REMEDY}")
        return cls.from_dict(found)

    def existing(self) -> bool:
        """Say whether the live release is served with certificates that others renew."""
        return release_of(self.stack_path).certificates_existing

    def sites(self) -> dict[str, list[str]]:
        """Return the host names the live release serves with each certificate."""
        found: dict[str, list[str]] = {}
        for app in release_of(self.stack_path).apps:
            if app.certificate:
                found.setdefault(app.certificate, []).extend(app.server_names)
        return found


def stored(path: str) -> dict[str, Any]:
    """Return the settings in a file, none where there is no such file."""
    return state.load(path, dict[str, Any], REMEDY) or {}


def release_of(stack_path: str) -> Release:
    """Return what the live release says of itself; nothing where there is none."""
    return description.load(os.path.join(stack_path, description.FILE), REMEDY) or Release()


@dataclass(frozen=True)
class Wanted:
    """A certificate to have."""

    name: str
    names: list[str]
    challenge: str = HTTP
    key_type: str = "ecdsa"
    # The sites that will be served with it.
    hosts: list[str] = field(default_factory=list)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Wanted:
        return cls(**{item.name: data[item.name] for item in fields(cls) if data.get(item.name) is not None})
