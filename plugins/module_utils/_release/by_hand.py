# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A release that no deploy made: what of it ran, and its nginx, which is mounted and networked as its own Compose file says.

Nothing of ours describes it. Whoever goes back to it must find it as it was, not measured by what the deploy after it consists of.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._base import secret_store
from .._base.command import RunCommand
from .._engine.compose import COMPOSE_FILE, ComposeError, Project
from .._tree.desired import TreeError

if TYPE_CHECKING:
    from docker import DockerClient

NGINX = "nginx"
CONFIGURATION = "/etc/"


@dataclass(frozen=True)
class ByHand:
    """What validates the tree of such a release: Compose, and each nginx of it in its own image, mounts and network."""

    client: DockerClient
    run_command: RunCommand
    root: str
    project: str
    # Container: the id of the image it ran, where that is known.
    images: Mapping[str, str]
    hidden: dict[str, str]

    def validate(self, tree: str) -> None:
        """Refuse a staged tree that Compose or its nginx does not accept."""
        try:
            config = self._project(tree).document()
        except ComposeError as error:
            raise self._refused("Docker Compose accepts the project", str(error)) from None
        for name, service in sorted(config["services"].items()):
            if is_nginx(service):
                self._validate_nginx(name, service, config, tree)

    def _project(self, tree: str) -> Project:
        # From the live directory, as it will be read, since only a part of what it refers to is in the staged tree.
        environment = os.path.join(tree, ".env")
        file = os.path.join(tree, COMPOSE_FILE)
        return Project(self.client, self.run_command, self.root, self.project, file, environment if os.path.isfile(environment) else "")

    def _validate_nginx(self, name: str, service: Mapping[str, Any], config: Mapping[str, Any], tree: str) -> None:
        container = service.get("container_name") or f"{self.project}-{name}-1"
        image = self.images.get(container) or service.get("image") or f"{self.project}-{name}"
        volumes = {str(one.name) for one in self.client.volumes.list()}
        networks = {str(one.name) for one in self.client.networks.list()}
        mounts, missing = mounts_of(service, config, self.root, tree, volumes)
        if missing:
            raise self._refused(
                f"nginx of the service {name}", f"it mounts {', '.join(missing)}, which is not there. Put it back from where it was taken"
            )
        argv = [
            "docker",
            "run",
            "--rm",
            f"--network={network_of(service, config, networks)}",
            *known_hosts(config),
            *mounts,
            "--entrypoint=nginx",
            image,
            "-t",
            "-q",
            *own_arguments(service),
        ]
        code, output, errors = self.run_command(argv, errors="replace", expand_user_and_vars=False, handle_exceptions=False)
        if code != 0:
            raise self._refused(f"nginx of the service {name} accepts its configuration, as {COMPOSE_FILE} mounts it", errors or output)

    def _refused(self, validator: str, words: str) -> TreeError:
        words = secret_store.mask(words.strip(), self.hidden)
        return TreeError(
            f"The release made by hand was refused for {self.root}. Validator: {validator}. Got: {words or 'no output'}. The live tree was "
            "not touched.",
            validator=validator,
            stderr=words,
        )


def is_nginx(service: Mapping[str, Any]) -> bool:
    """Say whether a service is an nginx in front of others: one that publishes ports and is called so, or is configured as one."""
    image = posixpath.basename(str(service.get("image") or "")).partition(":")[0]
    targets = [str(one.get("target", "")) for one in service.get("volumes") or []]
    return bool(service.get("ports")) and (image.startswith(NGINX) or any(target.startswith("/etc/nginx") for target in targets))


def mounts_of(
    service: Mapping[str, Any], config: Mapping[str, Any], root: str, tree: str, volumes: set[str]
) -> tuple[list[str], list[str]]:
    """Return the options that mount what a service mounts, from the staged tree where that has it, and what is missing."""
    options, missing = [], []
    for one in service.get("volumes") or []:
        source, target = str(one.get("source", "")), str(one["target"])
        mode = ":ro" if one.get("read_only") else ""
        if one["type"] == "volume":
            name = (config.get("volumes", {}).get(source) or {}).get("name") or source
            options += [f"--volume={name}:{target}{mode}"] if name in volumes else []
        elif one["type"] == "bind":
            place = staged(source, root, tree)
            if os.path.exists(place):
                options.append(f"--volume={place}:{target}{mode}")
            elif target.startswith(CONFIGURATION):
                missing.append(source)  # Docker would make an empty directory of it.
    return options, missing


def staged(source: str, root: str, tree: str) -> str:
    """Return where what is to be mounted from below root lies before it is promoted."""
    path = os.path.relpath(source, root)
    candidate = os.path.join(tree, path)
    return candidate if not path.startswith("..") and os.path.lexists(candidate) else source


def network_of(service: Mapping[str, Any], config: Mapping[str, Any], networks: set[str]) -> str:
    """Return the network of a service; none where it has yet to be made again."""
    mode = str(service.get("network_mode") or "")
    if mode == "host":
        return mode
    names = [(config.get("networks", {}).get(key) or {}).get("name") or key for key in service.get("networks") or {}]
    return next((name for name in names if name in networks), "none")


def known_hosts(config: Mapping[str, Any]) -> list[str]:
    """Return options with an address for each name of the project: nginx looks up what is written into its configuration, and what
    the release consists of does not run yet."""
    names: set[str] = set()
    for name, service in config["services"].items():
        names |= {name, str(service.get("container_name") or name), str(service.get("hostname") or name)}
        for network in (service.get("networks") or {}).values():
            names |= set((network or {}).get("aliases") or [])
    return [f"--add-host={name}:127.0.0.1" for name in sorted(names)]


def own_arguments(service: Mapping[str, Any]) -> list[str]:
    """Return the configuration that a service names for its nginx, where it is another one than the usual."""
    command = [str(part) for part in [*(service.get("entrypoint") or []), *(service.get("command") or [])]]
    if not command or posixpath.basename(command[0]) != NGINX or "-c" not in command[:-1]:
        return []
    return ["-c", command[command.index("-c") + 1]]
