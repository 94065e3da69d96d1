# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What two apps of one server must not share: an engine has each name of a container, a volume and a network once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, volume_name


def problems(apps: Sequence[App], proxy_containers: Iterable[str], project: str) -> list[str]:
    """Return a sentence for each name that two apps claim."""
    claims: dict[tuple[str, str], list[str]] = {("Container", name): ["the proxy"] for name in proxy_containers}
    for app in apps:
        for claim in dict.fromkeys(_claimed(app, project)):
            claims.setdefault(claim, []).append(app.name)
    return [
        f"{kind} {name}: expected it in one app, got it in {' and '.join(owners)}. Give it another name in all but one."
        for (kind, name), owners in claims.items()
        if len(owners) > 1
    ]


def _claimed(app: App, project: str) -> Iterator[tuple[str, str]]:
    yield "App", app.name
    for container in app.containers:
        yield "Container", container
    for volume in app.volumes:
        yield "Volume", volume_name(project, volume, app.unprefixed_volumes)
    for network in sorted(app.networks):
        yield "Network", network
