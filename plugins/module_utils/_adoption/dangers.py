# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is dangerous on a server as it is, and what is broken there today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .finding import BROKEN, DANGEROUS, Finding
from .losses import lost_files

WARN_DAYS = 21
# Restarts after which a container that runs at the moment is one that crashes.
RESTARTS = 3


def dangers(facts: Mapping[str, Any]) -> list[Finding]:
    """Return what is dangerous."""
    found = [
        *(text for one in facts["containers"] for text in _of_container(one, facts["proxy"]["container"])),
        *(text for one in facts["certificates"] for text in _of_certificate(one)),
        *(_of_setup(one) for one in facts["setups"]),
        *(f"{line}: removes what nothing runs, the images of backups too." for line in facts["scheduled"] if "prune" in line),
    ]
    return [Finding(DANGEROUS, text) for text in found]


def _of_container(one: Mapping[str, Any], proxy: str) -> Iterator[str]:
    for port in one["ports"]:
        if one["name"] != proxy and not port["address"].startswith("127.") and port["address"] != "::1":
            yield f"Port {port['port']} of {one['name']} is open to everyone; the release publishes those of the proxy alone."
    for key in one["published"]:
        yield (
            f"{key} of {one['name']} holds what was printed in the public deployment guide: everybody knows it. The adopting deploy says "
            "how to rotate it."
        )
    if files := lost_files(one):
        yield f"{one['name']} has written outside of volumes: the next image loses {', '.join(files)}."


def _of_setup(one: Mapping[str, Any]) -> str:
    if one["address"]:
        return f"{one['container']}: its first set-up is open to everyone, as {one['address']} says, so that whoever comes first may do it."
    return f"{one['container']}: its first set-up is open, though the proxy does not lead there: only whoever is on its network may do it."


def _of_certificate(one: Mapping[str, Any]) -> Iterator[str]:
    if one["days_left"] is not None and 0 <= one["days_left"] < WARN_DAYS:
        yield f"Certificate {one['name']} ends in {one['days_left']} days, on {one['expires']}."
    if one["own"]:
        yield f"Certificate {one['name']} is signed by itself: no browser trusts it."
    if not one["renewed_by"]:
        ends = f"it ends on {one['expires']}" if one["expires"] else "when it ends is unknown"
        yield f"Certificate {one['name']} is renewed by nobody (no timer, no line of cron, no container); {ends}."
    if one["obstacle"]:
        yield f"Certificate {one['name']}: its renewal fails behind the proxy, {one['obstacle']}."


def breakages(facts: Mapping[str, Any]) -> list[Finding]:
    """Return what is broken."""
    found = [
        *(text for one in facts["containers"] for text in _broken(one, facts["proxy"])),
        *_of_proxy(facts["proxy"]),
        *(f"Certificate {one['name']} has ended on {one['expires']}." for one in facts["certificates"] if (one["days_left"] or 0) < 0),
        *(f"Certificate {one['name']} cannot be read: {one['error']}" for one in facts["certificates"] if one["error"]),
        *(text for place in facts["directories"] for text in _of_directory(place, facts)),
        *(f"{path} was changed after the containers were made: they run what it said before." for path in facts["changed_files"]),
        *_unused(facts),
    ]
    return [Finding(BROKEN, text) for text in found]


def _broken(one: Mapping[str, Any], proxy: Mapping[str, Any]) -> Iterator[str]:
    name, status = one["name"], one["status"]
    why = f": {proxy['error']}" if name == proxy["container"] and proxy["error"] else ""
    if status == "restarting":
        yield f"{name} crashes again and again: {one['restarts']} restarts, exit code {one['exit_code']}{why}."
    elif status != "running":
        yield f"{name} does not run: {status}, exit code {one['exit_code']}{why}."
    elif one["health"] == "unhealthy":
        yield f"{name} is unhealthy by its own check."
    elif one["restarts"] >= RESTARTS:
        yield f"{name} runs, after {one['restarts']} restarts."


def _of_proxy(proxy: Mapping[str, Any]) -> Iterator[str]:
    if not proxy["container"]:
        yield "No container publishes the ports 80 and 443: nothing is served."
    elif proxy["error"] and proxy["configuration"]:
        yield f"nginx does not accept its files, and would not start again: {proxy['error']}."
    for path in proxy["detached"]:
        yield (
            f"{path} was replaced while it was mounted: nginx has the file of before until its container is started anew. The routes in "
            "this report are those of the file of before, which is served, and not those of the one on disk. A deploy seals both, and "
            "the way back puts the one on disk in place."
        )
    for path in proxy["newer"]:
        if path not in proxy["detached"]:
            yield (
                f"{path} was changed after nginx last read it: what is served is what it said before. The routes in this report are "
                "those it has now; a comparison asks nginx, and so shows where they differ."
            )


def _of_directory(place: Mapping[str, Any], facts: Mapping[str, Any]) -> Iterator[str]:
    for path in place["new"]:
        yield f"{path} waits to be put in place: a change was begun and not ended."
    if place["error"]:
        yield f"Docker Compose does not accept {place['path']}/docker-compose.yml: {place['error']}"
        return
    for one in facts["containers"]:
        if one["service"] and one["service"] not in place["services"]:
            yield f"{one['name']} is an orphan: {place['path']}/docker-compose.yml has no service {one['service']} any more."
    for backup in place["backups"]:
        if backup["damage"]:
            yield f"Backup {backup['id']} is damaged: {backup['damage']}."


def _unused(facts: Mapping[str, Any]) -> Iterator[str]:
    mounted = {mount["source"] for one in facts["containers"] for mount in one["mounts"]}
    for name in facts["volumes"]:
        if name not in mounted:
            yield f"Volume {name} is mounted by no container; it stays as it is."
