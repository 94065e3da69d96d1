# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Starting, stopping and making containers anew, in the order in which they depend on each other, and proving that they serve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from .._base.errors import PlatformError, describe, facts_of
from .._engine.containers import containers_of
from .._health import run as health
from .._health.run import Gate
from .._release import attachment, stopped
from .._release.description import App, Release
from .._release.live import is_serving
from .._release.networks import expected
from .._release.stopped import Stopped
from .._run import ledger
from .._switch import switch
from .._switch.adoption import held
from .._switch.server import Server
from .._switch.target import Target, uncovered_hosts
from . import rebuild
from .rebuild import Build
from .scope import Scope, stages

with suppress(ImportError):  # See _base.libraries.
    import docker.errors


class NotServing(PlatformError):
    """What was started does not serve; the message says what is now."""


@dataclass
class Steps:
    """The containers of a scope on a server. Services and networks are as Compose understands them."""

    server: Server
    release: Release
    scope: Scope

    def __post_init__(self) -> None:
        document = self.server.compose.document()
        self.networks: dict[str, Any] = document.get("networks") or {}
        carried = self.server.compose.carried()
        self.definitions: dict[str, Any] = expected(document["services"], self.networks, self.release, carried)
        # The same by the names of their containers.
        self.services = {str(one["container_name"]): one for one in self.server.compose.services()}
        self.present = containers_of(self.server.client, self.server.project)

    @property
    def inspected(self) -> dict[str, Any]:
        return {name: self.present[name] for name in self.scope.containers if name in self.present}

    @property
    def stages(self) -> list[list[str]]:
        return stages(self.scope.containers, self.services)

    def start(self) -> None:
        """Start each stage once the one before it is healthy, and prove it all."""
        stopped.forget(self.server.root, self.scope.containers)
        rounds = self.stages
        for number, stage in enumerate(rounds, 1):
            for name in stage:
                self._start_one(name)
            if number < len(rounds):
                self.wait(stage)
        self.prove()

    def _start_one(self, name: str) -> None:
        if name not in self.present:
            self.server.compose.make([str(self.services[name]["service"])])
            return
        container = self.server.client.containers.get(name)
        if container.status == "paused":
            container.unpause()
        elif container.status == "restarting":
            container.restart()  # The engine waits up to a minute before it tries again.
        elif container.status != "running":
            container.start()
        inspected = {name: self.server.client.api.inspect_container(name)}
        attachment.attach(self.server.client, attachment.missing(inspected, self.definitions, self.networks))

    def stop(self, by: str) -> None:
        """Stop them for good, and note by whom: before, so that whoever looks meanwhile is told why.

        And afterwards, since one in a crash loop may have been started meanwhile.
        """
        self._note_stopped(by)
        self._stop()
        self._note_stopped(by)

    def _note_stopped(self, by: str) -> None:
        at = ledger.now()
        stopped.note(self.server.root, {name: Stopped(by, at, one["Id"]) for name, one in self.inspected.items()})

    def _stop(self) -> None:
        for stage in reversed(self.stages):
            for name in stage:
                if name in self.present:
                    self.server.client.containers.get(name).stop()

    def restart(self) -> None:
        self._stop()
        self.start()

    def recreate(self) -> None:
        """Make them anew from the images that they have."""
        stopped.forget(self.server.root, self.scope.containers)
        for stage in self.stages:
            self.server.compose.recreate([str(self.services[name]["service"]) for name in stage])
            self.wait(stage)
        self.prove()

    def rebuild(self, builds: Sequence[Build]) -> None:
        """Build, and replace what uses the images; where that does not serve, those of before take their names back."""
        client, services = self.server.client, sorted({one.service for one in builds})
        before = {one: rebuild.image_id(client, one.image) for one in builds}
        replaced = False
        try:
            for one in builds:
                rebuild.build_anew(self.server.run_command, self.server.project, one)
            replaced = True
            stopped.forget(self.server.root, self.scope.containers)
            self._start_beside({one.container for one in builds})
            self.server.compose.recreate(services)
            self.prove()
        except (PlatformError, docker.errors.DockerException) as error:
            for one, identifier in before.items():
                if identifier:
                    rebuild.name_again(client, one, identifier)
            if not (replaced and all(before.values())):
                raise
            raise self._brought_back(error, services) from error

    def _start_beside(self, replaced: set[str]) -> None:
        """Start what an app needs beside the containers that are made anew, such as its database."""
        for stage in self.stages:
            others = [name for name in stage if name not in replaced]
            for name in others:
                self._start_one(name)
            self.wait(others)

    def _brought_back(self, error: Exception, services: Sequence[str]) -> NotServing:
        message, facts = describe(error), facts_of(error)
        try:
            self.server.compose.recreate(list(services))
            self.prove()
        except (PlatformError, docker.errors.DockerException) as second:
            text = f"{message}\n\nTHE IMAGE OF BEFORE COULD NOT BE BROUGHT BACK: {describe(second)}"
            return NotServing(text, **{**facts, "result": "broken"})
        text = f"{message}\n\nThe image of before is back, and {self.scope.name} was proven to serve with it."
        return NotServing(text, **{**facts, "result": "restored"})

    def wait(self, containers: Sequence[str]) -> None:
        """Hold until containers are healthy."""
        if containers:
            self._gate(Gate(containers=containers, deadline=self.server.deadline))

    def prove(self) -> None:
        """Hold until what this is about serves, sites and all; nothing is asked of an app whose other containers are down."""
        self.wait(self.scope.containers)
        target = self._target(containers_of(self.server.client, self.server.project))
        # A proxy made by hand has looked the addresses of containers up when it started.
        if held(self.server.client, self.server.root, self.server.project, target.proxy):
            switch.reload(self.server, target, force=True)
        if target.apps:
            self._gate(switch.gate(self.server, target))

    def _target(self, present: Mapping[str, Any]) -> Target:
        """Return what has to serve in the end: the app, or of the proxy every app that can."""
        apps: tuple[App, ...] = self.release.apps if self.scope.app is None else (self.scope.app,)
        up = tuple(app for app in apps if all(name in present and is_serving(present[name]) for name in app.containers))
        return replace(Target([], self.release, up), uncovered=uncovered_hosts(up))

    def _gate(self, gate: Gate) -> None:
        opened, result = switch.again(partial(health.wait_until_healthy, gate, self.server.secrets))
        if not opened:
            raise NotServing(
                f"{result['msg']}\n\n{self.scope.name} stays as it is now, for you to look at. When the cause is removed, run the same "
                "again.",
                **switch.without_msg(result),
            )
