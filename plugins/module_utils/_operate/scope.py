# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of the live release a command is about: the containers of one app, or a single one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

from .._base.errors import PlatformError
from .._release.description import App, Release


class NoSuchThing(PlatformError):
    """The server has no app or container of that name; nothing has been changed."""


@dataclass(frozen=True)
class Scope:
    """Containers, and the app they belong to; none for those of the proxy."""

    name: str
    app: App | None
    containers: tuple[str, ...]


def choose(release: Release, app: str, container: str) -> Scope:
    """Return what was named; exactly one of both is."""
    names = [one.name for one in release.apps]
    if bool(app) == bool(container):
        raise NoSuchThing(
            f"Expected app or container, got {'both' if app else 'neither'}. Apps: {', '.join(names)}. Containers: "
            f"{', '.join(sorted(release.containers))}. Nothing has been changed."
        )
    if app:
        found = [one for one in release.apps if one.name == app]
        if not found:
            raise NoSuchThing(
                f"App {app}: expected one of {', '.join(names) or '(none)'}, which the live release consists of. Nothing has been changed."
            )
        return Scope(found[0].title or app, found[0], found[0].containers)
    if container not in release.containers:
        raise NoSuchThing(
            f"Container {container}: expected one of {', '.join(sorted(release.containers)) or '(none)'}, which the live release consists "
            "of. Others are not touched. Nothing has been changed."
        )
    owner = next((one for one in release.apps if container in one.containers), None)
    return Scope(container, owner, (container,))


def stages(containers: Collection[str], services: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """Return the containers in the order in which they are started: each stage after what it depends on.

    Services are as Compose understands them, by the names of their containers.
    """
    by_key = {str(one["service"]): name for name, one in services.items()}
    sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(sorted(containers), ()))
    for name in containers:
        for key in services.get(name, {}).get("depends_on") or {}:
            if by_key.get(key) in containers:
                sorter.add(name, by_key[key])
    sorter.prepare()
    found = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        found.append(ready)
        sorter.done(*ready)
    return found
