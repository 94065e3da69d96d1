# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Apps that still wait for their first set-up, which whoever comes first may then do; and whether visitors can come."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from . import engine, replay
from .replay import Request

TIMEOUT = 3
LARGEST_ANSWER = 65536
Connect = Callable[[], http.client.HTTPConnection]


def find(
    containers: Iterable[Mapping[str, Any]], proxy: Mapping[str, Any] | None, setups: Iterable[Mapping[str, Any]]
) -> list[dict[str, str]]:
    """Return the containers whose set-up is open, each with an address at which visitors reach it, empty where they do not."""
    places = {engine.name_of(one): address(one) for one in containers}
    return [
        {"container": one["container"], "address": _for_visitors(address(proxy), one)}
        for one in setups
        for place in [places.get(one["container"], "")]
        if place and is_open(partial(http.client.HTTPConnection, place, int(one["port"]), timeout=TIMEOUT), one)
    ]


def address(container: Mapping[str, Any] | None) -> str:
    """Return where a container is reached from this server, empty where it is not."""
    networks = ((container or {}).get("NetworkSettings", {}).get("Networks") or {}).values()
    return next((str(one["IPAddress"]) for one in networks if one.get("IPAddress")), "")


def _for_visitors(proxy: str, setup: Mapping[str, Any]) -> str:
    requests = [Request("GET", scheme, host, str(setup["path"])) for host in setup["hosts"] for scheme in ("https", "http")]
    open_ones = (one.url for one in requests if proxy and is_open(partial(replay.connect, proxy, TIMEOUT, one), setup, one.host))
    return next(open_ones, "")


def is_open(connect: Connect, setup: Mapping[str, Any], host: str = "") -> bool:
    """Ask whether the set-up is open; whoever does not answer like that has none."""
    try:
        connection = connect()
    except OSError:
        return False
    try:
        connection.request("GET", str(setup["path"]), headers={"Host": host} if host else {})
        said = json.loads(connection.getresponse().read(LARGEST_ANSWER))
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()
    return isinstance(said, dict) and bool(said.get(setup["key"]))
