# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Containers of other people that bear a name of ours, or answer to one on our network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def owner(container: Mapping[str, Any]) -> str:
    return f"Compose project {container['project']}" if container["project"] else "no Compose project"


def names(containers: Iterable[Mapping[str, Any]], wanted: Iterable[str], project: str) -> list[str]:
    """No container of another project, or of none, has the name of one of ours: an engine has each name once."""
    ours = set(wanted)
    return [
        f"Container {one['name']}: expected this name free or in Compose project {project}, got a container of {owner(one)}. Give it "
        f"another name (`docker rename {one['name']} other_{one['name']}`) or remove it"
        + (", or set stack_project to its project." if one["project"] else ".")
        for one in containers
        if one["name"] in ours and one["project"] != project
    ]


def aliases(
    containers: Sequence[Mapping[str, Any]], wanted: Iterable[str], databases: Iterable[str], project: str, network: str
) -> list[str]:
    """No other container answers to a name by which ours ask one another: Docker's DNS would lead them to either, in turns.

    These are the names of our containers, and the services of our databases, which connection strings name.
    """
    hosts = set(databases)
    asked = set(wanted) | {one["service"] for one in containers if one["project"] == project and one["name"] in hosts}
    problems = []
    for one in containers:
        met = sorted(asked & set(one["aliases"].get(network, [])) - {one["name"]})
        if met and one["project"] != project and one["status"] in ("running", "restarting", "paused"):
            problems.append(
                f"Container {one['name']} of {owner(one)}: expected no other container to answer to {', '.join(met)} on the network "
                f"{network}, got this one, which would get about half of what is meant for ours. Take it off the network (`docker network "
                f"disconnect {network} {one['name']}`), or give its service another name."
            )
    return problems
