# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Docker Compose, which has no library: its command line, and what the engine says came of it."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from glob import glob
from typing import TYPE_CHECKING, Any

from .._base.command import RunCommand
from .._base.errors import PlatformError
from .._base.files import read_if_exists
from . import carried
from .containers import SERVICE_LABEL, containers_of
from .image_name import image_name
from .kept_logs import KeptLogs
from .recorded import Recorder, engine_socket

if TYPE_CHECKING:
    from docker import DockerClient

COMPOSE_FILE = "docker-compose.yml"
# A line of `docker compose --dry-run up`: what would happen to a container. These two words mean nothing would.
DRY_RUN = re.compile(r"Container (\S+) +(\S+)")
UNTOUCHED = ("Running", "Waiting", "Healthy")
# What Compose leaves out of its digest: a container stays as it is where nothing else differs.
NO_REASON = ("build", "depends_on", "profiles", "pull_policy", "scale")
SOURCES = (COMPOSE_FILE, ".env", "compose/*.yml", "env/*.env")
# States in which a container is to be started.
ENDED = ("created", "exited", "dead")
UP = ("up", "--detach", "--no-build", "--pull", "never")


class ComposeError(PlatformError):
    """Compose could not do what it was asked for; the message ends with its own words."""


class Definition:
    """What a Compose project is to consist of: the file in its directory, or another one."""

    def __init__(self, run_command: RunCommand, directory: str, name: str, file: str = "", environment: str = "") -> None:
        self.directory = directory
        self.name = name
        self._file = file or f"{directory}/{COMPOSE_FILE}"
        self._environment = ["--env-file", environment] if environment else []
        self._run_command = run_command

    def _run(self, *arguments: str, dry: bool = False, environment: Mapping[str, str] | None = None) -> tuple[str, str]:
        argv = [
            "docker",
            "compose",
            *(["--dry-run"] if dry else []),
            "--ansi",
            "never",
            "--progress",
            "plain",
            "--project-directory",
            self.directory,
            "--file",
            self._file,
            *self._environment,
            "--project-name",
            self.name,
            *arguments,
        ]
        options = {"environ_update": dict(environment)} if environment else {}
        try:
            code, output, errors = self._run_command(argv, errors="replace", expand_user_and_vars=False, handle_exceptions=False, **options)
        except OSError as error:
            raise ComposeError(f"Docker Compose cannot be run: {error}") from None
        if code != 0:
            words = "\n".join(errors.strip().splitlines()[-20:]) or "no output"
            raise ComposeError(f"Docker Compose ({' '.join(arguments)}) in {self.directory} exited with {code}:\n{words}")
        return output, errors

    def document(self) -> dict[str, Any]:
        """Return the whole project as Compose understands it."""
        output, _errors = self._run("config", "--format", "json")
        # Printed so that Compose could read it again.
        loaded: dict[str, Any] = json.loads(output.replace("$$", "$"))
        return loaded

    def config(self) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
        """Return services and networks as Compose understands them."""
        loaded = self.document()
        return loaded["services"], loaded.get("networks") or {}

    def services(self) -> list[dict[str, Any]]:
        """Return the services as Compose understands them, with the names that it gives to images it would build."""
        services, _networks = self.config()
        return [
            {"image": f"{self.name}-{name}", "container_name": f"{self.name}-{name}-1", **one, "service": name}
            for name, one in services.items()
        ]

    def definitions(self) -> dict[str, str]:
        """Return a digest of the definition of each service, by which its container is to be another one where it is another.

        Compose's own, `config --hash`, leaves out what environment files say (2.26), though a container's label has it in.
        """
        services, _networks = self.config()
        return {service: digest(one) for service, one in services.items()}


def digest(service: Mapping[str, Any]) -> str:
    """Return what tells a definition from any other."""
    return hashlib.sha256(json.dumps(essence(service), sort_keys=True).encode()).hexdigest()


def essence(service: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a service its container is made from."""
    return {name: value for name, value in service.items() if name not in NO_REASON}


class Project(Definition):
    """A Compose project with its containers. The logs of those that it replaces or removes are kept."""

    def __init__(
        self,
        client: DockerClient,
        run_command: RunCommand,
        directory: str,
        name: str,
        file: str = "",
        environment: str = "",
        logs: KeptLogs | None = None,
        only: Sequence[str] = (),
    ) -> None:
        super().__init__(run_command, directory, name, file, environment)
        self._client = client
        self._logs = logs or KeptLogs()
        # The services that are brought about, with what they depend on; all where none are named.
        self.only = frozenset(only)

    def _replace(self, *arguments: str) -> None:
        with self._logs.replacing(self._client, self.name, self.directory):
            self._run(*arguments)

    def would_touch(self) -> list[str]:
        """Return the containers that `up` would create, recreate or start as things are."""
        kept = self.carried()
        arguments = self._up(kept)
        events = self._run(*arguments, dry=True)[1] if arguments else ""
        touched = {name for name, what in DRY_RUN.findall(events) if what not in UNTOUCHED}
        touched |= {name for name, status in self._states(kept).items() if status in ENDED}
        return sorted(name for name in touched if not re.match(r"^[0-9a-f]{12}_", name))

    def up(self) -> list[str]:
        """Start what is not as the project says; return the names of containers that are new or were started."""
        before = self._instances()
        kept = self.settle()
        # Others may need these; and Compose, which would wait for their health, refuses where they have no health check.
        for name, status in self._states(kept).items():
            if status in ENDED:
                self._client.containers.get(name).start()
        if arguments := self._up(kept):
            self._replace(*arguments)
        after = self._instances()
        return sorted(name for name, instance in after.items() if before.get(name) != instance)

    def _up(self, kept: Mapping[str, str]) -> list[str]:
        """Return how `up` is to be asked for: for everything, or for the services that are not kept as they run; nothing where all are."""
        if not kept:
            return [*UP, *sorted(self.only)]
        wanted = self.only or self.definitions().keys()
        others = sorted(wanted - kept.keys())
        return [*UP, "--no-deps", *others] if others else []

    def _states(self, kept: Mapping[str, str]) -> dict[str, str]:
        """Return the states of containers that are kept."""
        found = containers_of(self._client, self.name) if kept else {}
        names = [name for service, name in kept.items() if self.is_about(service)]
        return {name: found[name]["State"]["Status"] for name in names if name in found}

    def is_about(self, service: str) -> bool:
        """Say whether a service is one of those that are to be brought about."""
        return not self.only or service in self.only

    def settle(self) -> dict[str, str]:
        """Note that the containers that are carried stand for the present definitions; return them as carried() does."""
        kept = self.carried()
        if kept:
            services, definitions, images = self.config()[0], self.definitions(), self._images()
            carried.settle(
                self.directory,
                {container: definitions[service] for service, container in kept.items()},
                {container: images.get(image_name(str(services[service].get("image"))), "") for service, container in kept.items()},
                self._sources(),
            )
        return kept

    def carried(self) -> dict[str, str]:
        """Return the services whose containers go on running though they were made by other words, with the names of these."""
        record = carried.read(self.directory)
        if not record:
            return {}
        services, definitions, images, sources = self.config()[0], self.definitions(), self._images(), self._sources()
        found = {}
        for name, one in containers_of(self._client, self.name).items():
            service = one["Config"]["Labels"].get(SERVICE_LABEL, "")
            if name not in record or record[name].id != one["Id"] or service not in services:
                continue
            image = images.get(image_name(str(services[service].get("image"))), "")
            if record[name].stands_for(definitions[service], image, sources):
                found[service] = name
        return found

    def _sources(self) -> str:
        """Return a digest of the files that Compose reads."""
        found = sorted(path for pattern in SOURCES for path in glob(pattern, root_dir=self.directory))
        digest = hashlib.sha256()
        for path in found:
            digest.update(path.encode() + b"\0" + (read_if_exists(os.path.join(self.directory, path)) or b"") + b"\0")
        return digest.hexdigest()

    def _images(self) -> dict[str, str]:
        """Return which image each name stands for."""
        return {name: one["Id"] for one in self._client.api.images() for name in one["RepoTags"] or []}

    def recreate(self, services: list[str], start: bool = True) -> None:
        """Make the containers of these services anew though their configuration is the same, and no others."""
        if services:
            up = UP if start else tuple("--no-start" if one == "--detach" else one for one in UP)
            self._replace(*up, "--force-recreate", *self._alone(), *services)

    def make(self, services: list[str]) -> None:
        """Make the containers of these services that are missing, and start them."""
        self._replace(*UP, *self._alone(), *services)

    def _alone(self) -> list[str]:
        """Return what keeps Compose from making anew what named services depend on: where containers are carried, it would.

        Elsewhere that is as the project says, and is left alone. A definition without its dependencies is another one, so that the next
        deploy would make its container anew once more.
        """
        return ["--no-deps"] if self.carried() else []

    def create(self) -> None:
        """Make the containers that `up` would make, and do not start them.

        All of them, and asked for in the same words: Compose makes one anew when something it depends on has been made anew, and a
        definition without its dependencies is another one.
        """
        if arguments := self._up(self.carried()):
            self._replace(*("--no-start" if one == "--detach" else one for one in arguments))

    def wanted_container(self, service: str, name: str) -> dict[str, Any] | None:
        """Return the settings of the container that `up` would make for a service, None where it takes more than that one.

        Asked for in the same words as `up` itself, so that this finds nothing to do where there is such a container.
        """
        engine = engine_socket()
        if not engine:
            return None
        words = ("--no-start" if one == "--detach" else one for one in UP)
        with Recorder(service, name, engine) as recorder, suppress(ComposeError):
            self._run(*words, *self._alone(), service, environment=recorder.environment)
        return recorder.container

    def up_container(self, name: str) -> None:
        """Create and start the one container of this name, and nothing it depends on."""
        services = [one["service"] for one in self.services() if one["container_name"] == name]
        if not services:
            raise ComposeError(f"{self._file}: expected a service whose container is {name}, got none")
        self._replace(*UP, "--no-deps", *services)

    def _instances(self) -> dict[str, tuple[str, str]]:
        found = containers_of(self._client, self.name)
        return {name: (one["Id"], one["State"]["StartedAt"]) for name, one in found.items()}

    def remove(self, names: list[str]) -> list[str]:
        """Stop and remove containers of this project, never their volumes; return those that were there."""
        present = containers_of(self._client, self.name)
        to_remove = [name for name in names if name in present]
        with self._logs.replacing(self._client, self.name, self.directory) if to_remove else nullcontext():
            for name in to_remove:
                container = self._client.containers.get(name)
                container.stop()
                container.remove(v=False)
        return to_remove
