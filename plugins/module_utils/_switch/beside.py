# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Exchanging containers of apps while the ones of before still serve.

The new container is made as Compose would make it, under another name, and waited for; then it gets the name. The names tell how far that
has come, also whoever finds it cut off: with NAME_beside there is a new one that does not serve yet, with NAME_before one of before that
does no longer.

Docker gives a container's own name to whoever has it, at once, and a name that Compose gave it in its network to that container as long
as it is there. So a new one gets its own name as the former alone, and the next exchange can take it away from it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from glob import glob
from typing import Any

from .._base.errors import PlatformError
from .._base.files import read_if_exists
from .._base.process import read_proc
from .._engine.connections import served
from .._engine.containers import SERVICE_LABEL, containers_of
from .._engine.usage import group_of, memory_of
from .._health import run
from .._health.run import Gate
from .adoption import held
from .server import Server
from .target import Target

with suppress(ImportError):  # See _base.libraries.
    import docker.errors

NEW, OLD = "_beside", "_before"
# On containers that were made beside others: whose name they were to get.
LABEL = "rarebooks.platform.beside"
# Seconds after which nginx has asked for every name again: see `resolver` in its configuration.
LOOKED_UP = 4.0
EVERY = 0.5
# Seconds that Docker itself gives a container to end.
GRACE = 10
MIB = 1 << 20
# What is left free beside the second copies.
SPARE = 64 * MIB
UNNAMED_VOLUME = re.compile(r"[0-9a-f]{64}")
# One whose host is no variable: nginx looks that up once, when it reads its configuration.
LOOKED_UP_ONCE = re.compile(rb"^[^#\n]*\bproxy_pass\s+https?://[^$;]+;", re.MULTILINE)


class BesideError(PlatformError):
    """A container that was started beside the one that serves is not healthy; that one goes on serving."""


@dataclass
class Exchanged:
    """The containers that were exchanged, and what to tell."""

    containers: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Pair:
    """A container that serves, and the settings of the one that takes its place."""

    name: str
    old: Mapping[str, Any]
    settings: dict[str, Any]

    @property
    def keeps_name(self) -> bool:
        """Say whether the old one answers for the name as long as it is there."""
        return any(self.name in (one.get("Aliases") or []) for one in self.old["NetworkSettings"]["Networks"].values())


def meant(target: Target) -> set[str]:
    """Return the containers that the release wants exchanged like that: those of the apps it names, without their databases."""
    apps = [app for app in target.apps if app.name in target.release.side_by_side]
    return {name for app in apps for name in app.containers} - {one.container for app in apps for one in app.databases}


def foretold(target: Target, started: list[str]) -> list[str]:
    """Return what to tell before a release is made live that starts these containers."""
    names = ", ".join(sorted(meant(target) & set(started)))
    return [f"Started beside the ones that serve, which then have {target.release.drain} s to finish: {names}."] if names else []


def settle(server: Server) -> None:
    """End an exchange that was cut off: whichever container has the name keeps it, and of two without it the one that has served."""
    present = containers_of(server.client, server.project)
    made = {name: one["Config"]["Labels"].get(LABEL) for name, one in present.items()}
    for name in sorted({label for label in made.values() if label}):
        old, new = f"{name}{OLD}", f"{name}{NEW}"
        if old in present and name not in present:
            server.client.containers.get(old).rename(name)
        elif old in present and made.get(name) == name:
            discard(server, old)
        if made.get(new) == name:
            discard(server, new)


def discard(server: Server, name: str) -> None:
    """Stop and remove a container, and keep its log."""
    with server.logs.replacing(server.client, server.project, server.root):
        end(server, name, GRACE)


def exchange(server: Server, target: Target) -> Exchanged:
    """Exchange what of the release differs and can be exchanged; the rest is left to Compose."""
    done = Exchanged()
    wanted = meant(target)
    touched = sorted(wanted & set(server.compose.would_touch())) if wanted else []
    pairs = find_pairs(server, target, touched, done.notes) if touched else []
    if not pairs:
        return done
    with server.logs.replacing(server.client, server.project, server.root):
        try:
            for pair in pairs:
                start(server, pair)
            wait_until_healthy(server, target, pairs)
        except Exception:
            settle(server)
            raise
        for pair in pairs:
            move_name(server, pair)
        done.containers = [pair.name for pair in pairs]
        done.notes += drain(server, pairs, target.release.drain)
    return done


def find_pairs(server: Server, target: Target, names: list[str], notes: list[str]) -> list[Pair]:
    """Return which containers can be exchanged; notes get why others cannot."""
    present, kept = containers_of(server.client, server.project), server.compose.carried().values()
    running = {name: present[name] for name in names if name in present and present[name]["State"]["Status"] == "running"}
    running = {name: one for name, one in running.items() if name not in kept}
    reason = obstacle_to_all(server, target, running)
    services = {one["container_name"]: one for one in server.compose.services()} if running and not reason else {}
    pairs = []
    for name, one in running.items():
        why = reason or server.alone.get(name) or obstacle(name, one, services.get(name))
        settings = None if why else server.compose.wanted_container(services[name]["service"], name)
        if not why and settings is None:
            why = "more than this container is replaced"
        elif settings and not stays_on(settings["NetworkingConfig"]["EndpointsConfig"], one["NetworkSettings"]["Networks"]):
            why = "it is on other networks"
        if settings is None or why:
            notes.append(f"{name}: stopped before the new one is started, since {why}.")
        else:
            pairs.append(Pair(name, one, settings))
    return pairs


def obstacle_to_all(server: Server, target: Target, running: Mapping[str, Any]) -> str:
    """Return what keeps all containers from being exchanged beside each other, nothing where they can be."""
    if held(server.client, server.root, server.project, target.proxy):
        return "the proxy still runs with the configuration that was made by hand, which looks its address up once"
    for path in sorted(glob(f"{server.root}/nginx/**/*.conf", recursive=True)):
        if LOOKED_UP_ONCE.search(read_if_exists(path) or b""):
            return f"{path} names an address in proxy_pass without a variable, which nginx looks up once"
    needed, free = sum(memory_of(group_of(one["State"]["Pid"])) or 0 for one in running.values()) + SPARE, available()
    if needed > free:
        return f"two copies need {needed // MIB} MiB of memory, and {free // MIB} MiB are free"
    return ""


def available() -> int:
    """Return the bytes of memory that programs can have without others being driven out, proc_meminfo(5)."""
    lines = (line.split() for line in read_proc("/proc/meminfo").splitlines())
    return next((int(fields[1]) * 1024 for fields in lines if fields[0] == "MemAvailable:"), 0)


def obstacle(name: str, old: Mapping[str, Any], service: Mapping[str, Any] | None) -> str:
    """Return what keeps a container from being exchanged, nothing where it can be."""
    networks, wanted = old["NetworkSettings"]["Networks"].values(), (service or {}).get("networks") or {}
    if service is None or old["Config"]["Labels"].get(SERVICE_LABEL) != service["service"]:
        return "its service has another name in the release"
    if service.get("ports"):
        return "it publishes ports, which two cannot"
    if service.get("network_mode") or not wanted:
        return "it is on no network"
    if any((one or {}).get("ipv4_address") or (one or {}).get("ipv6_address") for one in wanted.values()):
        return "it has an address of its own"
    if any(name not in (one.get("DNSNames") or []) for one in networks):
        return "this Docker does not say by which names it is found (26 does)"
    if any(one["Type"] == "volume" and UNNAMED_VOLUME.fullmatch(one.get("Name") or "") for one in old["Mounts"]):
        return "it has a volume without a name, which goes from one to the next"
    return ""


def stays_on(wanted: Mapping[str, Any], networks: Mapping[str, Any]) -> bool:
    """Say whether a new container is on the networks of the old one; versions of Compose name them by name or by id."""
    return len(wanted) == len(networks) and all(name in wanted or one.get("NetworkID") in wanted for name, one in networks.items())


def start(server: Server, pair: Pair) -> None:
    """Make and start the new container under a name of its own."""
    settings = {**pair.settings, "Labels": {**pair.settings["Labels"], LABEL: pair.name}}
    # Whoever asks for the name must not meet it yet.
    settings["NetworkingConfig"] = {
        "EndpointsConfig": {
            network: {**one, "Aliases": [alias for alias in one.get("Aliases") or [] if alias != pair.name]}
            for network, one in settings["NetworkingConfig"]["EndpointsConfig"].items()
        }
    }
    made = server.client.api.create_container_from_config(settings, f"{pair.name}{NEW}")
    server.client.containers.get(made["Id"]).start()


def wait_until_healthy(server: Server, target: Target, pairs: list[Pair]) -> None:
    """Hold until the new containers are healthy, or say why they are not. What their databases do for them counts as theirs."""
    exchanged = {pair.name for pair in pairs}
    names = [f"{pair.name}{NEW}" for pair in pairs]
    names += [one.container for app in target.apps if exchanged & set(app.containers) for one in app.databases]
    gate = Gate(containers=names, deadline=server.deadline, at_least=server.at_least)
    healthy, result = run.wait_until_healthy(gate, server.secrets, server.tell)
    if not healthy:
        raise BesideError(result["msg"], **{key: value for key, value in result.items() if key != "msg"})


def move_name(server: Server, pair: Pair) -> None:
    """Give the name to the new container: a few milliseconds in which nginx goes by what it has looked up."""
    old, new = server.client.containers.get(pair.old["Id"]), server.client.containers.get(f"{pair.name}{NEW}")
    old.rename(f"{pair.name}{OLD}")
    new.rename(pair.name)


def drain(server: Server, pairs: list[Pair], seconds: int) -> list[str]:
    """Have the old containers finish what they have begun, and remove them; return what to tell."""
    began = time.monotonic()
    time.sleep(LOOKED_UP)
    left, notes = list(pairs), []
    while left:
        passed = time.monotonic() - began
        for pair in list(left):
            open_ones = served(pair.old["State"]["Pid"])
            server.tell(f"the {pair.name} of before finishes what it has begun, open connections: {open_ones}, {passed:.0f} of {seconds} s")
            # One that answers for the name as well would be asked again and again: it is told to end at once, and finishes by itself.
            if not open_ones or pair.keeps_name or passed >= seconds:
                left.remove(pair)
                end(server, pair.old["Id"], max(GRACE, round(seconds - passed)))
                closed = f", {open_ones} open connections were ended" if open_ones else ""
                notes.append(f"{pair.name}: exchanged beside the one before, which ended after {time.monotonic() - began:.0f} s{closed}.")
        time.sleep(EVERY if left else 0)
    return notes


def end(server: Server, name: str, seconds: int) -> None:
    """Stop and remove a container that has so many seconds for what it has begun; somebody may have done so by hand."""
    with suppress(docker.errors.NotFound):
        container = server.client.containers.get(name)
        container.stop(timeout=seconds)
        container.remove(v=False)
