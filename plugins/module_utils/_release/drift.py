# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What somebody changed about a container by hand and Compose does not see: it compares configurations, and of the container itself only
whether it runs."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .._engine.compose import Project
from .._engine.containers import SERVICE_LABEL, containers_of
from .live import stated

if TYPE_CHECKING:
    from docker import DockerClient

# What every service of ours says. Another policy is reason to ask Compose, which costs a fifth of a second, what was wanted.
USUAL_RESTART = "unless-stopped"
# States that Compose leaves as they are. In a crash loop the engine waits up to a minute before it tries again, also where this run has
# just removed the cause.
MENDED: dict[str, Literal["restart", "unpause"]] = {"paused": "unpause", "restarting": "restart"}
BUILT_IN_NETWORKS = ("default", "bridge", "host", "none")


@dataclass(frozen=True)
class Drift:
    """A container that is not as it was made, and the least that makes it so again."""

    container: str
    service: str
    expected: str
    got: str
    mend: Literal["recreate", "restart", "unpause", "update"]
    restart: str = ""
    # Why it is mended, in the words of a summary.
    cause: str = ""

    @property
    def reason(self) -> str:
        return f"{self.container}: expected it {self.expected}, got it {self.got}"

    @property
    def diff(self) -> dict[str, str]:
        """Return it as Ansible shows differences."""
        header = f"container {self.container}"
        return {"before_header": header, "after_header": header, "before": f"{self.got}\n", "after": f"{self.expected}\n"}


def find(project: Project, client: DockerClient) -> list[Drift]:
    """Return what was changed by hand; Compose is asked for what was wanted only where something looks unusual."""
    containers = containers_of(client, project.name)
    kept, release = project.carried().values(), stated(project.directory)
    apart = {one.container for app in release.apps for one in app.databases if one.network}
    # One that was carried over may have a policy that is usual, and not its own: that of a release from which its owner went back.
    if not (kept or any(is_unusual(name, one, release.network, apart) for name, one in containers.items())):
        return []
    services, networks = project.config()
    found: list[Drift] = []
    for name, one in containers.items():
        service = services.get(service_of(one))
        if service is not None and project.is_about(service_of(one)):
            # One that was carried over as it is was looked at then; to make it anew would lose what it has.
            found += [drift for drift in drifts(name, one, service, networks) if not (drift.mend == "recreate" and name in kept)]
    return found


def mend(project: Project, client: DockerClient) -> list[str]:
    """Make each such container as the project says; return the names of those that are to be told of as started."""
    found = find(project, client)
    for drift in found:
        container = client.containers.get(drift.container)
        if drift.mend == "unpause":
            container.unpause()
        elif drift.mend == "restart":
            container.restart()
        elif drift.mend == "update":
            container.update(restart_policy=as_policy(drift.restart))
    project.recreate(sorted({drift.service for drift in found if drift.mend == "recreate"}))
    # One that was carried over goes on running with another policy, and is told of as such.
    kept = project.carried().values()
    return sorted({drift.container for drift in found if not (drift.mend == "update" and drift.container in kept)})


def is_unusual(name: str, inspected: Mapping[str, Any], shared: str, apart: Container[str]) -> bool:
    """Say whether a container looks like one that a person has changed; those in apart are the ones that are not on the shared network."""
    attached = inspected["NetworkSettings"]["Networks"]
    mode = inspected["HostConfig"]["NetworkMode"]
    own = mode not in BUILT_IN_NETWORKS and not mode.startswith("container:")
    # The first of its networks stands in its mode: some engines keep the name there, others the id.
    first = mode in attached or any(mode == one.get("NetworkID", mode) for one in attached.values())
    found = shared in ("", *attached) or name in apart
    lost = own and not (first and found and all(service_of(inspected) in names_in(network) for network in attached.values()))
    return lost or inspected["State"]["Status"] in MENDED or restart_of(inspected) != USUAL_RESTART


def drifts(name: str, inspected: Mapping[str, Any], service: Mapping[str, Any], networks: Mapping[str, Any]) -> Iterable[Drift]:
    """Return what differs between a container and its service."""
    key = service_of(inspected)
    status = inspected["State"]["Status"]
    if status in MENDED:
        cause = "was paused" if status == "paused" else "was in a crash loop"
        yield Drift(name, key, "running", status, MENDED[status], cause=cause)
    attached = inspected["NetworkSettings"]["Networks"]
    wanted = [networks.get(network, {}).get("name", network) for network in service.get("networks") or {}]
    for network in wanted:
        if network not in attached:
            cause = f"lost its network {network}"
            yield Drift(name, key, f"on network {network}", f"on {' and '.join(attached) or 'none'}", "recreate", cause=cause)
        elif key not in names_in(attached[network]):
            cause = f"lost its name {key} on network {network}"
            yield Drift(name, key, f"known as {key} on network {network}", "without that name", "recreate", cause=cause)
    restart = service.get("restart") or ("" if (service.get("deploy") or {}).get("restart_policy") else "no")
    if restart and restart != restart_of(inspected):
        cause = f"edited by hand: restart policy {restart_of(inspected)}"
        yield Drift(name, key, f"with restart policy {restart}", f"with {restart_of(inspected)}", "update", restart, cause)


def service_of(inspected: Mapping[str, Any]) -> str:
    return str((inspected["Config"].get("Labels") or {}).get(SERVICE_LABEL, ""))


def names_in(network: Mapping[str, Any]) -> set[str]:
    """Return the names under which others find a container in a network."""
    return {*(network.get("Aliases") or []), *(network.get("DNSNames") or [])}


def restart_of(inspected: Mapping[str, Any]) -> str:
    """Return a container's restart policy in Compose's words."""
    policy = inspected["HostConfig"].get("RestartPolicy") or {}
    name, count = policy.get("Name") or "no", policy.get("MaximumRetryCount", 0)
    return f"{name}:{count}" if count else name


def as_policy(restart: str) -> Any:
    """Return a restart policy in the engine's words; the SDK's types know two of the four."""
    name, _colon, count = restart.partition(":")
    return {"Name": name, "MaximumRetryCount": int(count or 0)}
