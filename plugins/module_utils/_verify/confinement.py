# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether containers run with no more privileges than their Compose file gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._base.sentence import say
from .finding import Finding, failed, passed
from .observed import Observed

DEPLOY = "ansible-playbook deploy.yml"
LIMIT = "pids_limit "


def check(server: Observed) -> Iterator[Finding]:
    """Yield how each container is confined of which the release says so."""
    carried = server.compose.carried().values()
    services = {one["container_name"]: one for one in server.compose.services()}
    for name in server.wanted:
        wanted = wanted_of(services.get(name, {}))
        if not wanted or name not in server.containers:
            continue
        lacking = sorted(wanted - given_to(server.containers[name]["HostConfig"]))
        if not lacking:
            yield passed("security", name, say("is confined as its Compose file says"))
        elif name in carried:
            yield passed("security", name, say("runs as it was made by hand, and is confined from its own next release on"))
        else:
            text = say("expected it confined as its Compose file says, got it without {lacking}", lacking=", ".join(lacking))
            # An engine changes that one alone while a container runs, which no deploy sees.
            only = [one.removeprefix(LIMIT) for one in lacking if one.startswith(LIMIT)] if len(lacking) == 1 else []
            command = f"docker update --pids-limit {only[0]} {name}" if only else DEPLOY
            yield failed("security", name, text, say("Have it confined again: {command}", command=command))


def wanted_of(service: Mapping[str, Any]) -> set[str]:
    """Return what of a service confines it, a text each."""
    return described(service.get("security_opt"), service.get("cap_drop"), service.get("pids_limit"))


def given_to(settings: Mapping[str, Any]) -> set[str]:
    """Return the same of a container, from its settings in the engine; newer ones write out the beginning that all capabilities have."""
    dropped = [one.removeprefix("CAP_") for one in settings.get("CapDrop") or []]
    return described(settings.get("SecurityOpt"), dropped, settings.get("PidsLimit"))


def described(options: Any, dropped: Any, processes: Any) -> set[str]:
    limit = [f"{LIMIT}{processes}"] if (processes or 0) > 0 else []
    return {*(options or []), *(f"cap_drop {one}" for one in dropped or []), *limit}
