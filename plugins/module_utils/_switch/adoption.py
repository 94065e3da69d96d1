# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The first release over containers that somebody made by hand: which of them go on running, and what their own next release would lose.

A container is carried over where the release says the same of it: then nobody notices the adoption. What it has and the release does not
say would be missing one day, when an update replaces it and nobody thinks of today; so it is to be decided now, by name.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._backup import listing
from .._backup.manifest import FILES, store
from .._base.command import RunCommand
from .._base.errors import PlatformError
from .._engine import carried
from .._engine.compose import COMPOSE_FILE, ComposeError, Definition, Project, digest
from .._engine.containers import DIRECTORY_LABEL, FILES_LABEL, containers_of, inspect, inspect_project
from .._engine.image_name import image_name
from .._engine.proxy import Proxy
from .._engine.written import PROXY_MOUNTS, outside_of_volumes
from .._release.composed import Composed
from .._release.drift import Drift, drifts, service_of
from .._release.live import stated

if TYPE_CHECKING:
    from docker import DockerClient

SILENCE = "for about two seconds visitors get no answer"
MOVED = f"it is to read the configuration of the release; {SILENCE}"


class AdoptionError(PlatformError):
    """The containers cannot be carried over as the inventory stands; nothing has been changed."""


@dataclass
class Adoption:
    """What becomes of the containers of a project that was made by hand; filled when the tree of the release is validated."""

    run_command: RunCommand
    root: str
    project: str
    proxy: Sequence[str]
    # What may be lost, by the words with which it is reported.
    let_go: Sequence[str]
    # Whether the proxy goes on running too, with the configuration that was made by hand.
    proxy_later: bool = False
    carried: list[str] = field(default_factory=list)
    # Container: why it is replaced; new ones have no reason.
    replaced: dict[str, str] = field(default_factory=dict)
    new: list[str] = field(default_factory=list)
    # What is changed about containers that are carried over, without a restart.
    policies: dict[str, Drift] = field(default_factory=dict)
    # Of the project's own file, the digest of each service's definition.
    definitions: dict[str, str] = field(default_factory=dict)

    @property
    def started(self) -> list[str]:
        return sorted([*self.replaced, *self.new])

    @property
    def notes(self) -> list[str]:
        """Return what to tell of it."""
        names = ", ".join(self.carried)
        notes = [f"Carried over as made by hand, each container until its own next release: {names}."] if names else []
        notes += [f"{name}: replaced, since {reason}." for name, reason in sorted(self.replaced.items())]
        notes += [f"{name}: goes on running, and gets restart policy {one.restart}." for name, one in sorted(self.policies.items())]
        return notes + proxy_notes([name for name in self.proxy if name in self.carried], [])

    def judge(self, tree: str) -> None:
        """Compare each container with the staged tree, and refuse what nobody has decided to let go."""
        self.carried, self.replaced, self.new, self.policies = [], {}, [], {}
        described = stated(tree)
        release = Composed.of(Definition(self.run_command, tree, self.project).document(), self.project, described)
        present = inspect_project(self.run_command, self.project)
        own = self._own_services(present)
        self.definitions = {key: digest(one) for key, one in own.items()}
        kept = {(file.container, file.path) for app in described.apps for file in app.kept_files}
        lost: list[str] = []
        for name, (key, service) in sorted(release.services.items()):
            found = present.get(name) or next((one for one in present.values() if service_of(one) == key), None)
            if found is None:
                self.new.append(name)
                continue
            reason = self._reason(name, key, service, found, tree) or self._detached(name, found, service, release.networks)
            if reason:
                self.replaced[name] = reason
            else:
                self.carried.append(name)
                self.policies |= {one.container: one for one in drifts(name, found, service, release.networks) if one.mend == "update"}
            written = outside_of_volumes(self.run_command, found)
            lost += [f"file {name} {path}" for path in written if (name, path) not in kept and not self._is_nginx(name, path)]
            [image] = inspect(self.run_command, "image", [found["Image"]])
            lost += release.lost(name, found, image["Config"], own.get(service_of(found), {}), name in self.proxy)
        undecided = [one for one in lost if one not in self.let_go]
        if undecided:
            raise AdoptionError(
                "Containers made by hand have what the release does not give them, so that their next update would lose it:\n"
                + "".join(f"- {one}\n" for one in undecided)
                + "Nothing has been changed. Add to the inventory what must stay, and name in stack_let_go, word for word, what may go."
            )

    def _is_nginx(self, name: str, path: str) -> bool:
        """Say whether nginx reads a file, of which the release has its own: that is compared as sites and locations."""
        return name in self.proxy and path.startswith(PROXY_MOUNTS)

    def _reason(self, name: str, key: str, service: Mapping[str, Any], inspected: Mapping[str, Any], tree: str) -> str:
        """Return why a container cannot go on running, nothing where it can."""
        if name in self.proxy and not self.proxy_later:
            return MOVED
        if name in self.proxy and any(covers(mount["Source"], self.root, tree) for mount in inspected["Mounts"] if mount["Type"] == "bind"):
            return f"the release has files of its own where its configuration lies; {SILENCE}"
        own = str(inspected["Name"]).lstrip("/")
        if own != name:
            return f"it is called {own}"
        if service_of(inspected) != key:
            return f"its service is called {service_of(inspected)} in its own Compose file and {key} in the release"
        image, wanted = inspected["Config"]["Image"], str(service.get("image") or f"{self.project}-{key}")
        if image_name(image) != image_name(wanted):
            return f"it runs the image {image}, and the release {wanted}"
        status, health = inspected["State"]["Status"], (inspected["State"].get("Health") or {}).get("Status")
        if status != "running" or health == "unhealthy":
            return f"it is {health if status == 'running' else status}, so that nothing is kept by keeping it"
        return ""

    def _detached(self, name: str, inspected: Mapping[str, Any], service: Mapping[str, Any], networks: Mapping[str, Any]) -> str:
        """Return why others would not find a container where the release expects it, nothing where they do."""
        found = [one for one in drifts(name, inspected, service, networks) if one.mend == "recreate"]
        return f"it is to be {found[0].expected}, and is {found[0].got}" if found else ""

    def _own_services(self, present: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Return the services of the project's own file, on which the way back depends, or refuse what Compose cannot read by itself."""
        file = os.path.join(self.root, COMPOSE_FILE)
        made_from = {os.path.realpath(path) for one in present.values() for path in files_of(one, file)}
        # A proxy that was put back was made from its sealed file, which is the same.
        sealed = os.path.realpath(store(self.root)) + os.sep
        others = sorted(path for path in made_from - {os.path.realpath(file)} if not path.startswith(sealed))
        if others:
            raise AdoptionError(
                f"The containers were made from {', '.join(others)}: expected {file} alone, from which they would be made again on the way "
                "back. Nothing has been changed. Put it all into that file (`docker compose config` prints it), start the project with it "
                "once, and deploy again."
            )
        try:
            return Definition(self.run_command, self.root, self.project).config()[0] if present else {}
        except ComposeError as error:
            raise AdoptionError(
                f"{file}: expected what Compose can read by itself, with no variables of a shell, since going back depends on it. Nothing "
                f"has been changed. Put variables into {self.root}/.env, and deploy again. {error}"
            ) from None

    def begin(self) -> None:
        """Note which containers are carried over, before the first change: also a run that dies or goes back leaves them alone."""
        if self.replaced:
            carried.drop(self.root, self.replaced)
        if self.carried:
            present = inspect_project(self.run_command, self.project)
            services = {name: service_of(present[name]) for name in self.carried}
            carried.carry(self.root, {name: (present[name]["Id"], self.definitions.get(key, "")) for name, key in services.items()})


def files_of(inspected: Mapping[str, Any], otherwise: str) -> list[str]:
    """Return the Compose files that a container was made from; what made it may have named them from its directory."""
    labels = inspected["Config"]["Labels"]
    directory = labels.get(DIRECTORY_LABEL, os.path.dirname(otherwise))
    return [os.path.join(directory, path.strip()) for path in labels.get(FILES_LABEL, otherwise).split(",")]


def covers(source: str, root: str, tree: str) -> bool:
    """Say whether what is mounted from below root is, or holds, a file of the staged tree, so that a new start would read that."""
    path = os.path.relpath(source, root)
    return not path.startswith("..") and os.path.lexists(os.path.join(tree, path))


def held(client: DockerClient, root: str, project: str, proxy: Sequence[str]) -> list[str]:
    """Return the containers of the proxy that still run with the configuration that was made by hand."""
    record = carried.read(root)
    present = containers_of(client, project) if any(name in record for name in proxy) else {}
    return [name for name in proxy if name in present and name in record and record[name].id == present[name]["Id"]]


def sealed_by_hand(root: str) -> listing.Found | None:
    """Return the backup that the adoption sealed."""
    found = [one for one in listing.find_all(root) if one.manifest and one.manifest.by_hand and COMPOSE_FILE in one.manifest.files]
    return found[-1] if found else None


def ways_back(root: str, moved: Sequence[str]) -> list[str]:
    """Return how containers of the proxy come back as they were made by hand, which the release that was live before does not have."""
    sealed = sealed_by_hand(root) if moved else None
    if sealed is None:
        return []
    return [
        f"To have {', '.join(moved)} as it was made by hand, and all that was before the adoption, run: "
        f"ansible-playbook rollback.yml -e rollback_to={sealed.id}"
    ]


def refuse_deaf(waiting: Sequence[Proxy], replaced: Collection[str]) -> None:
    """Refuse to replace containers behind a proxy that would not read its configuration, made by hand, again.

    It has looked their addresses up when it read it, and looks the new ones up by reading it once more.
    """
    for proxy in waiting if replaced else []:
        if complaint := proxy.complaint():
            raise AdoptionError(
                f"{proxy.container} still runs with the configuration that was made by hand, which it would not read again:\n{complaint}\n"
                f"So it would not find {', '.join(sorted(replaced))}, which get other addresses. Nothing has been changed. Correct the "
                "file that it has mounted, or let it be replaced at once: ansible-playbook deploy.yml -e stack_adopt_proxy=now"
            )


def refuse_unfound(waiting: Sequence[str], removed: Collection[str]) -> None:
    """Refuse to remove containers behind a proxy whose configuration was made by hand: it does not start again without them."""
    if waiting and removed:
        raise AdoptionError(
            f"{unfound(waiting, removed)} Nothing has been changed. First let it be replaced, {SILENCE}: ansible-playbook deploy.yml "
            "-e stack_adopt_proxy=now"
        )


def unfound(waiting: Iterable[str], gone: Iterable[str]) -> str:
    """Say what becomes of a proxy whose configuration was made by hand when containers that it may name are gone."""
    return (
        f"{', '.join(waiting)} still runs with the configuration that was made by hand. Where that names {', '.join(sorted(gone))}, no "
        "site comes back over a reboot without it: nginx ends with `host not found in upstream`."
    )


def put_proxy_back(client: DockerClient, run_command: RunCommand, root: str, project: str, moved: Sequence[str]) -> None:
    """Make containers of the proxy again as they were made by hand, from the file that the adoption sealed; their release did not serve."""
    sealed = sealed_by_hand(root) if moved else None
    if sealed is None:
        return
    by_hand = Project(client, run_command, root, project, os.path.join(sealed.directory, FILES, COMPOSE_FILE))
    definitions = by_hand.definitions()
    for name in moved:
        by_hand.up_container(name)
        one = containers_of(client, project)[name]
        carried.carry(root, {name: (one["Id"], definitions.get(service_of(one), ""))})


def proxy_notes(handmade: Sequence[str], moved: Sequence[str]) -> list[str]:
    """Return what to tell of the proxy's containers that are as they were made by hand, some of which are replaced now."""
    notes = [f"{name}: replaced, since {MOVED}." for name in moved]
    return notes + [
        f"{name}: still runs with the configuration that was made by hand, so that nothing of the release's sites is served yet. At a "
        f"quiet hour let it be replaced, {SILENCE}: ansible-playbook deploy.yml -e stack_adopt_proxy=now"
        for name in handmade
        if name not in moved
    ]
