# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The nginx of a server as it really runs: what it has read, and which files were changed after it read them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._base.command import RunCommand
from .._base.process import read_proc
from .._engine.replaced import replaced
from . import unloaded
from .engine import ask, mounts, name_of, ports
from .unloaded import CONFIGURATION

_SHUTTING_DOWN = "shutting down"


def find(containers: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the container through which visitors come: of those that publish ports, the one that has nginx's files mounted."""
    publishing = [one for one in containers if any(port["port"] in ("80", "443") for port in ports(one))]
    mounted = [one for one in publishing if any(mount["destination"].startswith(CONFIGURATION) for mount in mounts(one))]
    return next(iter([*mounted, *publishing]), None)


def read(run_command: RunCommand, container: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the configuration, whether it comes from a running nginx, its complaint, and the files that are newer than it."""
    if container is None:
        return {"container": "", "configuration": "", "loaded": False, "error": "", "newer": [], "detached": [], "mounted_file": ""}
    identifier = str(container["Id"])
    running = container["State"]["Status"] == "running"
    code, output, error = ask(run_command, "docker", "exec", identifier, "nginx", "-T") if running else (1, "", "")
    loaded = code == 0
    return {
        "container": name_of(container),
        "configuration": output if loaded else unloaded.read(run_command, container),
        "loaded": loaded,
        "error": "" if loaded else _complaint(error) or _complaint(_log(run_command, identifier)),
        "newer": _newer(container) if running else [],
        "detached": [source for source, _inside in replaced(container)],
        "mounted_file": next((source for source, inside in _single_files(container) if inside.endswith(".conf")), ""),
    }


def _log(run_command: RunCommand, identifier: str) -> str:
    """Return the end of a container's log, where one that died says why."""
    _code, output, error = ask(run_command, "docker", "logs", "--tail", "20", identifier)
    return output + error


def _single_files(container: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each file that is mounted by itself: where it lies on the server, and where in the container."""
    for one in mounts(container):
        if one["type"] == "bind" and os.path.isfile(one["source"]):
            yield str(one["source"]), str(one["destination"])


def _complaint(text: str) -> str:
    """Return the last thing that kept nginx from starting."""
    lines = [line.partition("[emerg]")[2].partition(": ")[2].strip() or line for line in text.splitlines() if "[emerg]" in line]
    return lines[-1] if lines else ""


def _files(container: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each mounted file of nginx's configuration: where it lies on the server, and where in the container."""
    for mount in mounts(container):
        source, inside = str(mount["source"]), str(mount["destination"])
        if mount["type"] != "bind" or not inside.startswith(CONFIGURATION):
            continue
        if os.path.isfile(source):
            yield source, inside
        for parent, _directories, names in sorted(os.walk(source)):
            for name in sorted(names):
                path = os.path.join(parent, name)
                if os.path.isfile(path):
                    yield path, os.path.join(inside, os.path.relpath(path, source))


def _newer(container: Mapping[str, Any]) -> list[str]:
    """Return the files that were written after nginx last read them."""
    process = container["State"].get("Pid") or 0
    since = loaded_at(process)
    return [source for source, _inside in _files(container) if since and os.path.getmtime(source) > since + 1]


def loaded_at(master: int) -> float:
    """Return when the master of this number last read its files, as seconds since the epoch; 0 where that cannot be told.

    It starts new workers each time. Those of before may live on until their last connection ends.
    """
    children = read_proc(f"/proc/{master}/task/{master}/children").split()
    workers = [pid for pid in children if _SHUTTING_DOWN not in read_proc(f"/proc/{pid}/cmdline")]
    started = [moment for pid in workers or [str(master)] if (moment := _started(pid))]
    return min(started, default=0.0)


def _started(pid: str) -> float:
    fields = read_proc(f"/proc/{pid}/stat").rpartition(")")[2].split()
    boot = next((line.split()[1] for line in read_proc("/proc/stat").splitlines() if line.startswith("btime")), "")
    return float(boot) + int(fields[19]) / os.sysconf("SC_CLK_TCK") if len(fields) > 19 and boot else 0.0
