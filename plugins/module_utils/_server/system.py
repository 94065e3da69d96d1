# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a server is and has: system, resources, addresses, listeners."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import re
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from glob import glob

from .._base.command import RunCommand
from .._base.files import read_if_exists, sha256
from .._base.process import read_proc
from .._certificates.live import LIVE, chain_files

# Debian's names for the machine types of platform.machine(); Docker's apt repository uses the same.
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "armhf"}
LISTEN = "0A"  # state column of /proc/net/tcp, proc(5)


def parse_os_release(text: str) -> dict[str, str]:
    """Return the assignments of an os-release(5) file."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {key: value.strip().strip("\"'") for key, value in pairs}


def operating_system() -> dict[str, str]:
    """Return id, version, codename and Debian architecture of the running system."""
    try:
        with open("/etc/os-release", encoding="utf-8") as stream:
            release = parse_os_release(stream.read())
    except FileNotFoundError:
        release = {}
    machine = platform.machine()
    return {
        "id": release.get("ID", "unknown"),
        "version": release.get("VERSION_ID", ""),
        "codename": release.get("VERSION_CODENAME", ""),
        "architecture": ARCHITECTURES.get(machine, machine),
    }


def memory() -> int:
    """Return the total memory in MiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20


def existing(path: str) -> str:
    """Return a path, or of one that does not exist yet the directory in which it would be made."""
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return path


def disk_free(path: str) -> int:
    """Return the space in MiB free on the file system that holds, or would hold, path."""
    status = os.statvfs(existing(path))
    return status.f_bavail * status.f_frsize // 2**20


def disks_free(paths: Iterable[str]) -> dict[str, int]:
    """Return the space in MiB free for each path, one figure for all that lie on one file system."""
    devices = {path: os.stat(existing(path)).st_dev for path in paths}
    free = {device: disk_free(path) for device, path in {device: path for path, device in devices.items()}.items()}
    return {path: free[device] for path, device in devices.items()}


def addresses(run_command: RunCommand) -> list[str]:
    """Return the server's own IP addresses."""
    code, output, _error = run_command(["ip", "-json", "address"])
    if code != 0:
        return []
    return sorted(item["local"] for link in json.loads(output) for item in link.get("addr_info", []) if "local" in item)


def parse_listeners(table: str) -> dict[int, str]:
    """Return the socket inode of each listening port of a /proc/net/tcp table."""
    found = {}
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == LISTEN:
            found[int(fields[1].rsplit(":", 1)[1], 16)] = fields[9]
    return found


def listeners(ports: Iterable[int]) -> dict[str, str]:
    """Return, for each port in use, the program that listens on it."""
    sockets: dict[int, str] = {}
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        sockets.update(parse_listeners(read_proc(name)))
    wanted = {port: sockets[port] for port in ports if port in sockets}
    if not wanted:
        return {}
    owners = _socket_owners(set(wanted.values()))
    return {str(port): owners.get(inode, "an unknown program") for port, inode in wanted.items()}


def _socket_owners(inodes: set[str]) -> dict[str, str]:
    owners = {}
    for link in glob("/proc/[0-9]*/fd/*"):
        try:
            match = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(link))
            if match and match.group(1) in inodes:
                pid = link.split("/")[2]
                if name := read_proc(f"/proc/{pid}/comm").strip():
                    owners[match.group(1)] = f"{name} (pid {pid})"
        except OSError:  # the process or its descriptor has gone meanwhile
            continue
    return owners


def certificates(directory: str = LIVE) -> list[str]:
    """Return the names of the certificates that nginx would find."""
    return sorted(os.path.basename(os.path.dirname(path)) for path in chain_files(directory))


def resolve(names: list[str]) -> dict[str, list[str]]:
    """Return the addresses each name resolves to; all are looked up at once, since a dead resolver takes seconds."""
    if not names:
        return {}
    with ThreadPoolExecutor(len(names)) as pool:
        return dict(zip(names, pool.map(_addresses_of, names), strict=True))


def _addresses_of(name: str) -> list[str]:
    try:
        return sorted({str(entry[4][0]) for entry in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)})
    except (OSError, UnicodeError):
        return []


def python_libraries(names: list[str]) -> dict[str, bool]:
    """Return which libraries this interpreter can import."""
    return {name: importlib.util.find_spec(name) is not None for name in names}


def hashes(paths: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of each file, empty where there is none."""
    found = {path: read_if_exists(path) for path in paths}
    return {path: "" if content is None else sha256(content) for path, content in found.items()}


def units(run_command: RunCommand, names: list[str]) -> dict[str, dict[str, str]]:
    """Return the state of systemd units."""
    properties = {"LoadState": "load", "UnitFileState": "enabled", "ActiveState": "active"}
    found = {}
    for name in names:
        code, output, _error = run_command(["systemctl", "show", "--property=" + ",".join(properties), name])
        said = dict(line.split("=", 1) for line in output.splitlines() if "=" in line) if code == 0 else {}
        found[name] = {ours: said.get(theirs, "") for theirs, ours in properties.items()}
    return found
