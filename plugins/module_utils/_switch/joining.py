# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Containers that go on running as they were made by hand, when a database of their app is made anew on a network of the app alone.

They would not find it there, and join that network while they run, before the database is made.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .._engine.compose import Definition
from .._engine.containers import containers_of
from .._release import attachment
from .._release.attachment import Missing
from .._release.description import Release
from .._release.drift import service_of
from .._release.networks import expected
from .server import Server


def joining(server: Server, document: Mapping[str, Any], release: Release, carried: Collection[str]) -> list[Missing]:
    """Return what containers that are carried over have to join; document is the release as Compose understands it."""
    present = containers_of(server.client, server.project)
    kept = {name: one for name, one in present.items() if name in carried and service_of(one) in document["services"]}
    networks = document.get("networks") or {}
    services = expected(document["services"], networks, release, {service_of(one) for one in kept.values()})
    own = {str(networks[key]["name"]) for key in release.own_networks if key in networks}
    return [one for one in attachment.missing(kept, services, networks, stopped=True) if one.network in own]


def foretold(server: Server, tree: str, release: Release, carried: Collection[str]) -> list[str]:
    """Return what to tell before a tree is made live by which these containers go on running."""
    if not (carried and release.own_networks):
        return []
    found = joining(server, Definition(server.run_command, tree, server.project).document(), release, carried)
    return [
        f"{one.container}: goes on running, and joins network {one.network}, on which a database of its app is made anew." for one in found
    ]


def join(server: Server, release: Release) -> None:
    """Have those of the live files join what they have to."""
    carried = server.compose.carried().values() if release.own_networks else ()
    if not carried:
        return
    document = server.compose.document()
    found = joining(server, document, release, carried)
    names = {one.network for one in found}
    attachment.make(
        server.client, server.project, {key: one for key, one in (document.get("networks") or {}).items() if one["name"] in names}
    )
    attachment.attach(server.client, found)
