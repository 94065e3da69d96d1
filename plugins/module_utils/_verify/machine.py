# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The server below the apps: disks, memory, clock, updates, our own units, and whether a run is at work."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import datetime, timezone

from .._base.command import execute
from .._base.process import memory_available
from .._base.sentence import say
from .._run.lease import LeaseHeld, Place, inspect
from .finding import Finding, failed, passed, warning
from .observed import Observed

MIB = 2**20
# Of the whole disk, so that a small one is not warned of forever.
SCARCE = 0.05
# Seconds by which two clocks may differ: the question takes a moment, and tokens and codes are good for a minute.
SKEW = 30
UPDATES = ("/var/lib/dpkg/info/unattended-upgrades.list", "APT::Periodic::Unattended-Upgrade")

# Kinds of units that start others: one that is off does nothing, and tells nobody.
STARTING = (".timer", ".path")


def check(server: Observed) -> Iterator[Finding]:
    """Yield how the server is."""
    yield from work(server)
    yield from disks(server)
    yield from memory(server)
    yield from clock(server)
    yield from updates()
    yield from units()


def work(server: Observed) -> Iterator[Finding]:
    """Say that a run is at work, whose changes may be found halfway."""
    try:
        inspect(Place(server.settings.path))
    except LeaseHeld as error:
        text = say("{run} is at work, now at: {step}. What it changes may be found halfway", run=str(error.holder), step=error.step)
        yield passed("server", "run", text)


def disks(server: Observed) -> Iterator[Finding]:
    """Yield how much is free on each disk that we use."""
    root = server.settings.path
    docker = str(server.client.info().get("DockerRootDir") or "/var/lib/docker")
    seen: set[int] = set()
    for path in ("/", root, os.path.join(root, "backups"), docker, "/var/lib/containerd"):
        if not os.path.isdir(path) or os.stat(path).st_dev in seen:
            continue
        seen.add(os.stat(path).st_dev)
        status = os.statvfs(path)
        free = status.f_bavail * status.f_frsize // MIB
        step = say("See what takes it: {command}", command=f"du -xh --max-depth=2 {path} | sort -h | tail; docker system df")
        if free < server.settings.disk_free:
            text = say("expected {wanted} MiB free on its disk, got {free}", wanted=server.settings.disk_free, free=free)
            yield failed("server", path, text, step)
        elif status.f_files and status.f_favail < status.f_files * SCARCE:
            text = say("expected inodes free on its disk, got {free} of {all}", free=status.f_favail, all=status.f_files)
            yield failed(
                "server",
                path,
                text,
                say("See where the files are: {command}", command=f"du -x --inodes --max-depth=2 {path} | sort -n | tail"),
            )
        elif status.f_bavail < status.f_blocks * SCARCE:
            yield warning("server", path, say("{free} MiB are free on its disk, less than a twentieth of it", free=free), step)
        else:
            yield passed("server", path, say("{free} MiB are free on its disk", free=free))


def memory(server: Observed) -> Iterator[Finding]:
    """Say how much memory programs can still have."""
    free = memory_available() // MIB
    if free < server.settings.memory_free:
        text = say("expected {wanted} MiB of memory available, got {free}", wanted=server.settings.memory_free, free=free)
        yield failed("server", "memory", text, "docker stats --no-stream")
    else:
        yield passed("server", "memory", say("{free} MiB are available", free=free))


def clock(server: Observed) -> Iterator[Finding]:
    """Say whether the clock is right, by the controller's and by what keeps it right."""
    skew = datetime.now(timezone.utc).timestamp() - server.settings.now if server.settings.now else 0.0
    step = say("See what sets it: {command}", command="timedatectl timesync-status")
    if abs(skew) > SKEW:
        text = say("expected the time of the controller, got {seconds} s off it", seconds=f"{skew:+.0f}")
        yield failed("server", "clock", text, step)
    elif not contained() and said(["timedatectl", "show", "--property=NTPSynchronized", "--value"]) == "no":
        yield warning("server", "clock", say("is not kept right by any time server"), step)
    else:
        yield passed("server", "clock", say("is right"))


def updates() -> Iterator[Finding]:
    """Say whether security updates install themselves."""
    record, setting = UPDATES
    on = os.path.exists(record) and said(["apt-config", "dump", "--format", "%v", setting]) not in ("", "0")
    if on:
        yield passed("server", "unattended-upgrades", say("installs security updates"))
    else:
        text = say("expected security updates to install themselves, got none that would")
        yield warning(
            "server", "unattended-upgrades", text, "apt-get install unattended-upgrades && dpkg-reconfigure -plow unattended-upgrades"
        )


def units() -> Iterator[Finding]:
    """Yield how the units are that deploys installed."""
    listed = said(["systemctl", "list-unit-files", "--no-legend", "--plain", "rarebooks-*"])
    names = [line.split()[0] for line in listed.splitlines() if line.strip()]
    if not names:
        return
    shown = said(["systemctl", "show", "--property=Id,UnitFileState,ActiveState,Result", *names])
    found = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in shown.split("\n\n")]
    timed = {one.get("Id", "").rpartition(".")[0] for one in found if one.get("Id", "").endswith(STARTING)}
    for one in found:
        name = one.get("Id", "")
        if name.endswith(STARTING) and (one["UnitFileState"] != "enabled" or one["ActiveState"] != "active"):
            text = say(
                "expected it enabled and active, got {enabled} and {active}", enabled=one["UnitFileState"], active=one["ActiveState"]
            )
            yield failed("server", name, text, f"systemctl enable --now {name}")
        elif one.get("ActiveState") == "failed":
            text = say("its last run failed: {result}", result=one.get("Result", ""))
            yield failed("server", name, text, f"journalctl -u {name} -n 50")
        elif name.endswith(".service") and name.rpartition(".")[0] not in timed and one["UnitFileState"] == "disabled":
            text = say("expected the service enabled, got {enabled}", enabled=one["UnitFileState"])
            yield failed("server", name, text, f"systemctl enable {name}")
        else:
            yield passed("server", name, say("is on"))


def contained() -> bool:
    """Say whether this server is a container, whose clock is its host's."""
    return said(["systemd-detect-virt", "--container"]) not in ("", "none")


def said(argv: list[str]) -> str:
    """Return what a program says; nothing where there is none, or where a busy server keeps it from saying it."""
    try:
        return execute(argv, {"LC_ALL": "C.UTF-8"}, seconds=5)[1].strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
