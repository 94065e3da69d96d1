# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether each container is in its networks under its own name, and nobody else's is, or answers to one of our names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._base.sentence import say
from .._engine.containers import PROJECT_LABEL
from .._release import attachment
from .._release.attachment import Missing
from .._release.description import App, Database
from .._release.drift import names_in
from .._release.networks import expected
from .finding import Finding, failed, passed, warning
from .observed import Observed, names_of


def check(server: Observed) -> Iterator[Finding]:
    """Yield whether names lead where they should, and databases are reached by their app alone."""
    network = server.release.network
    if not server.client.api.networks(names=[network]):
        text = say("expected a network of this name, got none")
        yield failed("network", network, text, "ansible-playbook deploy.yml")
        return
    document, carried = server.compose.document(), server.compose.carried()
    networks = document.get("networks") or {}
    there = {name: server.containers[name] for name in server.wanted if name in server.containers}
    services = expected(document["services"], networks, server.release, carried)
    lacking = {one.container: one for one in attachment.missing(there, services, networks, stopped=True)}
    alone = {one.container: (app, name_of(networks, one)) for app, one in server.databases if one.network}
    for name in there:
        app, own = (None, "") if name in carried.values() else alone.get(name, (None, ""))
        yield missed(server, lacking[name]) if name in lacking else found(server, name, app, own)
    yield from intruders(server, networks)
    ours = {name for one in server.containers.values() for name in names_in(one["NetworkSettings"]["Networks"].get(network) or {})}
    ours |= set(server.wanted) | {server.service(name) for name in server.containers}
    yield from foreign(server, network, ours)


def name_of(networks: Mapping[str, Any], database: Database) -> str:
    """Return the name that the engine has for a database's own network."""
    return str((networks.get(database.network) or {}).get("name") or database.network)


def missed(server: Observed, one: Missing) -> Finding:
    """Return that others do not find a container in a network."""
    step = say("Have it attached again: {command}", command="ansible-playbook network.yml")
    if not one.attached:
        others = ", ".join(server.containers[one.container]["NetworkSettings"]["Networks"]) or "none"
        text = say("expected it on network {network}, got it on {others}", network=one.network, others=others)
    else:
        service = " and ".join(one.names)
        text = say(
            "expected it to be known as {service} on network {network}, got it without that name", service=service, network=one.network
        )
    return failed("network", one.container, text, step)


def found(server: Observed, name: str, app: App | None, own: str) -> Finding:
    """Say whether a container that is found where it has to be is found nowhere else; own is the network of a database's app alone."""
    there = server.containers[name]["NetworkSettings"]["Networks"]
    if app is None:
        return passed("network", name, say("is found by its name on network {network}", network=", ".join(sorted(there))))
    others = sorted(there.keys() - {own})
    if others:
        text = say(
            "expected it on network {network} alone, got it on {others} too, where others than {app} reach it",
            network=own,
            others=", ".join(others),
            app=app.title,
        )
        return failed("network", name, text, f"docker network disconnect {others[0]} {name}")
    return passed("network", name, say("is reached by {app} alone, on network {network}", app=app.title, network=own))


def intruders(server: Observed, networks: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the containers that reach databases of an app which is not theirs."""
    for network, app in {name_of(networks, one): app for app, one in server.databases if one.network}.items():
        for one in server.listed:
            name = names_of(one)
            if network in ((one.get("NetworkSettings") or {}).get("Networks") or {}) and name not in app.containers:
                text = say(
                    "expected none but containers of {app} on network {network}, where its databases are", app=app.title, network=network
                )
                # Whoever put a tool of the owner there may have meant to; an app of ours has no business there.
                ours = (one.get("Labels") or {}).get(PROJECT_LABEL) == server.settings.project
                yield (failed if ours else warning)("network", name, text, f"docker network disconnect {network} {name}")


def foreign(server: Observed, network: str, ours: set[str]) -> Iterator[Finding]:
    """Yield the containers of others that hold one of our names."""
    for one in server.listed:
        there: dict[str, Any] = (one.get("NetworkSettings") or {}).get("Networks") or {}
        if network not in there or (one.get("Labels") or {}).get(PROJECT_LABEL) == server.settings.project:
            continue
        name = names_of(one)
        inspected = server.client.api.inspect_container(one["Id"])
        own = {inspected["Id"][:12], inspected["Config"].get("Hostname", "")}
        taken = sorted((names_in(inspected["NetworkSettings"]["Networks"].get(network) or {}) | {name}) & ours - own)
        if taken:
            text = say("a container that is not ours answers to {names} on network {network}", names=", ".join(taken), network=network)
            yield failed("network", name, text, f"docker network disconnect {network} {name}")
