# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All that adoption has to know of a server, read in one go and nothing of it changed. No value of a secret is in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from .._base.command import RunCommand
from .._engine.written import outside_of_volumes
from .._release.differences import pairs
from .._server.engine import Docker
from .._server.system import python_libraries
from . import certificates, engine, environment, leftovers, proxy, scheduled, values
from . import setups as set_ups
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
    setups: Iterable[Mapping[str, Any]],
    adoptions: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the facts. The release has the secrets that a deploy would use; setups is where an app says whether its set-up is open.

    Adoptions is what roles ask for, to make an inventory of it.
    """
    everything, adoptions = list(everything), list(adoptions)
    ours = [one for one in everything if engine.project_of(one) == project]
    others = [one for one in everything if engine.project_of(one) != project]
    images, front = engine.images(run_command, ours), proxy.find(ours)
    directories, files = engine.places(ours)
    places = leftovers.directories(directories, path)
    projects = {place: leftovers.services(run_command, place, project) for place in places}
    found = leftovers.read(places, projects)
    own = {name: service for one in projects.values() for name, service in one.by_name.items()}
    jobs = scheduled.read()
    docker = Docker(run_command)
    return {
        "project": project,
        "containers": [
            {**found, **values.told(one, found["environment"], adoptions), "health_check": values.health_check(one)}
            for one in ours
            for found in [container(run_command, one, release, own, images.get(str(one["Image"])))]
        ],
        "foreign": [{"name": engine.name_of(one), "project": engine.project_of(one), "networks": engine.aliases(one)} for one in others],
        "directories": found,
        "files": files,
        "changed_files": leftovers.older_than_files(ours, files),
        "volumes": sorted(name for name in docker.volumes() if name.startswith(f"{project}_")),
        "proxy": proxy.read(run_command, front),
        "certificates": certificates.read(run_command, datetime.now(timezone.utc)),
        "scheduled": scheduled.about(jobs, [one["path"] for one in found]),
        "engine": {key: value for key, value in docker.engine().items() if key in ("version", "compose_version", "flags", "swarm")},
        "libraries": python_libraries(list(LIBRARIES)),
        "setups": set_ups.find(ours, front, setups),
    }


def container(
    run_command: RunCommand, one: Mapping[str, Any], release: Release, own: Mapping[str, Any], image: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return what there is to know of a container of the project, beside that of the release. Own are the services of its own file."""
    name, service = engine.name_of(one), engine.service_of(one)
    wanted = name in release.containers
    config = (image or {}).get("Config") or {}
    lost = release.composed.lost(name, one, config, own.get(service) or {}, name in release.proxy) if wanted else []
    now, given = pairs(one["Config"].get("Env") or []), pairs(config.get("Env") or [])
    keys = [words[2] for words in map(str.split, lost) if words[0] == "environment"]
    state = one["State"]
    return {
        "name": name,
        "id": one["Id"],
        "service": service,
        "wanted": wanted,
        "image": one["Config"]["Image"],
        "image_id": one["Image"],
        "digests": (image or {}).get("RepoDigests") or [],
        "wanted_image": release.image(name) if wanted else "",
        "status": state["Status"],
        "exit_code": state.get("ExitCode") or 0,
        "restarts": one.get("RestartCount") or 0,
        "restart_policy": one["HostConfig"]["RestartPolicy"]["Name"],
        "health": (state.get("Health") or {}).get("Status", ""),
        "mounts": engine.mounts(one),
        "wanted_mounts": release.mounts(name) if wanted else {},
        "networks": engine.aliases(one),
        "ports": engine.ports(one),
        "environment": environment.states(now, release.environment(name), given, keys) if wanted else {},
        "lost": lost,
        "published": environment.published(now),
        "written": outside_of_volumes(run_command, one) if wanted else [],
    }
