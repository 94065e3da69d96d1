# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The release a server is to run next: rendered from an inventory, or taken from a backup. Both take the same way from here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from .._backup.kept import KeptFile, kept_files, kept_owned
from .._backup.listing import Found
from .._backup.manifest import Manifest
from .._certificates import trial
from .._certificates.live import Installed, chain_files
from .._health.probes import Check
from .._health.tls import TlsCheck
from .._release.description import App, ContainerFile, Release
from .._tree.desired import File
from .._tree.plan import Owned

PUBLIC_MODE = 0o644


@dataclass(frozen=True)
class Target:
    """What to bring about. Apps are those whose containers and sites have to be healthy for it to have succeeded."""

    files: list[File]
    release: Release
    apps: tuple[App, ...]
    # What is ours of the files; None for all of them.
    owned: dict[str, Owned] | None = None
    # Container: name and id of the image it has to run, as a manifest states them.
    images: dict[str, dict[str, str]] = field(default_factory=dict)
    # Whether apps of the release are left out of those, since they were unhealthy before.
    partial: bool = False
    # Containers besides those of apps and proxy: all there is to know of a release that does not describe itself.
    others: tuple[str, ...] = ()
    # Hosts of the release that the certificates of today do not cover, or no longer.
    uncovered: frozenset[str] = frozenset()
    # Whether no deploy made it, so that its own Compose file alone says how its nginx is mounted.
    by_hand: bool = False

    @property
    def proxy(self) -> list[str]:
        return list(self.release.proxy.containers)

    @property
    def containers(self) -> list[str]:
        """Return the containers that have to be healthy."""
        return [*self.proxy, *self.others, *(name for app in self.apps for name in app.containers)]

    @property
    def every_container(self) -> set[str]:
        """Return the containers the release consists of, healthy or not."""
        return self.release.containers | set(self.images) | set(self.others)

    @property
    def kept_files(self) -> list[ContainerFile]:
        """Return the files that its containers mount from the server, whether their apps are waited for or not."""
        return [file for app in self.release.apps for file in app.kept_files]

    @property
    def tls(self) -> list[TlsCheck]:
        """Return what the gate asks of each name's certificate: days left are the business of those who renew it."""
        port, days = self.release.https_port, self.release.certificates_warn_days
        return [
            TlsCheck(host, port, certificate=Installed(app.certificate).chain_file, warn_days=days, fail_days=0)
            for app in self.apps
            for host in app.server_names
            if host not in self.uncovered
        ]

    @property
    def chains(self) -> list[str]:
        """Return the files with the certificates of the release's sites; all there are where it does not say which."""
        named = [Installed(app.certificate).chain_file for app in self.apps if app.certificate]
        return sorted(path for path in named or chain_files() if os.path.exists(path))

    @property
    def probes(self) -> list[Check]:
        checks = [check for app in self.apps for check in app.checks]
        return [check for check in checks if check.certified_host not in self.uncovered]


def uncovered_hosts(apps: Iterable[App]) -> frozenset[str]:
    """Return the hosts for which there is no certificate (any more): certificates do not go back with a release, and expire.

    Whether nginx starts without them is for its own test to say; that nobody trusts them is no reason not to go back.
    """
    found, now = set(), datetime.now(timezone.utc)
    for app in apps:
        leaf = trial.usable(Installed(app.certificate).pair()) if app.certificate else None
        found |= {host for host in app.server_names if leaf and not (leaf.covers(host) and leaf.not_after > now)}
    return frozenset(found)


def from_inventory(files: list[File], release: Release) -> Target:
    """Return the release that an inventory describes."""
    return Target(files, release, release.apps)


def from_backup(backup: Found, manifest: Manifest, only_what_served: bool) -> Target:
    """Return the release of a backup. What was unhealthy when it was sealed cannot be asked to be healthy afterwards."""
    served = tuple(app for app in manifest.apps if not only_what_served or manifest.is_serving(app))
    # What else ran in the project is somebody's own, except on a server set up by hand, where nothing says what belongs to it.
    others = set(manifest.serving) - manifest.described.containers if manifest.by_hand else set()
    return Target(
        files=list(kept_files(backup.directory, manifest)),
        release=manifest.described,
        apps=served,
        partial=len(served) < len(manifest.apps),
        owned=kept_owned(backup.directory),
        images=manifest.images,
        others=tuple(sorted(others)),
        uncovered=uncovered_hosts(served),
        by_hand=manifest.by_hand,
    )


def from_legacy(backup: Found, services: Iterable[Mapping[str, Any]], live: Release) -> Target:
    """Return what a backup of the old guide holds; of the apps that are known now, those whose containers it has, must serve."""
    names = {service["container_name"] for service in services if service.get("container_name")}
    apps = tuple(app for app in live.apps if set(app.containers) <= names)
    known = {name for app in apps for name in app.containers}
    files = []
    for path, location in sorted((backup.files or {}).items()):
        with open(location, "rb") as stream:
            data = stream.read()
        # It knew no modes; a file with passwords in it must not become readable to all by being restored.
        mode = PUBLIC_MODE if path.startswith("nginx/") else 0o600
        files.append(KeptFile(path, data.decode(errors="replace"), data, mode != PUBLIC_MODE, mode, os.geteuid(), os.getegid()))
    return Target(files=list(files), release=Release(apps=apps), apps=apps, owned={}, others=tuple(sorted(names - known)), by_hand=True)
