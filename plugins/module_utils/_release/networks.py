# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The networks of containers that were made by hand, beside those that their services in a release have.

All of them are on one network. So one that is carried over goes on finding the others there, also those that a release has on a network of
their app alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from .description import Release
from .drift import names_in

Services = Mapping[str, Mapping[str, Any]]


def as_by_hand(services: Services, networks: Mapping[str, Any], release: Release) -> dict[str, dict[str, Any]]:
    """Return services as containers made by hand are compared with them: on the network of all, and on none of their app alone."""
    own, shared = release.own_networks, key_of(release.network, networks)
    found = {}
    for key, service in services.items():
        wanted: Mapping[str, Any] = service.get("networks") or {}
        kept = {one: settings for one, settings in wanted.items() if one not in own}
        found[key] = {**service, "networks": kept or {shared: None}} if own & wanted.keys() else dict(service)
    return found


def key_of(name: str, networks: Mapping[str, Any]) -> str:
    """Return the key of a network in a document of Compose, by the name that the engine knows."""
    return next((key for key, one in networks.items() if (one or {}).get("name") == name), name)


def expected(services: Services, networks: Mapping[str, Any], release: Release, carried: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return services with the networks that their containers have to be on as things are; of those in carried one goes on as made by hand.

    That joins a network of its app as soon as another container is on that and nowhere else, since it no longer finds it elsewhere.
    """
    own = release.own_networks
    by_hand = as_by_hand({key: services[key] for key in carried}, networks, release)
    others = [set(one.get("networks") or {}) for key, one in services.items() if key not in carried]
    joined = {network for one in others if one <= own for network in one}
    found = {}
    for key, service in services.items():
        more = {one: settings for one, settings in (service.get("networks") or {}).items() if one in joined}
        found[key] = {**by_hand[key], "networks": {**by_hand[key].get("networks", {}), **more}} if key in carried else dict(service)
    return found


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
