# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Taking an app off the server: its site, containers, images, network and the renewal of its certificate; its volumes only by name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from .._backup import listing
from .._base.errors import describe
from .._certbot import archive
from .._certbot.settings import Settings
from .._engine.containers import containers_of
from .._health import run as health
from .._postgres import exchange
from .._postgres.client import Database, DatabaseError
from .._release import attachment, journal, stopped
from .._release.description import App, volume_name
from .._release.journal import Journal
from .._release.live import is_serving
from .._switch import switch
from .._switch.adoption import held, refuse_unfound
from .._switch.target import Target, uncovered_hosts
from .._tree import diff as tree_diff
from .._tree import plan as tree_plan
from .._tree import promote
from .._tree.plan import LiveTree, Plan
from .._tree.validate import Validators
from . import waiting
from .command import Command
from .removal import RemovalError, Tree, kept, validators
from .scope import choose

with suppress(ImportError):  # See _base.libraries.
    import docker.errors


@dataclass
class Removed:
    """What is, or would be, taken off the server."""

    changed: bool = True
    containers: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    certificate: str = ""
    volumes: list[str] = field(default_factory=list)
    kept_volumes: list[str] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    # By their names; all that a backup holds of what is in the volumes.
    databases: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def run(command: Command, params: Mapping[str, Any], check_mode: bool, diff: bool) -> dict[str, Any]:
    """Carry out what the module app_removal is asked for, or say what that would do; return its result."""
    [app] = [one for one in command.release.apps if one == choose(command.release, params["app"], "").app]
    removal = Removal(command, app, params["letsencrypt_path"])
    removal.check(params["confirm"])
    removed = removal.foretell(bool(params["confirm"]))
    release, told, seconds = "", list[str](), 0.0
    shown = tree_diff.render(removal.plan, command.server.secrets) if diff else []
    if not check_mode:
        step = f"removing {removal.name}"
        release, told, seconds = command.carry_out(step, lambda: removal.carry_out(removed), lambda: removal.tidy(removed))
    return {
        **asdict(removed),
        "notes": [*removed.notes, *told],
        "name": removal.name,
        "other_apps": [one.name for one in removal.others],
        "release": release,
        "seconds": seconds,
        "diff": shown,
    }


class Removal:
    """An app that is taken off, and what is left of the release without it."""

    def __init__(self, command: Command, app: App, letsencrypt_path: str) -> None:
        self.command, self.app, self.server = command, app, command.server
        self.name = app.title or app.name
        self.others = tuple(one for one in command.release.apps if one != app)
        self.tree = Tree(LiveTree(self.server.root))
        self.own = self.tree.own(app)
        self.plan = self.tree.without(app)
        self.present = containers_of(self.server.client, self.server.project)
        self._letsencrypt = letsencrypt_path

    def check(self, confirm: str) -> None:
        """Refuse what would touch another app, or bring into force what no deploy wrote."""
        if confirm and confirm != self.app.name:
            raise RemovalError(
                f"remove_confirm: expected {self.app.name}, by which its volumes are removed too, got {confirm}. Nothing has been changed."
            )
        if not self.others:
            raise RemovalError(
                f"{self.name}: expected another app beside it, got none: a release has one at least. Nothing has been changed."
            )
        guests = [one.title for one in self.others if set(one.server_names) & set(self.app.server_names) and not self._has_site(one)]
        if guests:
            raise RemovalError(
                f"{self.name}: expected a site of its own alone, got one in which {' and '.join(guests)} is served. Nothing has been "
                "changed. Remove that app first."
            )
        server = self.server
        byhand = held(server.client, server.root, server.project, self.command.release.proxy.containers)
        refuse_unfound(byhand, [name for name in self.app.containers if name in self.present])
        edits = {path: what for path, what in waiting.edits(self.server.root, proxy=True).items() if path not in self.own}
        waiting.refuse(edits, [one.title or one.name for one in self.others])

    def _has_site(self, app: App) -> bool:
        return f"nginx/sites/{app.name}.conf" in self.tree.live.owned

    def foretell(self, with_volumes: bool) -> Removed:
        """Return what is taken off."""
        volumes = self._volumes()
        return Removed(
            containers=sorted(name for name in self.app.containers if name in self.present),
            files=self.own,
            images=sorted(self._images()),
            certificate=self._certificate(),
            volumes=volumes if with_volumes else [],
            kept_volumes=[] if with_volumes else volumes,
            networks=self._networks(),
            databases=[one.name for one in self.app.databases],
            notes=[]
            if self._has_site(self.app)
            else [f"Paths of {self.name} in the site of another app stay until the next deploy without it."],
        )

    def _volumes(self) -> list[str]:
        """Return the volumes on the server that are this app's alone."""
        project = self.server.project
        others = {volume_name(project, one, app.unprefixed_volumes) for app in self.others for one in app.volumes}
        own = {volume_name(project, one, self.app.unprefixed_volumes) for one in self.app.volumes} - others
        return sorted(own & {str(one.name) for one in self.server.client.volumes.list()})

    def _networks(self) -> list[str]:
        """Return the networks on the server that are this app's alone."""
        definitions = self.server.compose.document().get("networks") or {}
        names = [str(definitions[key]["name"]) for key in sorted(self.app.networks & definitions.keys())]
        return [name for name in names if attachment.is_there(self.server.client, name)]

    def _images(self) -> dict[str, str]:
        """Return the names of images that nothing but the app's containers runs, with what they stand for."""
        listed = self.server.client.api.containers(all=True)
        inspected = [self.server.client.api.inspect_container(one["Id"]) for one in listed]
        used = {one["Image"] for one in inspected if str(one["Name"]).lstrip("/") not in self.app.containers}
        own = {one["Config"]["Image"]: one["Image"] for name, one in self.present.items() if name in self.app.containers}
        return {name: identifier for name, identifier in own.items() if identifier not in used}

    def _certificate(self) -> str:
        """Return the certificate that certbot renews for this app alone, nothing where there is none."""
        name = self.app.certificate
        if not name or any(one.certificate == name for one in self.others):
            return ""
        settings = self._settings()
        return name if settings and os.path.lexists(os.path.join(settings.path, "renewal", f"{name}.conf")) else ""

    def _settings(self) -> Settings | None:
        # A damaged one ends the command before anything is changed: whether there is a renewal to end cannot be told.
        path = os.path.join(self._letsencrypt, "settings.json")
        return Settings.load(path) if os.path.lexists(path) else None

    def carry_out(self, removed: Removed) -> dict[str, str]:
        """Take the site out of the proxy, then the containers off; where the others do not serve, all is as before."""
        root = self.server.root
        journal.write(root, Journal(self.command.run.to_dict(), self.command.backup, sorted(self.command.release.containers)))
        before = [app for app in self.others if all(name in self.present and is_serving(self.present[name]) for name in app.containers)]
        try:
            promote.apply(self.plan, self._validators().validate)
        except Exception as error:
            journal.clear(root)
            raise RemovalError(describe(error), result="refused") from error
        try:
            self._reload()
            self._prove(tuple(before))
        except Exception as error:
            raise self._undone(error) from error
        databases = [one.container for one in self.app.databases]
        try:
            self.server.compose.remove([name for name in self.app.containers if name not in databases])
            self._spare(removed)
            self.server.compose.remove(databases)
        except docker.errors.DockerException as error:
            raise RemovalError(
                f"{self.name}: expected its containers to be removed, got: {error}. Its site is off already, and no other. "
                "To end the removal, take it out of stack_apps, then: ansible-playbook deploy.yml",
                result="failed",
            ) from error
        stopped.forget(root, self.app.containers)
        return {}

    def _spare(self, removed: Removed) -> None:
        """Keep the volumes of databases with rows that today's backup has not; nobody of the app writes any more."""
        backup = listing.get(self.server.root, self.command.backup) if removed.volumes and self.command.backup else None
        sealed = backup.manifest.databases if backup and backup.manifest else {}
        for one in self.app.databases:
            entry = sealed.get(one.container, {})
            why = self._written_since(Database(one.container, one.name, one.user), int(entry["written"])) if entry.get("dump") else ""
            name = volume_name(self.server.project, one.volume, self.app.unprefixed_volumes)
            if why and name in removed.volumes:
                removed.volumes.remove(name)
                removed.kept_volumes.append(name)
                removed.notes.append(
                    f"Volume {name} was kept: database {one.name} {why}. When nothing in it is needed any more, on the server: "
                    f"docker volume rm {name}"
                )

    def _written_since(self, database: Database, sealed: int) -> str:
        """Say how a database is known to have rows that a dump has not, nothing for one of which the dump has all."""
        try:
            written = exchange.rows_written(self.server.client, database, database.name)
        except DatabaseError as error:
            return f"could not be asked what was written after backup {self.command.backup} ({error})"
        return "" if written == sealed else f"was written to after backup {self.command.backup}, before the app was stopped"

    def _validators(self) -> Validators:
        proxy = next((self.present[name]["Image"] for name in self.command.release.proxy.containers if name in self.present), "")
        wanted = validators(self.command.release.network, proxy)
        return Validators(self.server.run_command, self.server.root, wanted if proxy else wanted[:1], self.server.secrets)

    def _reload(self) -> None:
        switch.reload(self.server, Target([], self.command.release, ()), force=True)

    def _prove(self, apps: tuple[App, ...]) -> None:
        target = replace(Target([], self.command.release, apps), uncovered=uncovered_hosts(apps))
        opened, result = switch.again(partial(health.wait_until_healthy, switch.gate(self.server, target), self.server.secrets))
        if not opened:
            raise RemovalError(str(result["msg"]), **switch.without_msg(result))

    def _undone(self, error: Exception) -> RemovalError:
        """Put the tree back as it was: the containers still run."""
        try:
            promote.apply(back(self.plan), lambda _tree: None)
            self._reload()
        except Exception as second:
            text = f"{describe(error)}\n\nTHE SITE OF {self.name} COULD NOT BE BROUGHT BACK: {describe(second)}\nDeploy again."
            return RemovalError(text, result="broken")
        journal.clear(self.server.root)
        return RemovalError(f"{describe(error)}\n\n{self.name} is as it was before: nothing has been removed.", result="restored")

    def tidy(self, removed: Removed) -> list[str]:
        """Remove what nothing needs any more, once the app is off; take out of removed, and return, what could not be."""
        told: list[str] = []
        volumes, certificates = list(removed.volumes), [removed.certificate] if removed.certificate else []
        for what, names, remove in (
            ("image", removed.images, self.server.client.api.remove_image),
            ("volume", removed.volumes, lambda name: self.server.client.volumes.get(name).remove()),
            ("network", removed.networks, lambda name: self.server.client.networks.get(name).remove()),
            ("certificate", certificates, self._end_renewal),
        ):
            for name in list(names):
                try:
                    remove(name)
                except (docker.errors.DockerException, OSError) as error:
                    names.remove(name)
                    told.append(f"The {what} {name} could not be removed: {error}")
        removed.certificate = "".join(certificates)
        removed.kept_volumes += [name for name in volumes if name not in removed.volumes]
        journal.clear(self.server.root)
        return told

    def _end_renewal(self, name: str) -> None:
        settings = self._settings()
        if settings:
            archive.put(settings, name, served=True)


def back(plan: Plan) -> Plan:
    """Return the plan that undoes another one."""
    files = [
        kept(path, existing, existing.data, plan.owned_before[path]) for path, existing in plan.before.items() if path in plan.owned_before
    ]
    return tree_plan.make(list(files), LiveTree(plan.root), plan.owned_before)
