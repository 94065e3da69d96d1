# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The networks of running containers: what is missing, and attaching it without a restart.

An engine lets a running container leave and join a network, so that one which lost it need not be made anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._base.errors import PlatformError
from .._engine.containers import NETWORK_LABEL, PROJECT_LABEL
from .drift import names_in, service_of

if TYPE_CHECKING:
    from docker import DockerClient

with suppress(ImportError):  # See _base.libraries.
    import docker.errors


class NetworkError(PlatformError):
    """A container could not be attached."""


@dataclass(frozen=True)
class Missing:
    """A container that is not known in a network by the names that its service has there."""

    container: str
    network: str
    names: tuple[str, ...]
    # Whether it is in the network, and only others do not find it by all of the names.
    attached: bool

    def __str__(self) -> str:
        if self.attached:
            return f"{self.container} had lost its name {' and '.join(self.names)} on network {self.network}"
        return f"{self.container} had lost its network {self.network}"


def missing(
    containers: Mapping[str, Mapping[str, Any]],
    services: Mapping[str, Mapping[str, Any]],
    networks: Mapping[str, Any],
    stopped: bool = False,
) -> list[Missing]:
    """Return what inspected containers lack of what their services have; services and networks are as Compose understands them.

    Stopped says whether containers that do not run count as well.
    """
    found = []
    for name, inspected in sorted(containers.items()):
        service = services.get(service_of(inspected))
        if service is None or not (stopped or inspected["State"]["Status"] in ("running", "paused")):
            continue
        attached = inspected["NetworkSettings"]["Networks"]
        for key, settings in (service.get("networks") or {}).items():
            if key not in networks:
                continue
            network = str((networks.get(key) or {}).get("name", key))
            names = (service_of(inspected), *((settings or {}).get("aliases") or []))
            lost = tuple(one for one in names if one not in names_in(attached.get(network) or {}))
            if network not in attached or lost:
                found.append(Missing(name, network, lost if network in attached else names, network in attached))
    return found


def is_there(client: DockerClient, name: str) -> bool:
    """Say whether there is a network of this name."""
    return any(one.name == name for one in client.networks.list(names=[name]))


def make(client: DockerClient, project: str, networks: Mapping[str, Mapping[str, Any]]) -> None:
    """Make those of a project's networks that are missing, as Compose makes them, which then takes them for its own."""
    for key, one in networks.items():
        if not is_there(client, str(one["name"])):
            labels = {PROJECT_LABEL: project, NETWORK_LABEL: key}
            client.networks.create(str(one["name"]), driver="bridge", internal=bool(one.get("internal")), labels=labels)


def attach(client: DockerClient, found: Iterable[Missing]) -> list[str]:
    """Attach containers again; return what to tell."""
    told = []
    for one in found:
        inspected = client.api.inspect_container(one.container)
        known = names_in(inspected["NetworkSettings"]["Networks"].get(one.network) or {}) if one.attached else set()
        try:
            network = client.networks.get(one.network)
            if one.attached:
                # An engine gives a name only when it attaches; what else the container was known by there stays.
                network.disconnect(one.container)
            network.connect(one.container, aliases=sorted({*one.names, *(known - {one.container, inspected["Id"][:12]})}))
        except docker.errors.DockerException as error:
            raise NetworkError(
                f"Container {one.container}: expected to attach it to network {one.network} as {' and '.join(one.names)}, got: {error}. "
                "See `docker network ls` on the server; a deploy makes a network that is missing."
            ) from error
        told.append(f"{one}, and was attached again.")
    return told
