# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which ports are open to the world: what the engine publishes, and what packet filters hand on past it.

A firewall such as ufw closes neither.
"""

from __future__ import annotations

import ipaddress
import re
import subprocess
from collections.abc import Iterator
from typing import Any

from .._base.command import execute
from .._base.sentence import say
from .._engine.containers import PROJECT_LABEL
from .._server.system import listeners
from .finding import Finding, failed, passed, warning
from .observed import Observed, names_of

# The engine's own, over which anybody becomes root.
ENGINE = (2375, 2376)
FORWARDED = re.compile(r"-A (\S+) .*-p (\w+) .*--dport (\d+) .*--to-destination (\S+)")


def check(server: Observed) -> Iterator[Finding]:
    """Yield what is published beside the proxy's ports."""
    known: set[int] = set()
    for one in server.listed:
        ours = (one.get("Labels") or {}).get(PROJECT_LABEL) == server.settings.project
        found = published(one)
        known |= {port for port, _address in found}
        for port in sorted({port for port, address in found if is_public(address)}):
            yield from of_container(server, names_of(one), port, ours)
    for port, target in forwarded():
        if port not in known:
            text = say("expected it closed, got it handed on to {target} by a packet filter's rule", target=target)
            yield failed("ports", str(port), text, f"iptables-save -t nat | grep -- '--dport {port} '")
    for engine, program in listeners(ENGINE).items():
        text = say("expected the engine to be reached through its socket alone, got {program} on this port", program=program)
        yield failed("ports", engine, text, "systemctl cat docker")


def of_container(server: Observed, name: str, port: int, ours: bool) -> Iterator[Finding]:
    """Yield what one published port means."""
    if name in server.release.proxy.containers:
        yield passed("ports", str(port), say("published by the proxy"))
    elif ours:
        text = say("expected only the proxy to publish ports, got {container} published to the world", container=name)
        yield failed("ports", str(port), text, say("Make it as it was deployed: {command}", command="ansible-playbook deploy.yml"))
    else:
        text = say("published to the world by {container}, which is not ours", container=name)
        yield warning("ports", str(port), text, say("Publish it at 127.0.0.1 alone, unless strangers are to use it."))


def published(listed: dict[str, Any]) -> set[tuple[int, str]]:
    """Return the ports that a container publishes, with the addresses."""
    return {(int(one["PublicPort"]), str(one.get("IP", ""))) for one in listed.get("Ports") or [] if one.get("PublicPort")}


def is_public(address: str) -> bool:
    try:
        return not ipaddress.ip_address(address).is_loopback
    except ValueError:
        return True


def forwarded() -> Iterator[tuple[int, str]]:
    """Yield the ports that rules of the packet filter hand on, whoever made them."""
    for program in ("iptables", "ip6tables"):
        try:
            _code, output, _errors = execute([program, "-w", "1", "-t", "nat", "-S"], seconds=5)
        except (OSError, subprocess.TimeoutExpired):
            continue
        for line in output.splitlines():
            match = FORWARDED.match(line)
            if match and " -d 127." not in line:
                yield int(match[3]), match[4]
