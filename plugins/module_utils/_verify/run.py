# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One verification: every check at once, each by itself, so that one that fails hides no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from .._base.errors import describe
from .._base.sentence import say
from .._base.state import StateError
from .._engine.client import DockerUnavailable
from .._logs.masking import masked
from . import (
    backups,
    certificates,
    confinement,
    containers,
    continuous,
    databases,
    endpoints,
    files,
    images,
    logs,
    machine,
    network,
    notifications,
    offsite,
    ports,
    security,
    volumes,
)
from .finding import AREAS, Finding, failed
from .observed import Observed, observe
from .settings import Settings

Check = Callable[[Observed], Iterable[Finding]]
# By their areas; whoever knows of another thing to look at adds it here.
CHECKS: dict[str, Check] = {
    "containers": containers.check,
    "health": containers.check_health,
    "endpoints": endpoints.check,
    "databases": databases.check,
    "network": network.check,
    "logs": logs.check,
    "ports": ports.check,
    "certificates": certificates.check,
    "volumes": volumes.check,
    "images": images.check,
    "files": files.check,
    "server": machine.check,
    "backups": backups.check,
    "off-site": lambda server: [*offsite.check(server), *continuous.check(server)],
    "security": lambda server: [*security.check(server), *confinement.check(server)],
    "notifications": notifications.check,
}


def run(settings: Settings) -> list[Finding]:
    """Return everything that was found, area by area. Nothing is raised: what cannot be looked at is a finding."""
    try:
        server = observe(settings)
    except DockerUnavailable as error:
        text = say("Docker does not answer: {error}", error=str(error))
        return [failed("server", "Docker", text, "systemctl status docker")]
    except StateError as error:
        return [failed("files", settings.path, say("{error}", error=str(error)), say("Correct what the message names, then verify again."))]
    except Exception as error:  # Such as an engine that is too busy to answer in time.
        return [unseen("server", error)]
    if not server.release.apps:
        text = say("expected a release that says what it consists of, got none in {path}", path=settings.path)
        return [failed("files", settings.path, text, say("Deploy first: {command}", command="ansible-playbook deploy.yml"))]
    with ThreadPoolExecutor(len(CHECKS)) as pool:
        found = [one for part in pool.map(lambda area: looked(area, CHECKS[area], server), CHECKS) for one in part]
    return sorted(found, key=lambda one: AREAS.index(one.area))


def unseen(area: str, error: Exception) -> Finding:
    """Return that something could not be looked at."""
    text = say("could not be looked at: {error}", error=describe(error))
    return failed(area, "verify", text, say("Correct what the message names, then verify again."))


def looked(area: str, check: Check, server: Observed) -> list[Finding]:
    """Return what a check finds; that it could not be made, or not to its end, is a finding as well."""
    found: list[Finding] = []
    try:
        found.extend(check(server))
    except Exception as error:  # A fault of ours too: the other checks are worth having all the more.
        found.append(unseen(area, error))
    # What programs say of themselves may hold a secret, and goes to pages and messages that others read.
    return [replace(one, text=one.text.without(lambda text: masked(text, server.secrets))) for one in found]
