# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What containers use of the server, from the kernel's control groups: the engine takes a second or two for each container's answer."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._base.files import read_if_exists
from .._base.process import read_proc

CGROUPS = "/sys/fs/cgroup"
# Seconds between two looks at what containers have used of the processor: less says little.
APART = 0.3


@dataclass(frozen=True)
class Usage:
    """Percent of one core, and bytes of memory without what the kernel would give back; None where the kernel does not say."""

    cpu: float | None = None
    memory: int | None = None


@dataclass(frozen=True)
class Group:
    """The directories of a process's control group that tell of processor and memory; empty where there is none."""

    cpu: str = ""
    memory: str = ""


def group_of(pid: int) -> Group:
    """Return the control group of a process, of either version of cgroups(7); with the first each controller has a directory of its own."""
    lines = [line.split(":", 2) for line in read_proc(f"/proc/{pid}/cgroup").splitlines()] if pid > 0 else []
    paths = {controller: parts[2] for parts in lines if len(parts) == 3 for controller in parts[1].split(",") if ".." not in parts[2]}
    if "memory" in paths and "cpuacct" in paths:
        return Group(f"{CGROUPS}/cpuacct{paths['cpuacct']}", f"{CGROUPS}/memory{paths['memory']}")
    return Group(f"{CGROUPS}{paths['']}", f"{CGROUPS}{paths['']}") if "" in paths else Group()


def number_in(path: str) -> int | None:
    """Return the one number of a file, None where there is none."""
    try:
        content = (read_if_exists(path) or b"").strip()
    except OSError:
        return None
    return int(content) if content.isdigit() else None


def fields_of(path: str) -> dict[str, int]:
    """Return a file of names and numbers."""
    try:
        content = (read_if_exists(path) or b"").decode()
    except OSError:
        return {}
    return {name: int(value) for name, _blank, value in (line.partition(" ") for line in content.splitlines()) if value.isdigit()}


def memory_of(group: Group, without: Sequence[str] = ("inactive_file",)) -> int | None:
    """Return the bytes of memory that a group uses, as `docker stats` counts them, or without more of what the kernel states."""
    for file, prefix in (("memory.current", ""), ("memory.usage_in_bytes", "total_")):
        used = number_in(f"{group.memory}/{file}")
        if used is not None:
            stated = fields_of(f"{group.memory}/memory.stat")
            return max(0, used - sum(stated.get(f"{prefix}{one}", 0) for one in without))
    return None


def memory_without_files(group: Group) -> int | None:
    """Return the bytes of memory that another one like it would need: what was read from disk, the kernel gives back where it is wanted."""
    return memory_of(group, ("inactive_file", "active_file"))


def seconds_of(group: Group) -> float | None:
    """Return the seconds of a core that a group has used."""
    micros = fields_of(f"{group.cpu}/cpu.stat").get("usage_usec")
    if micros is not None:
        return micros / 1_000_000
    nanos = number_in(f"{group.cpu}/cpuacct.usage")
    return None if nanos is None else nanos / 1_000_000_000


class Meter:
    """Measures what containers use, from when it is made to when it is read."""

    def __init__(self, containers: Mapping[str, Any]) -> None:
        self._groups = {name: group_of(one["State"].get("Pid", 0)) for name, one in containers.items()}
        self._began, self._before = time.monotonic(), self._used()

    def _used(self) -> dict[str, float]:
        found = {name: seconds_of(group) for name, group in self._groups.items() if group.cpu}
        return {name: used for name, used in found.items() if used is not None}

    def read(self) -> dict[str, Usage]:
        """Return the usage of each container, after a moment if it was asked at once."""
        time.sleep(max(0.0, self._began + APART - time.monotonic()))
        seconds, after = time.monotonic() - self._began, self._used()
        spent = {name: max(0.0, used - self._before[name]) for name, used in after.items() if name in self._before}
        return {
            name: Usage(round(spent[name] / seconds * 100, 1) if name in spent else None, memory_of(group) if group.memory else None)
            for name, group in self._groups.items()
        }
