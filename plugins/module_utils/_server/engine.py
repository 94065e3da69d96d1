# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The state of Docker on a server, read through its command line alone.

The rest of the collection uses the Docker SDK for Python. This cannot: it runs before the SDK has been installed.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from glob import glob
from typing import Any

from .._base.command import RunCommand
from .._base.files import read_if_exists
from .._engine import dockerd
from .._engine.containers import OWNER_LABEL, PROJECT_LABEL, SOURCE_LABEL
from .._engine.image_name import image_name

DAEMON_CONFIG = "/etc/docker/daemon.json"
# Where the engine keeps all, unless its configuration says otherwise.
ROOT = "/var/lib/docker"
VOLUMES = f"{ROOT}/volumes/*/_data"
# The file beside daemon.json that holds what it was, while a change of it is not proven yet; see the module engine_config.
BEFORE_ENDING = ".before-deploy"
IMAGE = "[{{json .Id}},{{json .RepoTags}},{{json .RepoDigests}},{{json .Config.Labels}},{{json .Size}}]"
PACKAGES = ["docker-ce", "docker.io"]
# Where packages of the distribution put libraries of Python.
PACKAGED_LIBRARIES = "/usr/lib/python3/"
# Packages that come with one and do not have its name.
BESIDE = ("containerd.io", "iptables")
# States of a node in which the engine refuses live-restore.
SWARM_ACTIVE = ("pending", "active", "error", "locked")
# Podman under the name of docker: it takes some of the commands and none of the rest.
STAND_IN = "podman-docker"


def daemon_config() -> str:
    """Return the daemon's configuration file as it is, empty when there is none."""
    return (read_if_exists(DAEMON_CONFIG) or b"").decode("utf-8", "replace")


def daemon_config_pending() -> bool:
    """Say whether a change of the daemon's configuration was cut off before the engine was seen to run with it."""
    return os.path.exists(os.path.realpath(DAEMON_CONFIG) + BEFORE_ENDING)


def library(engine_answers: bool) -> dict[str, str]:
    """Return version and place of the Python library docker, and why it cannot ask the engine.

    pip puts libraries before those of packages, and they may not fit one another. Packages do, and are not tried: it takes time.
    """
    found = importlib.util.find_spec("docker")
    if found is None or not found.submodule_search_locations:
        return {"version": "", "path": "", "error": ""}
    path = found.submodule_search_locations[0]
    tried = engine_answers and not path.startswith(PACKAGED_LIBRARIES)
    return {"version": importlib.metadata.version("docker"), "path": path, "error": _library_error() if tried else ""}


def _library_error() -> str:
    try:
        import docker

        docker.from_env(version="auto", timeout=10).ping()
    except Exception as error:  # Two libraries that do not fit one another raise what they like.
        return f"{type(error).__name__}: {error}"
    return ""


def plain_version(text: str) -> str:
    """Return the dotted number in a version as Docker's parts and their Debian packages print it."""
    match = re.search(r"\d+(\.\d+)+", text)
    return match.group(0) if match else ""


def published_ports(containers: list[dict[str, str]], ports: Iterable[int]) -> dict[str, dict[str, str]]:
    """Return which container of ``docker ps`` publishes each port."""
    found = {}
    for container in containers:
        for port in ports:
            if re.search(rf":{port}->", container["Ports"]):
                found[str(port)] = {"container": container["Names"], "project": container["Project"]}
    return found


def bound_ports(inspected: dict[str, Any]) -> str:
    """Return the ports a container is made to publish, as ``docker ps`` shows them of one that runs."""
    bindings = inspected["HostConfig"].get("PortBindings") or {}
    return ", ".join(f"{one['HostIp']}:{one['HostPort']}->{inner}" for inner, some in bindings.items() for one in some or [])


def lost_names(containers: Iterable[Mapping[str, Any]], names: Container[str]) -> dict[str, str]:
    """Return the names by which containers asked for their image and which stand for nothing now, with the id of that image.

    A name by digest comes from a registry alone: one that is gone is pulled, like an image that is missing.
    """
    asked_for = {one["asked_for"]: one["image"] for one in containers}
    return {
        name: image
        for name, image in asked_for.items()
        if "@" not in name and not name.startswith("sha256:") and image_name(name) not in names
    }


@dataclass(frozen=True)
class Image:
    """An image and everything that stands for it."""

    id: str
    names: list[str]
    labels: dict[str, str]
    size: int

    @classmethod
    def parse(cls, line: str) -> Image:
        """Read a line that the command line wrote as IMAGE says; an engine writes null for what is empty."""
        identifier, tags, digests, labels, size = json.loads(line)
        return cls(identifier, [*(tags or []), *(digests or [])], labels or {}, size)

    @property
    def build(self) -> dict[str, Any]:
        project, source = self.labels[OWNER_LABEL], self.labels.get(SOURCE_LABEL, "")
        return {"id": self.id, "names": self.names, "project": project, "source": source, "size": self.size >> 20}


class Docker:
    """Asks Docker's command line; everything is empty where Docker is missing or does not answer."""

    def __init__(self, run_command: RunCommand) -> None:
        self._run = run_command

    def _answer(self, *arguments: str) -> tuple[int, str]:
        try:
            code, output, _error = self._run(list(arguments), handle_exceptions=False)
        except OSError:
            return 127, ""
        return code, output.strip()

    def _output(self, *arguments: str) -> str:
        code, output = self._answer(*arguments)
        return output if code == 0 else ""

    def _inspected(self, *arguments: str) -> str:
        """Return what is said of those that are there: one that goes after it was listed fails the command, and hides no other."""
        return self._answer(*arguments)[1]

    def engine(self) -> dict[str, Any]:
        """Return package, versions and boot state of the engine."""
        installed = self._packages()
        unit = dockerd.read_unit(self._output)
        return {
            "packages": installed,
            "package": next((name for name in [*PACKAGES, STAND_IN] if name in installed), ""),
            "version": plain_version(self._output("docker", "version", "--format", "{{.Server.Version}}")),
            "compose_version": plain_version(self._output("docker", "compose", "version", "--short")),
            "buildx": bool(self._output("docker", "buildx", "version")),
            "enabled": unit.state == "enabled",
            "unit": unit.loaded,
            "flags": dockerd.flags(unit),
            **self._info(),
        }

    def _packages(self) -> list[str]:
        """Return the installed packages of which an engine consists."""
        known = self._output("dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Abbrev}\n")
        installed = sorted(line.split()[0] for line in known.splitlines() if line.split()[1:2] == ["ii"])
        return [name for name in installed if "docker" in name or name in BESIDE]

    @cached_property
    def _said(self) -> dict[str, Any]:
        """What the engine says of itself, nothing where it does not answer."""
        try:
            return dict(json.loads(self._output("docker", "info", "--format", "{{json .}}") or "{}"))
        except ValueError:
            return {}

    def _info(self) -> dict[str, Any]:
        """Return what the engine says of itself, all of it empty where it does not answer."""
        said = self._said
        return {
            "swarm": (said.get("Swarm") or {}).get("LocalNodeState", "") in SWARM_ACTIVE,
            "live_restore": bool(said.get("LiveRestoreEnabled")),
            "running": int(said.get("ContainersRunning") or 0),
            "context": (said.get("ClientInfo") or {}).get("Context", ""),
        }

    def root(self) -> str:
        """Return where the engine keeps images and volumes; one that does not answer keeps them where all do."""
        return str(self._said.get("DockerRootDir") or ROOT)

    def networks(self) -> dict[str, Any]:
        """Return the networks by name."""
        names = self._output("docker", "network", "ls", "--format", "{{.Name}}").split()
        if not names:
            return {}
        return {network["Name"]: network for network in json.loads(self._inspected("docker", "network", "inspect", *names) or "[]")}

    def images(self, containers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Return which names stand for images, which images a deploy built, and which names of containers' images are gone."""
        identifiers = set(self._output("docker", "image", "ls", "--quiet", "--no-trunc").split())
        lines = self._inspected("docker", "image", "inspect", "--format", IMAGE, *sorted(identifiers)) if identifiers else ""
        found = [Image.parse(line) for line in lines.splitlines()]
        names = {name: image.id for image in found for name in image.names}
        return {
            # Of an image that has no name its id may be given.
            "images": sorted({*names, *identifiers}),
            "builds": [image.build for image in found if OWNER_LABEL in image.labels],
            "images_lost": lost_names(containers, names),
        }

    def volumes(self) -> dict[str, str]:
        """Return where each volume lies, by name; an engine that does not answer leaves them where it keeps them."""
        lines = self._output("docker", "volume", "ls", "--format", "{{.Name}}\t{{.Mountpoint}}").splitlines()
        kept = sorted(glob(VOLUMES)) if not lines else []
        return dict(line.partition("\t")[::2] for line in lines) or {path.split("/")[-2]: path for path in kept}

    def published(self, ports: list[int]) -> dict[str, dict[str, str]]:
        """Return which running container publishes each port, or would but for the moment: one in a crash loop shows none."""
        if not ports:
            return {}
        layout = (
            '{"Names":{{json .Names}},"Ports":{{json .Ports}},"Status":{{json .Status}},'
            '"Project":{{json (.Label "' + PROJECT_LABEL + '")}}}'
        )
        lines = self._output("docker", "ps", "--format", layout).splitlines()
        containers = [json.loads(line) for line in lines]
        for container in containers:
            if container["Status"].startswith("Restarting"):
                container["Ports"] = self._bound_ports(container["Names"])
        return published_ports(containers, ports)

    def _bound_ports(self, name: str) -> str:
        inspected = self._output("docker", "inspect", "--type", "container", name)
        return bound_ports(json.loads(inspected)[0]) if inspected else ""
