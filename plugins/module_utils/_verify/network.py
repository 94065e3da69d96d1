# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether each container is in the network under its own name, and nobody else's container answers to one of our names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._base.sentence import say
from .._engine.containers import PROJECT_LABEL
from .._release.drift import names_in
from .finding import Finding, failed, passed
from .observed import Observed, names_of


def check(server: Observed) -> Iterator[Finding]:
    """Yield whether names lead where they should."""
    network = server.release.network
    if not server.client.api.networks(names=[network]):
        text = say("expected a network of this name, got none")
        yield failed("network", network, text, "ansible-playbook deploy.yml")
        return
    for name in server.wanted:
        if name in server.containers:
            yield attached(server, network, name)
    ours = {name for one in server.containers.values() for name in names_in(one["NetworkSettings"]["Networks"].get(network) or {})}
    ours |= set(server.wanted) | {server.service(name) for name in server.containers}
    yield from foreign(server, network, ours)


def attached(server: Observed, network: str, name: str) -> Finding:
    """Say whether a container is in the network, under its service's name."""
    there = server.containers[name]["NetworkSettings"]["Networks"]
    step = say("Have it attached again: {command}", command="ansible-playbook network.yml")
    if network not in there:
        text = say("expected it on network {network}, got it on {others}", network=network, others=", ".join(there) or "none")
        return failed("network", name, text, step)
    service = server.service(name)
    if service and service not in names_in(there[network]):
        text = say("expected it to be known as {service} on network {network}, got it without that name", service=service, network=network)
        return failed("network", name, text, step)
    return passed("network", name, say("is found by its name on network {network}", network=network))


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
