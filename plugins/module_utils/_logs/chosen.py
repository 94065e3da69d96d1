# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whose logs somebody means who names an app, the proxy, a database, a service or a container."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._base.errors import PlatformError
from .._engine.containers import SERVICE_LABEL
from .._release.description import Release

PROXY = "proxy"


class NobodysLogs(PlatformError):
    """No container goes by a name."""


def containers_called(what: str, release: Release, present: Mapping[str, Any], gone: Iterable[str]) -> set[str]:
    """Return the names of the containers that are meant, all where nothing is named; gone are those of which only a log is left."""
    known = {*release.containers, *present, *gone}
    if not what:
        return known
    groups: dict[str, set[str]] = {app.name: set(app.containers) for app in release.apps}
    if release.proxy.containers:
        groups[PROXY] = set(release.proxy.containers)
    names = {name: {name} for name in known}
    for name, one in present.items():
        service = str((one["Config"].get("Labels") or {}).get(SERVICE_LABEL, ""))
        names.setdefault(service or name, {name})
    for app in release.apps:
        for database in app.databases:
            names.setdefault(database.name, {database.container})
    if what in groups:
        return groups[what]
    if what in names:
        return names[what]
    raise NobodysLogs(
        f"logs_app: expected an app, {PROXY}, a database, a service or a container of this server, got {what!r}. Known are "
        f"{', '.join(sorted(groups))} and {', '.join(sorted(known))}."
    )
