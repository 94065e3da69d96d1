# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which process and which boot this is, from /proc: numbers of processes are used again, numbers and start times together are not."""

from __future__ import annotations

import os
from dataclasses import dataclass

from .files import read_if_exists


def read_proc(path: str) -> str:
    """Return what a file of /proc says, an empty text for a process that has ended, also between open and read.

    Whatever is read below /proc is read here: processes end when they like, and none of ours may fail over it.
    """
    try:
        return (read_if_exists(path) or b"").decode(errors="replace")
    except ProcessLookupError:
        return ""


def children(pid: int) -> set[str]:
    """Return the process ids of a process's children, proc(5)."""
    return set(_children_of_task(pid, str(pid)))


@dataclass(frozen=True)
class Work:
    """What processes have done since they were started: seconds of a core, and bytes to and from disks."""

    cpu: float = 0.0
    bytes: int = 0


def work_of(pid: int) -> Work | None:
    """Return the work of a process and all below it, also of those it has waited for; None where that cannot be read."""
    cpu, data, found = 0.0, 0, [pid]
    try:
        while found:
            one = found.pop()
            fields = read_proc(f"/proc/{one}/stat").rpartition(") ")[2].split()
            if fields:
                cpu += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
                data += _disk_bytes(one)
                found += [int(child) for task in os.listdir(f"/proc/{one}/task") for child in _children_of_task(one, task)]
            elif one == pid:
                return None
    except OSError:
        return None
    return Work(cpu, data)


def _children_of_task(pid: int, task: str) -> list[str]:
    return read_proc(f"/proc/{pid}/task/{task}/children").split()


def _disk_bytes(pid: int) -> int:
    lines = (line.partition(": ") for line in read_proc(f"/proc/{pid}/io").splitlines())
    return sum(int(value) for name, _colon, value in lines if name in ("read_bytes", "write_bytes"))


def start_of(pid: int) -> int:
    """Return when a process was started, in ticks since the boot; 0 for one that has ended, also if nobody has reaped it."""
    # The second field, the name in parentheses, may hold blanks and parentheses itself: state is the first after the last one.
    fields = read_proc(f"/proc/{pid}/stat").rpartition(") ")[2].split()
    return int(fields[19]) if fields and fields[0] not in "ZX" else 0


def command_of(pid: int) -> list[str]:
    """Return a process's command line; nothing of one that has ended."""
    return read_proc(f"/proc/{pid}/cmdline").split("\0")[:-1]


def name_of(pid: int) -> str:
    """Return a process's name; nothing of one that has ended."""
    return read_proc(f"/proc/{pid}/comm").strip()


def alive(pid: int, start: int) -> bool:
    """Return whether a process lives, and is not another one with its number. Start is 0 where there is no /proc, as on a Mac."""
    if start or pid <= 0:
        return pid > 0 and start_of(pid) == start
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def memory_available() -> int:
    """Return the bytes of memory that programs can still have."""
    fields = dict(line.split(":", 1) for line in read_proc("/proc/meminfo").splitlines() if ":" in line)
    return int(fields.get("MemAvailable", "0 kB").split()[0]) << 10


def uptime() -> float:
    """Return the seconds since the boot."""
    return float(read_proc("/proc/uptime").split()[0])


def boot() -> str:
    """Return what differs between two boots. Container servers share the host's boot_id, but not the start of their first process."""
    return f"{read_proc('/proc/sys/kernel/random/boot_id').strip()} {start_of(1)}"
