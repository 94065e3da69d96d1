# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that somebody replaced while a container had them mounted by themselves, as many editors and `mv` do.

A mount is of the file, not of its name: the container goes on with the one of before, until it is started anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

# A container's files as it has them itself.
INSIDE = "/proc/{}/root"


def replaced(inspected: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each such file of a container: where the new one lies on the server, and where the container's own can be read."""
    state = inspected.get("State") or {}
    if state.get("Status") != "running":
        return
    for mount in inspected.get("Mounts") or []:
        source, inside = str(mount.get("Source")), INSIDE.format(state.get("Pid") or 0) + str(mount.get("Destination"))
        if mount.get("Type") == "bind" and os.path.isfile(source) and os.path.isfile(inside) and not os.path.samefile(source, inside):
            yield source, inside
