# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the module containers does: an action on the containers of one app, refused or foretold, carried out and recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from .._base.errors import PlatformError
from .._engine.compose import ENDED
from .._engine.containers import containers_of
from .._engine.proxy import Proxy
from .._release import attachment, reasons, stopped
from .._switch.adoption import held, unfound
from . import rebuild, waiting
from .command import Command
from .rebuild import Build
from .scope import choose
from .steps import Steps

with suppress(ImportError):  # See _base.libraries.
    import docker.errors

ACTIONS = ("start", "stop", "restart", "recreate", "rebuild")
# Those that make containers anew.
REPLACING = ("recreate", "rebuild")


class ManageError(PlatformError):
    """The action was refused, or the engine did not do it."""


@dataclass
class Done:
    """What an action does."""

    changed: bool = False
    started: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    attached: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def run(command: Command, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Carry out an action, or say what it would do; return the result of the module."""
    manager = Manager(
        command, params["action"], Steps(command.server, command.release, choose(command.release, params["app"], params["container"]))
    )
    manager.check(params["confirm"])
    done, before = manager.foretell(), manager.states()
    release, told, seconds = "", list[str](), 0.0
    if done.changed and not check_mode:
        step = f"{manager.action} of {manager.steps.scope.name}"
        release, told, seconds = command.carry_out(step, lambda: manager.carry_out(done))
    after = manager.foretold_states(done) if check_mode else manager.states(fresh=True)
    return {
        **asdict(done),
        "name": manager.scope.name,
        "other_apps": [one.name for one in command.release.apps if one != manager.scope.app],
        "notes": [*done.notes, *told],
        "reasons": manager.reasons(done),
        "release": release,
        "seconds": seconds,
        "diff": [difference(name, before[name], after[name]) for name in before if before[name] != after[name]],
    }


def difference(name: str, before: str, after: str) -> dict[str, str]:
    """Return the states of a container as Ansible shows differences."""
    header = f"container {name}"
    return {"before_header": header, "after_header": header, "before": f"{before}\n", "after": f"{after}\n"}


@dataclass
class Manager:
    """An action, and the containers that it is about."""

    command: Command
    action: str
    steps: Steps

    def __post_init__(self) -> None:
        self.scope, self.server = self.steps.scope, self.command.server
        self.is_proxy = self.scope.app is None
        self.inspected = self.steps.inspected
        self.running = [name for name, one in self.inspected.items() if one["State"]["Status"] not in ENDED]
        # One that is paused or in a crash loop has not ended, and serves nobody.
        self.up = [name for name in self.running if self.inspected[name]["State"]["Status"] == "running"]
        self.gone = [name for name in self.scope.containers if name not in self.inspected]
        self.purposely = stopped.read(self.server.root, self.inspected)
        self.edits = waiting.edits(self.server.root, self.is_proxy)
        self.builds: list[Build] = []

    def check(self, confirm: str) -> None:
        """Refuse what would bring into force what no deploy wrote, or take down what nobody named."""
        if self.action == "stop":
            return self._check_stop(confirm)
        made = self.scope.containers if self.action in REPLACING or self.is_proxy else self.gone
        if made:
            waiting.refuse(self.edits, made)
        if self.action in REPLACING:
            self._refuse_carried()
        if self.action == "rebuild":
            self._check_source()
        if self.action == "recreate":
            self._refuse_other_images()
        for name in self.up if self.is_proxy else ():
            # One that does not start again would take every site down.
            Proxy(name, self.server.proxy_paths, self.server.proxy_record).test()
        return None

    def _check_stop(self, confirm: str) -> None:
        if self.is_proxy and confirm != self.scope.name:
            raise ManageError(
                f"{self.scope.name} is the proxy of every site: expected manage_confirm={self.scope.name} to stop it, got "
                f"{confirm or 'none'}. Nothing has been changed."
            )

    def _check_source(self) -> None:
        if self.scope.app is None:
            raise ManageError(
                f"{self.scope.name}: expected an app with an image that is built here, got the proxy. Nothing has been changed."
            )
        self.builds = rebuild.builds(self.command.release, self.scope.app, self.steps.services, self.scope.containers)
        for one in self.builds:
            rebuild.check(one)

    def _refuse_carried(self) -> None:
        carried = sorted(set(self.server.compose.carried().values()) & set(self.scope.containers))
        if carried:
            raise ManageError(
                f"{' and '.join(carried)}: expected containers that a deploy made, got ones that were carried over as they were made by "
                "hand, each until its own next release. Nothing has been changed. To start one again as it is, use -e operation=restart."
            )

    def _refuse_other_images(self) -> None:
        """Refuse to start what was pulled, loaded or built under the name of an image since, and what no gate has seen."""
        for name, inspected in self.inspected.items():
            image = str(self.steps.services.get(name, {}).get("image", ""))
            now = rebuild.image_id(self.server.client, image) if image else ""
            if now and now != inspected["Image"]:
                runs, got = (one.removeprefix("sha256:")[:12] for one in (inspected["Image"], now))
                raise ManageError(
                    f"{name}: expected {image} to be the image that it runs ({runs}), got another one ({got}), which no deploy has seen. "
                    "Nothing has been changed. To see what a deploy would replace: ansible-playbook deploy.yml --check --diff"
                )

    def foretell(self) -> Done:
        """Return what the action would do."""
        note = waiting.told(self.edits) if self.action != "stop" else ""
        done = Done(notes=[note] if note else [])
        if self.action == "stop":
            done.stopped = list(self.running)
            done.notes += self._not_over_a_reboot()
        elif self.action in REPLACING:
            done.replaced = [one.container for one in self.builds] if self.builds else list(self.scope.containers)
            done.started = [name for name in self.scope.containers if name not in self.up and name not in done.replaced]
        else:
            done.started = [name for name in self.scope.containers if self.action == "restart" or name not in self.up]
            done.attached = [str(one) for one in attachment.missing(self.inspected, self.steps.definitions, self.steps.networks)]
        done.changed = bool(done.started or done.stopped or done.replaced or done.attached)
        return done

    def _not_over_a_reboot(self) -> list[str]:
        """Tell of a proxy that starts no more while these are stopped."""
        proxy = self.command.release.proxy.containers
        waits = [] if self.is_proxy else held(self.server.client, self.server.root, self.server.project, proxy)
        return [unfound(waits, self.running)] if waits and self.running else []

    def carry_out(self, done: Done) -> dict[str, str]:
        """Do it; return why each container was touched."""
        steps: dict[str, Callable[[], None]] = {
            "start": self.steps.start,
            "restart": self.steps.restart,
            "stop": lambda: self.steps.stop(self.command.run.by),
            "recreate": self.steps.recreate,
            "rebuild": lambda: self.steps.rebuild(self.builds),
        }
        try:
            steps[self.action]()
        except docker.errors.DockerException as error:
            raise ManageError(
                f"{self.scope.name}: expected the engine to {self.action} it, got: {error}. See `docker ps --all`."
            ) from error
        return self.reasons(done)

    def reasons(self, done: Done) -> dict[str, str]:
        """Return why each container was touched: what had become of it, or that somebody asked for it."""
        asked = f"asked for by {self.command.run.by}" if self.command.run.by else "asked for"
        found = dict.fromkeys(done.stopped, asked)
        for name in [*done.started, *done.replaced]:
            one = self.inspected.get(name)
            known = ["was removed by hand"] if one is None else reasons.of_state(one, self.purposely.get(name))
            found[name] = ", ".join(known) or asked
        return found

    def states(self, fresh: bool = False) -> dict[str, str]:
        """Return the state of each container, with what tells one that was made anew from the one before it."""
        present = containers_of(self.server.client, self.server.project) if fresh else self.steps.present
        found = {name: present[name] for name in self.scope.containers if name in present}
        return {
            name: f"{found[name]['State']['Status']} {found[name]['Id'][:12]}" if name in found else "none"
            for name in self.scope.containers
        }

    def foretold_states(self, done: Done) -> dict[str, str]:
        """Return the states as they would be."""
        found = self.states()
        for name in [*done.started, *done.stopped]:
            _status, _blank, identifier = found[name].partition(" ")
            found[name] = f"{'running' if name in done.started else 'exited'} {identifier}".strip()
        return {**found, **dict.fromkeys(done.replaced, "running (made anew)")}
