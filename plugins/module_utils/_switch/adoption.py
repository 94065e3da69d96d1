# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The first release over containers that somebody made by hand: which of them go on running, and what their own next release would lose.

A container is carried over where the release says the same of it: then nobody notices the adoption. What it has and the release does not
say would be missing one day, when an update replaces it and nobody thinks of today; so it is to be decided now, by name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._base.command import RunCommand
from .._base.errors import PlatformError
from .._engine import carried
from .._engine.compose import Definition
from .._engine.containers import SERVICE_LABEL, containers_of, inspect, inspect_project
from .._engine.image_name import image_name
from .._engine.written import PROXY_MOUNTS, outside_of_volumes
from .._release.differences import differences
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

    @property
    def started(self) -> list[str]:
        return sorted([*self.replaced, *self.new])

    @property
    def notes(self) -> list[str]:
        """Return what to tell of it."""
        names = ", ".join(self.carried)
        notes = [f"Carried over as made by hand, each container until its own next release: {names}."] if names else []
        notes += [f"{name}: replaced, since {reason}." for name, reason in sorted(self.replaced.items())]
        return notes + proxy_notes([name for name in self.proxy if name in self.carried], [])

    def judge(self, tree: str) -> None:
        """Compare each container with the staged tree, and refuse what nobody has decided to let go."""
        self.carried, self.replaced, self.new = [], {}, []
        document = Definition(self.run_command, tree, self.project).document()
        present = inspect_project(self.run_command, self.project)
        services = {str(one.get("container_name") or f"{self.project}-{key}-1"): (key, one) for key, one in document["services"].items()}
        volumes = {key: str((one or {}).get("name") or key) for key, one in (document.get("volumes") or {}).items()}
        kept = {(file.container, file.path) for app in stated(tree).apps for file in app.kept_files}
        lost: list[str] = []
        for name, (key, service) in sorted(services.items()):
            if name not in present:
                self.new.append(name)
                continue
            reason = self._reason(name, key, service, present[name], tree)
            if reason:
                self.replaced[name] = reason
            else:
                self.carried.append(name)
            written = outside_of_volumes(self.run_command, present[name])
            lost += [f"file {name} {path}" for path in written if (name, path) not in kept and not self._is_nginx(name, path)]
            if name not in self.proxy:
                [image] = inspect(self.run_command, "image", [present[name]["Image"]])
                lost += differences(name, present[name], image["Config"], service, volumes)
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
        label = inspected["Config"]["Labels"].get(SERVICE_LABEL, "")
        if label != key:
            return f"its service is called {label} in its own Compose file and {key} in the release"
        image, wanted = inspected["Config"]["Image"], str(service.get("image") or f"{self.project}-{key}")
        if image_name(image) != image_name(wanted):
            return f"it runs the image {image}, and the release {wanted}"
        status, health = inspected["State"]["Status"], (inspected["State"].get("Health") or {}).get("Status")
        if status != "running" or health == "unhealthy":
            return f"it is {health if status == 'running' else status}, so that nothing is kept by keeping it"
        return ""

    def begin(self) -> None:
        """Note which containers are carried over, before the first change: also a run that dies or goes back leaves them alone."""
        if not self.carried:
            return
        definitions = Definition(self.run_command, self.root, self.project).definitions()
        present = inspect_project(self.run_command, self.project)
        services = {name: present[name]["Config"]["Labels"].get(SERVICE_LABEL, "") for name in self.carried}
        carried.carry(self.root, {name: (present[name]["Id"], definitions.get(key, "")) for name, key in services.items()})


def covers(source: str, root: str, tree: str) -> bool:
    """Say whether what is mounted from below root is, or holds, a file of the staged tree, so that a new start would read that."""
    path = os.path.relpath(source, root)
    return not path.startswith("..") and os.path.lexists(os.path.join(tree, path))


def held(client: DockerClient, root: str, project: str, proxy: Sequence[str]) -> list[str]:
    """Return the containers of the proxy that still run with the configuration that was made by hand."""
    record = carried.read(root)
    present = containers_of(client, project) if any(name in record for name in proxy) else {}
    return [name for name in proxy if name in present and name in record and record[name].id == present[name]["Id"]]


def proxy_notes(handmade: Sequence[str], moved: Sequence[str]) -> list[str]:
    """Return what to tell of the proxy's containers that are as they were made by hand, some of which are replaced now."""
    notes = [f"{name}: replaced, since {MOVED}." for name in moved]
    return notes + [
        f"{name}: still runs with the configuration that was made by hand, so that nothing of the release's sites is served yet. At a "
        f"quiet hour let it be replaced, {SILENCE}: ansible-playbook deploy.yml -e stack_adopt_proxy=now"
        for name in handmade
        if name not in moved
    ]
