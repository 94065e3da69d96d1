# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a switch starts or replaces containers: found out before, so that check mode says the same, and told of what happened then."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._engine.compose import SOURCES, ComposeError
from .._engine.containers import containers_of
from .._engine.image_name import image_name
from .._release import reasons
from .._release.differences import differences
from .._release.drift import Drift, service_of
from .._release.stopped import Stopped
from .._tree import edited
from .._tree.plan import Plan
from . import preview
from .server import Server
from .target import Target


@dataclass
class Reasons:
    """The containers as they are before anything is changed, and what is known of them."""

    server: Server
    target: Target
    plan: Plan
    before: Mapping[str, Any]
    # The containers that the live release consists of.
    known: Collection[str]
    purposely: Mapping[str, Stopped]
    drifts: list[Drift] = field(default_factory=list)
    # Of containers that the wanted files define otherwise than the live ones: what differs. Filled when the staged tree is looked at.
    defined: dict[str, list[str]] = field(default_factory=dict)

    def look(self, tree: str) -> None:
        """Compare a staged tree with the live files, where they differ in anything that Compose reads: it takes a second to ask it."""
        if not self.changed_sources:
            return
        differing = preview.Differing(self.server, self.target)
        differing(tree)
        self.defined = differing.found

    @property
    def by_hand(self) -> bool:
        """Say whether all that changes of what Compose reads was edited by hand, so that a difference of definitions is no release's."""
        changed = self.changed_sources
        return bool(changed) and not changed - edited.edited(self.plan.owned_before, self.plan.before).keys()

    @property
    def changed_sources(self) -> set[str]:
        """Return what changes of the files that Compose reads."""
        return {path for path in self.plan.changes if any(fnmatch.fnmatch(path, pattern) for pattern in SOURCES)}

    def foretold(self, names: Iterable[str]) -> dict[str, str]:
        """Return why these containers would be started or replaced."""
        names = list(names)
        unclear = [name for name in names if name in self.before and not self._known(name)]
        by_hand = self._made_otherwise(unclear) if unclear else {}
        return {name: self._text(name, by_hand.get(name, [])) for name in names}

    def found(self, names: Iterable[str] = ()) -> dict[str, str]:
        """Return why these containers were started or replaced, of which the ones that are not named show it by themselves."""
        after = containers_of(self.server.client, self.server.project)
        touched = {name for name, one in after.items() if _instance(one) != _instance(self.before.get(name))}
        touched |= {*names, *(drift.container for drift in self.drifts)}
        return {name: self._text(name, self._observed(name, after)) for name in sorted(touched & after.keys())}

    def _observed(self, name: str, after: Mapping[str, Any]) -> list[str]:
        if name not in self.before or self._known(name):
            return []
        found = reasons.of_instances(self.before[name], after[name])
        # No file of the release says otherwise than before: the container was made by other ones.
        return found if found == [reasons.IMAGE] else reasons.worded(found, by_hand=True)

    def _known(self, name: str) -> list[str]:
        """Return what is known of a container without comparing it: its state, what was changed about it, what defines it otherwise."""
        state = reasons.of_state(self.before[name], self.purposely.get(name))
        return [
            *state,
            *(drift.cause for drift in self.drifts if drift.container == name),
            *reasons.worded(self.defined.get(name, []), self.by_hand),
        ]

    def _text(self, name: str, more: list[str]) -> str:
        if name not in self.before:
            return "was removed by hand" if name in self.known else reasons.NEW
        return ", ".join([*self._known(name), *more]) or "its definition differs"

    def _made_otherwise(self, names: list[str]) -> dict[str, list[str]]:
        """Return how containers differ from what the live files say of them, or from the image that its name stands for."""
        try:
            document = self.server.compose.document()
        except ComposeError:
            return {}  # Such as where an image is gone: what it takes shows when it is done.
        volumes = {key: str((one or {}).get("name") or key) for key, one in (document.get("volumes") or {}).items()}
        images = {image_name(tag): one["Id"] for one in self.server.client.api.images() for tag in one["RepoTags"] or []}
        return {name: self._compared(name, document["services"], volumes, images) for name in names}

    def _compared(self, name: str, services: Mapping[str, Any], volumes: Mapping[str, str], images: Mapping[str, str]) -> list[str]:
        inspected = self.before[name]
        wanted = self.target.images.get(name, {}).get("id") or images.get(image_name(inspected["Config"]["Image"]), inspected["Image"])
        if wanted != inspected["Image"]:
            return [reasons.IMAGE]
        service = services.get(service_of(inspected))
        if service is None:
            return []
        image = self.server.client.api.inspect_image(inspected["Image"]).get("Config") or {}
        found = [line.replace(f" {name}", "", 1) for line in differences(name, inspected, image, service, volumes)]
        return reasons.worded(_grouped(found), by_hand=True)


def of_way_back(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """Return why containers were started or replaced to bring a release back: what the failed one had made of each.

    It is read off the containers alone: nothing that could fail is asked on the way back.
    """
    return {
        name: _had_become(before.get(name), one) for name, one in sorted(after.items()) if _instance(one) != _instance(before.get(name))
    }


def _had_become(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> str:
    if before is None:
        return "was removed by the failed release"
    state = reasons.of_state(before)
    if before["Id"] == after["Id"]:
        return ", ".join(state) or "was to be started anew"
    found = reasons.of_instances(before, after) or ["definition"]
    return ", ".join([*state, *(f"{'image' if one == reasons.IMAGE else one} of the failed release" for one in found)])


def _grouped(lines: Iterable[str]) -> list[str]:
    """Return differences with all environment variables in one."""
    lines = list(lines)
    keys = [line.partition(" ")[2] for line in lines if line.startswith("environment ")]
    return [f"environment {', '.join(keys)}"] * bool(keys) + [line for line in lines if not line.startswith("environment ")]


def _instance(inspected: Mapping[str, Any] | None) -> tuple[str, str] | None:
    return None if inspected is None else (inspected["Id"], inspected["State"]["StartedAt"])
