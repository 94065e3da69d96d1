# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The network that all containers share, and those of apps' databases: looked at, repaired and made anew without stopping any container."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from .._base.errors import PlatformError
from .._engine.compose import ENDED
from .._engine.containers import PROJECT_LABEL, containers_of
from .._release import attachment, stopped
from .._release.attachment import Missing
from .._release.drift import BUILT_IN_NETWORKS, names_in, service_of
from .._switch import switch
from .._switch.server import Server
from .._switch.target import Target
from . import waiting
from .command import Command
from .scope import Scope, stages
from .steps import Steps

with suppress(ImportError):  # See _base.libraries.
    import docker.errors

# Where containers are while the network itself is made anew.
MEANWHILE = "_meanwhile"


class NetworkFault(PlatformError):
    """The network is not as it must be, and what is missing is not ours to mend."""


@dataclass(frozen=True)
class Foreign:
    """Somebody else's container on a network of ours; names are those of ours by which it is found there."""

    container: str
    network: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"Network {self.network}: expected {' and '.join(self.names)} to be ours alone, got container {self.container} there by that "
            f"name: apps may reach it in place of their own. It is not touched. Have it leave: docker network disconnect {self.network} "
            f"{self.container}"
        )


@dataclass
class Network:
    """The network of the live release, and what is on it."""

    command: Command

    def __post_init__(self) -> None:
        self.server: Server = self.command.server
        self.name = self.command.release.network
        self.client = self.server.client
        everything = Scope("all", None, tuple(sorted(self.command.release.containers)))
        self.steps = Steps(self.server, self.command.release, everything)

    @property
    def present(self) -> dict[str, Any]:
        return containers_of(self.client, self.server.project)

    def exists(self, name: str = "") -> bool:
        return attachment.is_there(self.client, name or self.name)

    @property
    def own(self) -> dict[str, Any]:
        """Return the networks that are an app's alone and on which containers have to be, by their keys in the Compose files."""
        wanted = {key for one in self.steps.definitions.values() for key in one.get("networks") or {}}
        return {key: self.steps.networks[key] for key in sorted(self.command.release.own_networks & wanted & self.steps.networks.keys())}

    def missing(self) -> list[Missing]:
        """Return what our containers lack, those that do not run too: they could not be started."""
        return attachment.missing(self.present, self.steps.definitions, self.steps.networks, stopped=True)

    def foreign(self) -> list[Foreign]:
        """Return the containers on the networks that are not of this project."""
        return [one for name in [self.name, *(str(one["name"]) for one in self.own.values())] for one in self._foreign(name)]

    def _foreign(self, network: str) -> list[Foreign]:
        ours = {name for one in self.present.values() for name in self._names(one)}
        found = []
        for one in self.client.api.containers(all=True, filters={"network": network}) if self.exists(network) else []:
            if one["Labels"].get(PROJECT_LABEL) != self.server.project:
                inspected = self.client.api.inspect_container(one["Id"])
                known = names_in(inspected["NetworkSettings"]["Networks"].get(network) or {})
                found.append(Foreign(str(inspected["Name"]).lstrip("/"), network, tuple(sorted(known & ours))))
        return sorted(found, key=lambda one: one.container)

    def _names(self, inspected: Mapping[str, Any]) -> set[str]:
        return {str(inspected["Name"]).lstrip("/"), service_of(inspected)}

    def repair(self) -> list[str]:
        """Attach what is missing, and end a making anew that was cut off; return what to tell."""
        self._create(self.name)
        attachment.make(self.client, self.server.project, self.own)
        told = self._settle()
        if self.exists(self.meanwhile):
            self._leave(self.meanwhile)
            told.append(f"Network {self.meanwhile}, which a making anew that was cut off had left, was removed.")
        self._prove(self.command.release.apps)
        return told

    @property
    def meanwhile(self) -> str:
        return f"{self.name}{MEANWHILE}"

    def recreate(self) -> list[str]:
        """Make the network anew: everything moves to another one meanwhile, the proxy first and then one app after another, and back."""
        self._create(self.meanwhile)
        if self.exists(self.name):
            self._join(self.meanwhile)
            self._leave(self.name)
        self._create(self.name)
        told = self._settle()
        self._leave(self.meanwhile)
        return [f"Network {self.name} was made anew.", *told]

    def _create(self, name: str) -> None:
        if not self.exists(name):
            try:
                self.client.networks.create(name, driver="bridge")
            except docker.errors.DockerException as error:
                raise NetworkFault(f"Network {name}: expected to create it, got: {error}. See `docker network ls`.") from error

    def _settle(self) -> list[str]:
        """Bring every container into the network, one app after another and the proxy last; return what to tell."""
        told = []
        for app in self.command.release.apps:
            found = self._settle_these(app.containers)
            told += found
            if found:
                self._prove([app])
        proxy = self._settle_these(self.command.release.proxy.containers)
        if proxy or told:
            self._reload()
        return told + proxy

    def _settle_these(self, containers: Collection[str]) -> list[str]:
        present = self.present
        bound = [name for name in containers if name in present and self._is_bound(present[name])]
        lacking = [one for one in self.missing() if one.container in containers and one.container not in bound]
        told = attachment.attach(self.client, lacking)
        for stage in stages(bound, self.steps.services):
            told += [self._make_anew(name, present[name]) for name in stage]
        return told

    def _is_bound(self, inspected: Mapping[str, Any]) -> bool:
        """Say whether a container was made for a network that is gone: some engines keep its id, and attach it to no other one."""
        mode = str(inspected["HostConfig"]["NetworkMode"])
        known = {one for network in self.client.networks.list() for one in (network.name, network.id)}
        return mode not in BUILT_IN_NETWORKS and not mode.startswith("container:") and mode not in known

    def _make_anew(self, name: str, inspected: Mapping[str, Any]) -> str:
        """Make a container anew for the network, and leave it stopped where it was; the proxy still finds it in the other one."""
        noted = stopped.read(self.server.root, {name: inspected}).get(name)
        self.server.compose.recreate([str(self.steps.services[name]["service"])], start=inspected["State"]["Status"] not in ENDED)
        if noted:
            stopped.note(self.server.root, {name: replace(noted, id=self.present[name]["Id"])})
        if self.exists(self.meanwhile) and name not in self.command.release.proxy.containers:
            self._join(self.meanwhile, [name])
        return f"{name} was made anew: this engine attaches a container to no other network when the one that it was made for is gone."

    def _join(self, name: str, containers: Collection[str] = ()) -> None:
        """Attach containers, or all, to a network by the names that their services have."""
        wanted = {key: {**(one or {}), "name": name} for key, one in self.steps.networks.items() if (one or {}).get("name") == self.name}
        found = attachment.missing(self.present, self.steps.definitions, wanted, stopped=True)
        attachment.attach(self.client, [one for one in found if not containers or one.container in containers])
        if not containers:
            self._reload()

    def _leave(self, name: str) -> None:
        """Have every container leave a network, the proxy first so that it asks nobody there any more, and remove it."""
        self._disconnect(name, self.command.release.proxy.containers)
        self._reload()
        for app in self.command.release.apps:
            self._disconnect(name, app.containers)
            self._prove([app])
        rest = set(self.present) - self.command.release.containers
        self._disconnect(name, sorted(rest))
        self.client.networks.get(name).remove()

    def _disconnect(self, name: str, containers: Iterable[str]) -> None:
        for container, inspected in self.present.items():
            if container in containers and name in inspected["NetworkSettings"]["Networks"]:
                self.client.networks.get(name).disconnect(container)

    def _reload(self) -> None:
        """Have nginx look names up anew: it remembers addresses for a while."""
        present = self.present
        if all(name in present and present[name]["State"]["Status"] == "running" for name in self.command.release.proxy.containers):
            switch.reload(self.server, Target([], self.command.release, ()), force=True)

    def _prove(self, apps: Iterable[Any]) -> None:
        """Hold until those of these apps serve whose containers all run."""
        present = self.present
        for app in apps:
            if all(name in present and present[name]["State"]["Status"] == "running" for name in app.containers):
                Steps(self.server, self.command.release, Scope(app.title or app.name, app, app.containers)).prove()


def run(command: Command, recreate: bool, check_mode: bool) -> dict[str, Any]:
    """Carry out what the module network_attachments is asked for; return its result."""
    network = Network(command)
    foreign, missing = network.foreign(), network.missing()
    if recreate:
        refuse(network, foreign)
    wanted = [str(one) for one in missing]
    names = [network.name, *(str(one["name"]) for one in network.own.values())]
    wanted += [f"Network {name} was missing" for name in names if not network.exists(name)]
    wanted += [f"Network {network.meanwhile} was left by a making anew that was cut off"] if network.exists(network.meanwhile) else []
    result: dict[str, Any] = {"changed": bool(wanted) or recreate, "network": network.name, "repaired": wanted, "notes": [], "seconds": 0.0}
    if result["changed"] and not check_mode:
        told: list[str] = []

        def work() -> dict[str, str]:
            try:
                told.extend(network.recreate() if recreate else network.repair())
            except docker.errors.DockerException as error:
                raise NetworkFault(
                    f"Network {network.name}: expected the engine to do as it was asked, got: {error}. What was begun is brought to its "
                    "end by the same again without network_recreate: ansible-playbook network.yml"
                ) from error
            return {one.container: str(one).removeprefix(f"{one.container} had ") for one in missing}

        _release, problems, result["seconds"] = command.carry_out("repairing the network", work)
        result["notes"] = [*told, *problems]
    holders = [one for one in foreign if one.names]
    result["foreign"] = [{"container": one.container, "network": one.network, "names": list(one.names)} for one in foreign]
    result["diff"] = [difference(one) for one in missing]
    if holders:
        told = [f"{one}: this would be repaired." for one in wanted] if check_mode else result["notes"]
        raise NetworkFault("\n".join([*told, *map(str, holders)]), **result)
    return result


def refuse(network: Network, foreign: Iterable[Foreign]) -> None:
    """Refuse to make a network anew that others are on, or with a proxy that would read what no deploy wrote."""
    names = [one.container for one in foreign if one.network == network.name]
    if names:
        raise NetworkFault(
            f"Network {network.name}: expected none but the containers of {network.server.project} on it, got {' and '.join(names)}, which "
            f"would lose it. Nothing has been changed. Have them leave first: docker network disconnect {network.name} {names[0]}"
        )
    waiting.refuse(waiting.edits(network.server.root, proxy=True), network.command.release.proxy.containers)
    carried = sorted(network.server.compose.carried().values())
    if carried:
        raise NetworkFault(
            f"{' and '.join(carried)}: expected containers that a deploy made, since they may have to be made anew with the network, got "
            "ones that were carried over as they were made by hand. Nothing has been changed."
        )


def difference(one: Missing) -> dict[str, str]:
    """Return what is attached again as Ansible shows differences."""
    header = f"network {one.network}"
    after = f"{one.container} as {', '.join(one.names)}\n"
    return {"before_header": header, "after_header": header, "before": "", "after": after}
