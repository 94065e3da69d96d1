# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Networks that a container made by hand is on, and names that it has there, which its service in a release does not give it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .drift import names_in


def networks(
    name: str, inspected: Mapping[str, Any], key: str, service: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    """Yield a line for each. A container that is on none of the release's networks moves as a whole, which is said in its own words."""
    wanted = {str((known.get(one) or {}).get("name") or one): settings or {} for one, settings in (service.get("networks") or {}).items()}
    attached: Mapping[str, Mapping[str, Any]] = inspected["NetworkSettings"].get("Networks") or {}
    if not wanted.keys() & attached.keys():
        return
    for network, settings in sorted(attached.items()):
        if network not in wanted:
            yield f"network {name} {network}"
            continue
        # Its own name and the beginning of its id go with it; that it is called otherwise is a reason to replace it, and said.
        own = {str(inspected["Name"]).lstrip("/"), str(inspected["Id"])[:12]}
        given = {name, key, *own, *(wanted[network].get("aliases") or [])}
        yield from (f"alias {name} {alias}" for alias in sorted(names_in(settings) - given))
