# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of a server is taken over as it is, and what a deploy makes otherwise."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._engine.compose import COMPOSE_FILE
from .finding import DIFFERENT, KEPT, Finding
from .losses import lost_files

RESTART = "unless-stopped"
# With which Debian's and Docker's own packages start the engine.
USUAL_FLAGS = ("-H", "--host", "--containerd")


def kept(facts: Mapping[str, Any], taken: Mapping[str, str]) -> list[Finding]:
    """Return what stays. Taken are the secrets that stay in force, and the containers that have them."""
    ours = [one for one in facts["containers"] if one["wanted"]]
    lost = {line for one in ours for line in one["lost"]}
    volumes = {mount["source"] for one in ours for mount in one["mounts"] if mount["type"] == "volume"}
    groups = [
        ("Containers", [one["name"] for one in ours]),
        ("Volumes", sorted(name for name in volumes if f"volume {name}" not in lost)),
        ("Networks", sorted({name for one in facts["containers"] for name in one["networks"]})),
        ("Secrets in force, from what runs to the server's own store", [f"{name} from {place}" for name, place in taken.items()]),
        ("Certificates", [_certificate(one) for one in facts["certificates"]]),
        ("Files outside of volumes, mounted by the release", [f"{one['name']} {path}" for one in ours for path in _kept_files(one)]),
        ("Backups of before", [one["id"] for place in facts["directories"] for one in place["backups"] if one["kind"] == "legacy"]),
        ("Other Compose projects, which nothing touches", sorted({one["project"] for one in facts["foreign"] if one["project"]})),
        ("Other containers on the project's networks, by the names they answer to", list(_neighbours(facts))),
    ]
    return [Finding(KEPT, f"{what}: {', '.join(found)}") for what, found in groups if found]


def _certificate(one: Mapping[str, Any]) -> str:
    return f"{one['name']} ({' '.join(one['names'])}) until {one['expires']}, renewed by {one['renewed_by'] or 'nobody'}"


def _kept_files(one: Mapping[str, Any]) -> list[str]:
    lost = lost_files(one)
    return [path for path in one["written"] if path not in lost]


def _neighbours(facts: Mapping[str, Any]) -> Iterator[str]:
    networks = {name for one in facts["containers"] for name in one["networks"]}
    for one in facts["foreign"]:
        for name, names in one["networks"].items():
            if name in networks:
                yield f"{one['name']} ({' '.join(names) or 'none'})"


def differences(facts: Mapping[str, Any], expected: Mapping[str, Any], wanted: Iterable[str]) -> list[Finding]:
    """Return what is other than in the release. Expected are the variables of the inventory that say where things are."""
    found = [
        *_places(facts, expected),
        *(text for one in facts["containers"] if one["wanted"] for text in _container(one)),
        *_unchecked(one["name"] for one in facts["containers"] if one["wanted"] and not one["health"]),
        *_proxy(facts["proxy"]),
        *_engine(facts),
        *_leftovers(facts),
    ]
    missing = sorted(set(wanted) - {one["name"] for one in facts["containers"]})
    if missing:
        found.append(f"Not there yet, and added by a deploy: {', '.join(missing)}. Where an app is not wanted, take it out of stack_apps.")
    return [Finding(DIFFERENT, text) for text in found]


def _places(facts: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[str]:
    if facts["project"] != expected["project"]:
        yield f"stack_project: the server has {facts['project']}, the inventory {expected['project']}."
    for place in facts["directories"]:
        if place["path"] != expected["path"]:
            yield f"stack_path: the project lies in {place['path']}, the inventory says {expected['path']}."
    networks = sorted({name for one in facts["containers"] if one["wanted"] for name in one["networks"]})
    if networks and expected["network"] not in networks:
        yield f"network_name: the containers are on {', '.join(networks)}, the inventory says {expected['network']}."


def _container(one: Mapping[str, Any]) -> Iterator[str]:
    if one["wanted_image"] and one["wanted_image"] != one["image"]:
        yield f"{one['name']}: runs image {one['image']}, the release has {one['wanted_image']}."
    if one["restart_policy"] != RESTART:
        yield f"{one['name']}: restart policy {one['restart_policy'] or 'no'}; a deploy sets {RESTART}, without a restart."


def _unchecked(names: Iterable[str]) -> Iterator[str]:
    if listed := ", ".join(names):
        yield f"Without a health check, which the release has: {listed}."


def _proxy(proxy: Mapping[str, Any]) -> Iterator[str]:
    if proxy["configuration"] and "default_server" not in proxy["configuration"]:
        yield "Host names that nobody knows are answered by the first site; the release refuses them."
    if proxy["container"] and proxy["mounted_file"]:
        yield f"nginx has one mounted file, {proxy['mounted_file']}; the release mounts a directory, so that a change reaches it."


def _engine(facts: Mapping[str, Any]) -> Iterator[str]:
    engine = facts["engine"]
    if engine["swarm"]:
        yield "The engine is part of a Swarm; the release needs none, and leaves it."
    flags = [flag for flag in engine["flags"] if flag not in USUAL_FLAGS]
    if flags:
        yield f"The engine is started with {' '.join(flags)}; this stays."
    missing = [f"python3-{name}" for name, there in facts["libraries"].items() if not there]
    if missing:
        yield f"Packages that a deploy installs: {', '.join(missing)}."


def _leftovers(facts: Mapping[str, Any]) -> Iterator[str]:
    for place in facts["directories"]:
        if place["scripts"]:
            yield f"Scripts in {place['path']}, which know nothing of deploys: {', '.join(place['scripts'])}. Do not run them any more."
    for line in facts["scheduled"]:
        if "prune" not in line:
            yield f"By the clock or with the server, {line}. Look whether that is still right."


def misplaced(facts: Mapping[str, Any], path: str) -> list[str]:
    """Return a sentence where the files of the running project lie elsewhere: they could not be sealed, and nothing brought back."""
    elsewhere = [
        place["path"]
        for place in facts["directories"]
        if os.path.realpath(place["path"]) != os.path.realpath(path) and os.path.exists(os.path.join(place["path"], COMPOSE_FILE))
    ]
    return [
        f"stack_path: expected {place}, where the files of the running project lie, got {path}. What is not below stack_path is not "
        f"sealed, so that there would be no way back. Set stack_path to {place}."
        for place in elsewhere
    ]
