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
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _adopted_routes
from ansible_collections.rarebooks.platform.plugins.plugin_utils._daemon_config import left_to_flags
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_config import Configuration, Server, parse_dump
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_targets import Targets

LIVE = re.compile(r"/etc/letsencrypt/live/([^/]+)/fullchain\.pem")
_MEASURE = re.compile(r"\d+[A-Za-z]+")


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
    roles, services = list(adoptions), {one["service"]: name for name, one in containers.items() if one["service"]}
    configuration = _configuration(facts)
    sites = _sites(configuration, described, services)
    found = [
        *_places(facts, [app.name for app in described]),
        *(entry for role in roles for entry in _of_role(role, containers, facts["project"], defaults, sites.get(role.get("app", "")))),
        *(entry for role in roles if role.get("app") in sites for entry in _site(role, sites[role["app"]], facts["proxy"]["container"])),
        *(
            Entry(name, value, f"locations of {sites[role['app']].names[0]} in container {facts['proxy']['container']}")
            for role in roles
            if role.get("app") in sites
            for name, value in _adopted_routes.entries(role, configuration, sites[role["app"]], services)
        ),
    ]
    return [one for one in found if one.note or one.name not in defaults or not _same(defaults[one.name], one.value)]


def _same(default: Any, value: Any) -> bool:
    """Say whether a value is the default one; nginx knows no case in what it measures."""
    measured = isinstance(value, str) and _MEASURE.fullmatch(value)
    return bool(default == (value.lower() if measured else value))


def _places(facts: Mapping[str, Any], apps: list[str]) -> Iterator[Entry]:
    yield Entry("stack_adopt", True, "its containers go on running as they are, each until its own next release")
    yield Entry("stack_adopt_proxy", "later", "no request is lost until its operator has the proxy replaced, with -e stack_adopt_proxy=now")
    for place in facts["directories"][:1]:
        yield Entry("stack_path", place["path"], "label com.docker.compose.project.working_dir of its containers")
    yield Entry("stack_project", facts["project"], "label com.docker.compose.project of its containers")
    yield Entry("stack_apps", apps, "the apps of which it has containers")
    networks = Counter(name for one in facts["containers"] if one["wanted"] for name in one["networks"])
    for name, _count in networks.most_common(1):
        yield Entry("network_name", name, "the network of its containers")
    if options := left_to_flags(facts["engine"]["flags"]):
        yield Entry("docker_daemon_options", options, "flags of the engine, which starts with none of them in daemon.json too; they stay")
    if facts["certificates"] and all(one["local_ca"] for one in facts["certificates"]):
        yield Entry("certificates_mode", "selfsigned", "/opt/rarebooks/ca, which has issued all of /etc/letsencrypt/live")
    elif facts["certificates"]:
        yield Entry("certificates_mode", "existing", "/etc/letsencrypt/live; renewed as they are today")


def _of_role(
    role: Mapping[str, Any], containers: Mapping[str, Any], project: str, defaults: Mapping[str, Any], site: Server | None
) -> Iterator[Entry]:
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
            yield from _media(name, containers[place["container"]], place["public"], project, defaults.get(name) or [], site)


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


def _media(
    name: str, container: Mapping[str, Any], public: str, project: str, default: list[dict[str, Any]], site: Server | None
) -> Iterator[Entry]:
    """Yield the list of all volumes, if it is not the role's; what lies below public has a place in the site."""
    known = {one["path"]: one for one in default}
    mounted = [mount for mount in container["mounts"] if mount["type"] == "volume"]
    found = [_served(known.get(one["destination"]) or _medium(one, public, project), site) for one in mounted]
    if found and found != default:
        yield Entry(name, found, f"mounts of container {container['name']}, and nginx's locations of the same places")


def _medium(mount: Mapping[str, Any], public: str, project: str) -> dict[str, Any]:
    medium = {"volume": str(mount["source"]).removeprefix(f"{project}_"), "path": mount["destination"]}
    below = str(mount["destination"]).removeprefix(public)
    return medium if below == mount["destination"] else {**medium, "location": f"{below}/"}


def _served(medium: Mapping[str, Any], site: Server | None) -> dict[str, Any]:
    """Return a kind of media with how the site serves its place today."""
    settings = {"expires": "expires", "client_max_body_size": "body_size"}
    same = [one for one in (site.locations if site else []) if one.path == medium.get("location") and one.modifier in ("", "^~")]
    given = {settings[one.name]: one.args[0] for location in same for one in location.directive.all(*settings) if len(one.args) == 1}
    return {**medium, **given}


def _configuration(facts: Mapping[str, Any]) -> Configuration:
    """Return what nginx has read, nothing where that cannot be understood."""
    try:
        return parse_dump(facts["proxy"]["configuration"])
    except PlatformError:
        return Configuration(())


def _sites(configuration: Configuration, apps: list[App], services: Mapping[str, str]) -> dict[str, Server]:
    """Return the site of each app: the server block that passes most of its locations to the app."""
    return {_app_of(configuration, block, services, apps): block for block in configuration.servers if block.ssl}


def _site(role: Mapping[str, Any], block: Server, proxy: str) -> Iterator[Entry]:
    where = f"{block.directive.file}:{block.directive.line} in container {proxy}"
    yield Entry(role["server_names"], [name for name in block.names if name != "_"], where)
    yield from (Entry(role["certificate"], name, where) for name in _certificate(block))


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
