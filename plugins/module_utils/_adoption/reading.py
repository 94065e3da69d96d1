# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All that adoption has to know of a server, read in one go and nothing of it changed. No value of a secret is in it."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from .._base.command import RunCommand
from .._engine.written import PROXY_MOUNTS, outside_of_volumes
from .._release.differences import differences, pairs
from .._server.engine import Docker
from .._server.system import python_libraries
from . import certificates, engine, environment, leftovers, proxy, scheduled, values
from .wanted import Release

LIBRARIES = ("docker", "requests")


def project_of(containers: Iterable[Mapping[str, Any]], release: Release, project: str) -> str:
    """Return the project that has most of the release's containers, whatever it is called."""
    count = Counter(engine.project_of(one) for one in containers if engine.name_of(one) in release.containers)
    count.pop("", None)
    return count.most_common(1)[0][0] if count and project not in count else project


def read(
    run_command: RunCommand,
    everything: Iterable[Mapping[str, Any]],
    release: Release,
    project: str,
    path: str,
    secrets: Mapping[str, str],
    setups: Iterable[Mapping[str, Any]],
    adoptions: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the facts. Secrets hold what a deploy would use; setups is where an app says whether its first set-up is open.

    Adoptions is what roles ask for, to make an inventory of it.
    """
    everything, adoptions = list(everything), list(adoptions)
    ours = [one for one in everything if engine.project_of(one) == project]
    others = [one for one in everything if engine.project_of(one) != project]
    images = engine.images(run_command, ours)
    directories, files = engine.places(ours)
    found = leftovers.read(run_command, leftovers.directories(directories, path), project)
    jobs = scheduled.read()
    docker = Docker(run_command)
    return {
        "project": project,
        "containers": [
            {**found, **values.told(one, found["environment"], adoptions), "health_check": values.health_check(one)}
            for one in ours
            for found in [container(run_command, one, release, secrets, images.get(str(one["Image"])))]
        ],
        "foreign": [{"name": engine.name_of(one), "project": engine.project_of(one), "networks": engine.aliases(one)} for one in others],
        "directories": found,
        "files": files,
        "changed_files": leftovers.older_than_files(ours, files),
        "volumes": sorted(name for name in docker.volumes() if name.startswith(f"{project}_")),
        "proxy": proxy.read(run_command, proxy.find(ours)),
        "certificates": certificates.read(run_command, datetime.now(timezone.utc)),
        "scheduled": scheduled.about(jobs, [one["path"] for one in found]),
        "engine": {key: value for key, value in docker.engine().items() if key in ("version", "compose_version", "flags", "swarm")},
        "libraries": python_libraries(list(LIBRARIES)),
        "setups": [one["container"] for one in setups if is_set_up_open(ours, one)],
    }


def container(
    run_command: RunCommand, one: Mapping[str, Any], release: Release, secrets: Mapping[str, str], image: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return what there is to know of a container of the project, beside that of the release."""
    name = engine.name_of(one)
    wanted = release.containers.get(name)
    config = (image or {}).get("Config") or {}
    lost = lost_with(one, config, release, secrets)
    now, own = pairs(one["Config"].get("Env") or []), pairs(config.get("Env") or [])
    keys = [words[2] for words in map(str.split, lost) if words[0] == "environment"]
    state = one["State"]
    return {
        "name": name,
        "id": one["Id"],
        "service": engine.service_of(one),
        "wanted": wanted is not None,
        "image": one["Config"]["Image"],
        "image_id": one["Image"],
        "digests": (image or {}).get("RepoDigests") or [],
        "wanted_image": wanted.image if wanted else "",
        "status": state["Status"],
        "exit_code": state.get("ExitCode") or 0,
        "restarts": one.get("RestartCount") or 0,
        "restart_policy": one["HostConfig"]["RestartPolicy"]["Name"],
        "health": (state.get("Health") or {}).get("Status", ""),
        "mounts": engine.mounts(one),
        "wanted_mounts": wanted.mounts if wanted else {},
        "networks": engine.aliases(one),
        "ports": engine.ports(one),
        "environment": environment.states(now, wanted.environment, own, keys) if wanted else {},
        "lost": lost,
        "published": environment.published(now),
        "written": outside_of_volumes(run_command, one) if wanted else [],
    }


def lost_with(one: Mapping[str, Any], image: Mapping[str, Any], release: Release, secrets: Mapping[str, str]) -> list[str]:
    """Return what a container has and its service in the release does not give it, as a deploy names it when it carries it over."""
    name = engine.name_of(one)
    if name not in release.containers:
        return []
    service = release.containers[name].definition(secrets)
    found = differences(name, one, image, service, {source: source for source in release.containers[name].mounts.values()})
    if name not in release.proxy:
        return found
    # The proxy is replaced, and mounts configuration, certificates and challenges in its own way.
    ours = [f"mount {name} {place}" for place in PROXY_MOUNTS]
    return [line for line in found if line.startswith(("mount ", "volume ")) and not line.startswith(tuple(ours))]


def is_set_up_open(containers: Iterable[Mapping[str, Any]], setup: Mapping[str, Any]) -> bool:
    """Ask an app at its own address whether it still waits for its first set-up, which anybody may then do."""
    for one in containers:
        networks = (one["NetworkSettings"].get("Networks") or {}).values()
        address = next((network["IPAddress"] for network in networks if network.get("IPAddress")), "")
        if engine.name_of(one) == setup["container"] and address:
            return bool(_answer(address, setup).get(setup["key"]))
    return False


def _answer(address: str, setup: Mapping[str, Any]) -> dict[str, Any]:
    connection = http.client.HTTPConnection(address, int(setup["port"]), timeout=3)
    try:
        connection.request("GET", str(setup["path"]))
        said = json.loads(connection.getresponse().read(65536))
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    finally:
        connection.close()
    return said if isinstance(said, dict) else {}
