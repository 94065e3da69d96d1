# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is lost when a release takes the place of what runs: one finding for each thing, with its id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .environment import CHANGES
from .finding import UNDECIDED, Finding

WHY = {
    "volume": "mounted today, and by nothing in the release; it stays on the server",
    "mount": "a directory or file of the server that the release does not mount there",
    "entrypoint": "another one than the image's, which the release does not give",
    "command": "another one than the image's, which the release does not give",
    "environment": "not set by the release",
    "network": "joined today, and not by the release",
    "alias": "a name by which others on the network find it, and which the release does not give it",
    "setting": "in its Compose file, and not like that in the release",
}
OTHER_VALUE = "another value in the release; give the one of today in the inventory{}"


def find(facts: Mapping[str, Any]) -> list[Finding]:
    """Return all losses, without those of nginx."""
    lost = [
        finding
        for one in facts["containers"]
        for finding in ([*_definition(one), *_files(one)] if one["wanted"] else _container(one, facts["proxy"]))
    ]
    return list({one.id: one for one in lost}.values())


def _container(one: Mapping[str, Any], proxy: Mapping[str, Any]) -> Iterator[Finding]:
    if one["name"] != proxy["container"]:
        yield Finding(UNDECIDED, "goes on running, but no route leads to it any more", f"container {one['name']}")


def _definition(one: Mapping[str, Any]) -> Iterator[Finding]:
    for line in one["lost"]:
        kind, _blank, what = line.partition(" ")
        key = what.rpartition(" ")[2]
        changes = kind == "environment" and one["environment"].get(key) == CHANGES
        variable = one.get("variables", {}).get(key)
        yield Finding(UNDECIDED, OTHER_VALUE.format(f", as {variable}" if variable else "") if changes else WHY[kind], line)


def _files(one: Mapping[str, Any]) -> Iterator[Finding]:
    for path in lost_files(one):
        yield Finding(UNDECIDED, "written outside of volumes, and gone with its container", f"file {one['name']} {path}")


def lost_files(one: Mapping[str, Any]) -> list[str]:
    """Return what was written outside of volumes and is not mounted in the release."""
    kept = tuple(one["wanted_mounts"])
    return [path for path in one["written"] if not any(path == place or path.startswith(f"{place}/") for place in kept)]
