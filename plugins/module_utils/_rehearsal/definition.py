# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a Compose project becomes when some of its containers are started beside it: without a way out, its volumes or its ports."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .._engine.containers import OWNER_LABEL
from .._postgres.helper import MOUNT

# What of a service makes it work. Nothing else comes along: not what publishes, mounts, or lets it do more on the server than others.
KEPT = (
    "cap_drop",
    "command",
    "configs",
    "entrypoint",
    "environment",
    "healthcheck",
    "hostname",
    "init",
    "mem_limit",
    "pids_limit",
    "read_only",
    "secrets",
    "security_opt",
    "shm_size",
    "stop_grace_period",
    "stop_signal",
    "tmpfs",
    "ulimits",
    "user",
    "working_dir",
)
# What the engine gives a container by itself: one that gives all back and takes some of these again needs them. Of Docker's documentation.
DEFAULT_CAPABILITIES = (
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
)
# What an image of PostgreSQL runs in an empty database, which is to be filled with a dump that has it already.
INITIAL = "/docker-entrypoint-initdb.d"
# A sixteenth of what a container gets by default where others want the processor as well.
SHARES = 64


def rehearsed(
    document: Mapping[str, Any],
    name: str,
    images: Mapping[str, str],
    dumps: Mapping[str, str],
    directory: str,
    owner: str,
    kept: str = "",
) -> dict[str, Any]:
    """Return the project of some containers, given with the ids of their images, under another name.

    Databases see the dump they are to be filled with. The directory is that of the release, files of which containers may read. What is
    not there yet, such as files that containers keep on the server, they read where it is kept.
    """
    chosen = {service: one for service, one in document["services"].items() if one.get("container_name") in images}
    services = {}
    filled = {service for service, one in chosen.items() if one["container_name"] in dumps}
    for service, one in chosen.items():
        container = one["container_name"]
        files = _readable(one.get("volumes") or [], directory, kept)
        services[service] = _service(service, one, images[container], dumps.get(container, ""), files, chosen, filled, owner)
    more = {key: document[key] for key in ("configs", "secrets") if key in document}
    return {"name": name, "services": services, "networks": {"default": {"internal": True, "labels": {OWNER_LABEL: owner}}}, **more}


def _service(
    service: str,
    one: Mapping[str, Any],
    image: str,
    dump: str,
    files: Sequence[Mapping[str, Any]],
    chosen: Mapping[str, Any],
    filled: Collection[str],
    owner: str,
) -> dict[str, Any]:
    networks = one.get("networks") or {}
    aliases = {service, one["container_name"], *(alias for its in networks.values() for alias in (its or {}).get("aliases") or [])}
    needs = {name: how for name, how in (one.get("depends_on") or {}).items() if name in chosen}
    volumes = [{**volume, "read_only": True} for volume in files if not (dump and f"{volume['target']}/".startswith(f"{INITIAL}/"))]
    capabilities = [name for name in one.get("cap_add") or [] if name.removeprefix("CAP_") in DEFAULT_CAPABILITIES]
    # Compose would wait for the health of databases that are known to answer.
    needs = {name: {**how, "condition": "service_started"} if name in filled else how for name, how in needs.items()}
    if dump:
        volumes.append({"type": "bind", "source": dump, "target": MOUNT, "read_only": True})
    return {
        **{key: one[key] for key in KEPT if key in one},
        **({"cap_add": capabilities} if capabilities else {}),
        "image": image,
        "pull_policy": "never",
        "restart": "no",
        "cpu_shares": SHARES,
        # Before anything that is live, where memory ends.
        "oom_score_adj": 1000,
        "labels": {OWNER_LABEL: owner},
        "networks": {"default": {"aliases": sorted(aliases)}},
        "volumes": volumes,
        "depends_on": needs,
    }


def _is_below(volume: Mapping[str, Any], directory: str) -> bool:
    source = os.path.normpath(str(volume.get("source", "")))
    return volume.get("type") == "bind" and source.startswith(f"{directory}{os.sep}")


def _readable(volumes: Sequence[Mapping[str, Any]], directory: str, kept: str) -> list[Mapping[str, Any]]:
    """Return those volumes that are files of the release: in its directory or, if they are not there yet, where they are kept."""
    files: list[Mapping[str, Any]] = []
    for volume in volumes:
        if not _is_below(volume, directory):
            continue
        source = str(volume["source"])
        if kept and not os.path.lexists(source):
            source = os.path.join(kept, os.path.relpath(source, directory))
            if not os.path.lexists(source):
                continue  # It is copied out of the container that runs when the release is live; the image has its own meanwhile.
        files.append({**volume, "source": source})
    return files


def text_of(document: Mapping[str, Any]) -> bytes:
    """Return a project as Compose reads it, to which a dollar is two."""
    return json.dumps(document, indent=1).replace("$", "$$").encode()
