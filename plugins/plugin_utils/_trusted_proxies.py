# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of the networks whose word about a visitor's address counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_network


def problems(networks: Iterable[object]) -> Iterator[str]:
    """Yield one sentence for each that is no network, or everybody's."""
    for given in networks:
        try:
            network = ip_network(str(given))
        except ValueError as error:
            yield (
                f"proxy_trusted_proxies: expected addresses and networks such as 192.0.2.7 or 10.0.0.0/8, got {given!r} ({error}). "
                "Correct it; an address alone needs no /."
            )
            continue
        if network.prefixlen == 0:
            yield (
                f"proxy_trusted_proxies: expected the networks of your own balancer, got {given}, which is everybody: any visitor could "
                "choose the address he is known by. Name the balancer's networks."
            )
