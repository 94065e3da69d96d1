# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The release of an inventory as Compose understands it, read from its files before any of them is live."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._base.command import RunCommand
from .._base.errors import PlatformError
from .._engine.compose import ComposeError, Definition
from .._release import description
from .._release.composed import Composed
from .._release.live import stated
from .._tree.desired import File
from .._tree.validate import Validators
from .engine import ask
from .environment import resolved

# What stands in a release for the image that a deploy would build; Compose refuses a service without one.
UNBUILT = "not-built-yet"


class NoCompose(PlatformError):
    """There are containers, and nothing on the server reads Compose files."""


@dataclass(frozen=True)
class Release:
    """The containers by name, and which of them are the proxy's."""

    composed: Composed
    project: str
    proxy: frozenset[str]

    @property
    def containers(self) -> Collection[str]:
        return self.composed.services.keys()

    def image(self, name: str) -> str:
        """Return the image of a container, empty where it has yet to be built; where none is named, Compose builds one of that name."""
        key, service = self.composed.services[name]
        return str(service.get("image") or f"{self.project}-{key}").removeprefix(UNBUILT)

    def mounts(self, name: str) -> dict[str, str]:
        """Return where something is mounted in a container, and what: the name of the volume, or the directory."""
        _key, service = self.composed.services[name]
        listed = [(str(one["target"]), str(one.get("source") or "")) for one in service.get("volumes") or []]
        return {place: self.composed.volumes.get(source, source) for place, source in listed}

    def environment(self, name: str) -> dict[str, str]:
        _key, service = self.composed.services[name]
        return {key: str(value or "") for key, value in (service.get("environment") or {}).items()}

    def with_secrets(self, secrets: Mapping[str, str]) -> Release:
        """Return the release with values in the place of references in environments, as far as they are known."""
        services = {
            name: (key, {**service, "environment": resolved(self.environment(name), secrets)})
            for name, (key, service) in self.composed.services.items()
        }
        return replace(self, composed=replace(self.composed, services=services))


def read(
    run_command: RunCommand, files: Iterable[File], path: str, project: str, proxy: Iterable[str], scratch: Callable[[], str], bare: bool
) -> Release:
    """Return the release that these files make, which are laid out in a directory of their own. A bare server may lack Compose."""
    document: dict[str, Any] = {"services": {}}
    release = description.Release()

    def look(tree: str) -> None:
        nonlocal release
        release = stated(tree)
        found = json.dumps(Definition(run_command, tree, project).document())
        document.update(json.loads(found.replace(tree, path)))

    try:
        Validators(run_command, path, [], {}).validate_copy(files, scratch, look)
    except ComposeError:
        code, _output, _error = ask(run_command, "docker", "compose", "version")
        if code == 0:
            raise
        if not bare:
            raise NoCompose(
                "Docker Compose 2: expected it on the server, since what runs is compared with the release by it, got none. Install it "
                "(apt-get install docker-compose-v2, or docker-compose-plugin from Docker's own repository), which touches no container."
            ) from None
    return Release(Composed.of(document, project, release), project, frozenset(proxy))
