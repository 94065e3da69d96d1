# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether there is memory for a rehearsal beside what is live: where it ends, the kernel kills something, and need not choose the copy."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from .._base.process import memory_available
from .._engine.usage import group_of, memory_without_files
from .._postgres.programs import reaching

if TYPE_CHECKING:
    from docker import DockerClient

with suppress(ImportError):  # See _base.libraries.
    import docker.errors

MIB = 1 << 20
# What is live may need so much more meanwhile: it serves visitors, and fills buffers.
SPARE = 256 * MIB
# Of a container that does not run now, so that nobody knows: a small app on its runtime, or a PostgreSQL with its shared buffers.
UNKNOWN = 256 * MIB


def shortage(client: DockerClient, containers: Iterable[str], otherwise: str) -> str:
    """Return why containers are not to be started once more, nothing where there is memory for as much as they use now.

    Otherwise is what turns the rehearsal off.
    """
    wanted = sum(_used(client, name) for name in containers)
    free = memory_available()
    if free >= wanted + SPARE:
        return ""
    return (
        f"expected {(wanted + SPARE) // MIB} MiB of memory available, of which their containers use {wanted // MIB} MiB now, got "
        f"{free // MIB}. Free some, enlarge the server, or set {otherwise}"
    )


def _used(client: DockerClient, name: str) -> int:
    with reaching(f"container {name}"), suppress(docker.errors.NotFound):
        group = group_of(int(client.api.inspect_container(name)["State"].get("Pid") or 0))
        return (memory_without_files(group) if group.memory else None) or UNKNOWN
    return UNKNOWN
