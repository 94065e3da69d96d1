# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an inventory has to say of a server that was set up by hand: variables, their values, and where each was read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import PlatformError
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_config import Configuration, Server, parse_dump
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_targets import Targets

LIVE = re.compile(r"/etc/letsencrypt/live/([^/]+)/fullchain\.pem")
# What stands in a location's way to the app's own directory of media.
_MEDIA = ("volume",)


@dataclass(frozen=True)
class Entry:
    """A variable of the inventory; a note stands there as a comment in its place, where nothing can be said."""

    name: str
    value: Any
    read_at: str
    note: bool = False


def entries(
    facts: Mapping[str, Any], adoptions: Iterable[Mapping[str, Any]], apps: Iterable[App], defaults: Mapping[str, Any]
) -> list[Entry]:
    """Return what is other than the defaults of the roles, in the order of the file. Of an app without a container nothing is said."""
    containers = {one["name"]: one for one in facts["containers"]}
    described = [app for app in apps if any(name in containers for name in app.containers)]
    found = [
        *_places(facts, [app.name for app in described]),
        *(entry for role in adoptions for entry in _of_role(role, containers, facts["project"], defaults)),
        *_sites(facts, described, {str(role.get("server_names")): role for role in adoptions}, containers),
    ]
    return [one for one in found if one.note or one.name not in defaults or defaults[one.name] != one.value]


def _places(facts: Mapping[str, Any], apps: list[str]) -> Iterator[Entry]:
    yield Entry("stack_adopt", True, "its containers go on running as they are, each until its own next release")
    for place in facts["directories"][:1]:
        yield Entry("stack_path", place["path"], "label com.docker.compose.project.working_dir of its containers")
    yield Entry("stack_project", facts["project"], "label com.docker.compose.project of its containers")
    yield Entry("stack_apps", apps, "the apps of which it has containers")
    networks = Counter(name for one in facts["containers"] if one["wanted"] for name in one["networks"])
    for name, _count in networks.most_common(1):
        yield Entry("network_name", name, "the network of its containers")
    if facts["certificates"]:
        yield Entry("certificates_mode", "existing", "/etc/letsencrypt/live; renewed as they are today")


def _of_role(role: Mapping[str, Any], containers: Mapping[str, Any], project: str, defaults: Mapping[str, Any]) -> Iterator[Entry]:
    for name, container in (role.get("images") or {}).items():
        if container in containers and name in defaults:
            yield Entry(name, containers[container]["image"], f"image of container {container}")
    for name, place in (role.get("environment") or {}).items():
        values = containers.get(place["container"], {}).get("values", {})
        if place["key"] in values:
            yield Entry(name, values[place["key"]], f"{place['key']} of container {place['container']}")
    for name, container in (role.get("extra_environment") or {}).items():
        yield from _extra(name, containers.get(container))
    for name, container in (role.get("health_checks") or {}).items():
        if check := containers.get(container, {}).get("health_check"):
            yield Entry(name, check["test"], f"health check of container {container}")
            yield Entry(f"{name}_timing", check["timing"], f"health check of container {container}, in seconds")
    for name, container in (role.get("kept_files") or {}).items():
        written = containers.get(container, {}).get("written")
        if written and name in defaults:
            yield Entry(name, written, f"docker diff {container}: written outside of volumes")
    for name, place in (role.get("media") or {}).items():
        if place["container"] in containers:
            yield from _media(name, containers[place["container"]], place["public"], project, defaults)


def _extra(name: str, container: Mapping[str, Any] | None) -> Iterator[Entry]:
    if container is None:
        return
    if container["extra"]:
        yield Entry(name, container["extra"], f"environment of container {container['name']} that the role does not set")
    for key in container["unsaid"]:
        yield Entry(
            f"{name}: {key}",
            None,
            f"container {container['name']} has it, and it may be secret: put it there with ansible-vault",
            note=True,
        )


def _media(name: str, container: Mapping[str, Any], public: str, project: str, defaults: Mapping[str, Any]) -> Iterator[Entry]:
    """Yield the list of all volumes, if one is mounted that the role does not have; what lies below public has a place in the site."""
    known = {one["path"]: one for one in defaults.get(name) or []}
    found = [
        known.get(mount["destination"]) or _medium(mount, public, project) for mount in container["mounts"] if mount["type"] == "volume"
    ]
    if found and found != list(defaults.get(name) or []):
        yield Entry(name, found, f"mounts of container {container['name']}")


def _medium(mount: Mapping[str, Any], public: str, project: str) -> dict[str, Any]:
    medium = {"volume": str(mount["source"]).removeprefix(f"{project}_"), "path": mount["destination"]}
    below = str(mount["destination"]).removeprefix(public)
    return medium if below == mount["destination"] else {**medium, "location": f"{below}/"}


def _sites(
    facts: Mapping[str, Any], apps: Iterable[App], roles: Mapping[str, Mapping[str, Any]], containers: Mapping[str, Any]
) -> Iterator[Entry]:
    """Yield host names and certificate of each app: those of the server block that passes most of its locations to the app."""
    try:
        configuration = parse_dump(facts["proxy"]["configuration"])
    except PlatformError:
        return
    services = {one["service"]: name for name, one in containers.items() if one["service"]}
    blocks = {
        app: block for block in configuration.servers if block.ssl for app in [_app_of(configuration, block, services, list(apps))] if app
    }
    for app, block in blocks.items():
        role = roles.get(f"{app}_server_names", {})
        where = f"{block.directive.file}:{block.directive.line} in container {facts['proxy']['container']}"
        if role:
            yield Entry(role["server_names"], [name for name in block.names if name != "_"], where)
            for name in _certificate(block):
                yield Entry(role["certificate"], name, where)


def _app_of(configuration: Configuration, block: Server, services: Mapping[str, str], apps: list[App]) -> str:
    targets = Targets(configuration, services)
    passed = Counter(
        app.name
        for location in block.locations
        for target in [targets.of(block, location)]
        for app in apps
        if target.kind == "pass" and target.what.partition(":")[0] in app.containers
    )
    return passed.most_common(1)[0][0] if passed else ""


def _certificate(block: Server) -> list[str]:
    return [found[1] for one in block.directive.all("ssl_certificate") for found in [LIVE.fullmatch(one.args[0])] if found][:1]
