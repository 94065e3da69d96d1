# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many connections a container serves, from the kernel's tables of its network, proc_net(5)."""

from __future__ import annotations

from collections.abc import Iterator

from .._base.process import read_proc

ESTABLISHED, LISTENS = "01", "0A"
# Addresses of a container's own probes: 127.0.0.1, ::1 and ::ffff:127.0.0.1, as the kernel prints them.
ITSELF = ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F")


def served(pid: int) -> int:
    """Return how many connections from elsewhere reach what listens in the network of a process; 0 once that has ended."""
    rows = [*rows_of(pid, "tcp"), *rows_of(pid, "tcp6")]
    ports = {port_of(local) for local, _remote, state in rows if state == LISTENS}
    return sum(state == ESTABLISHED and port_of(local) in ports and remote.partition(":")[0] not in ITSELF for local, remote, state in rows)


def rows_of(pid: int, table: str) -> Iterator[tuple[str, str, str]]:
    """Yield local address, remote address and state of each connection."""
    for line in read_proc(f"/proc/{pid}/net/{table}").splitlines()[1:]:
        _number, local, remote, state = line.split()[:4]
        yield local, remote, state


def port_of(address: str) -> str:
    return address.partition(":")[2]
