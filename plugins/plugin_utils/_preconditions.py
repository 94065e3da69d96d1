# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What must hold before a deploy may change anything. Each function returns one sentence per problem it finds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.rarebooks.platform.plugins.module_utils._base.published_secrets import is_published
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Secret, volume_name

# A secret becomes a variable of a container, one line of an environment file and a part of a connection string.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
HOST_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


def system(os: Mapping[str, str], supported: Mapping[str, Sequence[str]]) -> list[str]:
    """The operating system is one we know."""
    if os["version"] in supported.get(os["id"], []):
        return []
    known = ", ".join(f"{name} {version}" for name, versions in supported.items() for version in versions)
    return [f"Operating system: expected one of {known}, got {os['id']} {os['version']}. Use a supported system."]


def resources(server: Mapping[str, Any], path: str, min_disk: int, min_memory: int) -> list[str]:
    """There is enough disk and memory; both in MiB."""
    # By what is free: two on one disk are one problem.
    disks = {server["engine_disk"]["free"]: server["engine_disk"]["path"], server["disk_free"]: path}
    problems = [
        f"Disk: expected at least {min_disk} MiB free for {directory}, got {free} MiB. "
        "Free some space (`docker system df` shows what images use), or lower stack_min_disk."
        for free, directory in disks.items()
        if free < min_disk
    ]
    if server["memory"] < min_memory:
        problems.append(
            f"Memory: expected at least {min_memory} MiB, got {server['memory']} MiB. "
            "Give the server more memory, or lower stack_min_memory."
        )
    return problems


def engine(server: Mapping[str, Any], path: str, project: str) -> list[str]:
    """Where there is something to lose, the engine answers: otherwise nothing could be sealed, and no password proven."""
    if server["engine"]["version"]:
        return []
    volumes = [name for name in server["volumes"] if name.startswith(f"{project}_")]
    if not server["deployed"] and not (volumes and server["engine"]["package"]):
        return []
    what = f"{path} holds a release" if server["deployed"] else f"volume {volumes[0]} holds data"
    return [
        f"Docker: expected the engine to answer, since {what} that must be sealed before anything changes, got no "
        "answer. See `systemctl status docker`; start it with `systemctl start docker`."
    ]


def ports(server: Mapping[str, Any], wanted: Iterable[int], project: str) -> list[str]:
    """Each port is free, or already published by a container of this project."""
    problems = []
    for port in map(str, wanted):
        published = server["published"].get(port)
        if published and published["project"] == project:
            continue
        if published:
            problems.append(
                f"Port {port}: expected it free or ours, got container {published['container']} of Compose project "
                f"{published['project'] or '(none)'}. Stop that container, or set stack_project to its project."
            )
        elif port in server["listeners"]:
            problems.append(
                f"Port {port}: expected it free, got {server['listeners'][port]} listening on it. "
                "Stop and disable that program; the proxy needs the port."
            )
    return problems


def volumes(existing: Iterable[str], apps: Iterable[App], project: str) -> list[str]:
    """No volume with an app's data carries another project's prefix: the apps would start with empty databases."""
    found = [(name, volume_name(project, name, app.unprefixed_volumes)) for app in apps for name in app.volumes]
    expected = {whole for _name, whole in found}
    prefixed = [name for name, whole in found if name != whole]
    foreign = sorted(volume for volume in existing for name in prefixed if volume.endswith(f"_{name}") and volume not in expected)
    if not foreign:
        return []
    return [
        f"Volumes: expected names that begin with {project}_, got {', '.join(foreign)}. Deploying would start with empty "
        "databases beside that data. Set stack_project to the prefix of these volumes, or, where they are of no use to "
        "these apps, set stack_allow_foreign_volumes to true."
    ]


def daemon_config(content: str) -> list[str]:
    """The Docker daemon's configuration can be merged with ours."""
    if not content.strip():
        return []
    try:
        loaded = json.loads(content)
    except ValueError as error:
        return [f"/etc/docker/daemon.json: expected JSON, got a file that does not parse ({error}). Correct it by hand."]
    if not isinstance(loaded, dict):
        return ["/etc/docker/daemon.json: expected a JSON object, got another value. Correct it by hand."]
    return []


def secrets(given: Iterable[Secret]) -> list[str]:
    """No secret given in the inventory is published, too short, or made of characters that get lost on their way."""
    problems = []
    for secret in given:
        name, value, shortest = secret.name, secret.value, secret.min_length
        if not value:
            continue
        if is_published(value):
            problems.append(
                f"{name}: its value was printed in the public deployment guide, so everybody knows it. "
                "Remove it from the inventory, and the server generates one."
            )
        elif len(value) < shortest:
            problems.append(
                f"{name}: expected at least {shortest} characters, got {len(value)}. "
                "Remove it from the inventory, and the server generates one."
            )
        elif CONTROL.search(value):
            problems.append(
                f"{name}: expected one line without control characters, got another character. A file read by `lookup` may end with "
                "a line break: take it away, or choose another value."
            )
    return problems


def server_names(apps: Sequence[App]) -> list[str]:
    """Each site has valid names, no name belongs to two sites, and an app in the site of another one states that one's."""
    problems = []
    for app in apps:
        if not app.server_names:
            problems.append(f"{app.name}_server_names: expected at least one host name, got none.")
        problems += [
            f"{app.name}_server_names: expected host names such as www.example.org, got {name!r}."
            for name in app.server_names
            if not HOST_NAME.fullmatch(name)
        ]
    claims: dict[str, list[str]] = {}
    sites = {app.name: app for app in apps if not app.site_of}
    for app in sites.values():
        for name in app.server_names:
            claims.setdefault(name, []).append(f"{app.name}_server_names")
    problems += [
        f"Server name {name}: expected it in one site, got it in {' and '.join(variables)}. Take it out of all but one."
        for name, variables in claims.items()
        if len(variables) > 1
    ]
    return problems + [problem for app in apps if app.site_of for problem in _guest(app, sites)]


def _guest(app: App, sites: Mapping[str, App]) -> Iterator[str]:
    """Find why an app cannot be served in the site of another one."""
    host = sites.get(app.site_of)
    if host is None:
        known = ", ".join(sites) or "none"
        yield f"{app.name}_app.site_of: expected an app with a site of its own ({known}), got {app.site_of}. Name one of stack_apps."
        return
    foreign = [name for name in app.server_names if name not in host.server_names]
    if foreign:
        yield (
            f"{app.name}_server_names: expected host names of {host.title}, in whose site it is ({', '.join(host.server_names)}), "
            f'got {", ".join(foreign)}. Write "{{{{ {host.name}_server_names }}}}".'
        )
    if app.certificate != host.certificate:
        yield (
            f"{app.name}_certificate: expected the one of {host.title}, in whose site it is ({host.certificate}), got {app.certificate}. "
            f'Write "{{{{ {host.name}_certificate }}}}".'
        )


def choices(apps: Iterable[App]) -> list[str]:
    """Of variables that exclude one another exactly one is given."""
    problems = []
    for app in apps:
        given = [name for name, value in app.one_of.items() if value]
        if app.one_of and len(given) != 1:
            problems.append(
                f"{app.title}: expected exactly one of {', '.join(app.one_of)}, got {' and '.join(given) or 'none'}. "
                "Set one of them in the inventory."
            )
    return problems


def resolution(server: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Each server name resolves to this server. Only worth a warning: behind NAT or before the move it does not."""
    return [
        f"{name} resolves to {', '.join(found) if found else 'nothing'}, not to an address of this server. "
        "Visitors will not reach it until its DNS record points here."
        for name in names
        if HOST_NAME.fullmatch(name)  # What is none has been refused, and that is enough.
        for found in [server["names"].get(name, [])]
        if not set(found) & set(server["addresses"])
    ]


def windows_scripts(where: str, paths: Sequence[str]) -> list[str]:
    """Scripts whose lines end as Windows ends them are worth a warning: the image is built, but cannot start them."""
    if not paths:
        return []
    shown = ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")
    return [
        f'{where}: expected scripts with line ends of Unix, got those of Windows (CRLF) in {shown}. Linux does not start them ("no '
        'such file or directory"), unless the Dockerfile converts them. Convert them with dos2unix, and let *.sh text eol=lf in '
        ".gitattributes keep them so."
    ]
