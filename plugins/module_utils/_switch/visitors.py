# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What visitors got from the sites before a switch, to be compared with what they get after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from .._health import traffic
from .._health.reader import DockerReader
from .._health.traffic import ReadLog, TrafficProbe
from .._release.description import App
from .server import Server
from .target import Target

SECONDS_TO_READ = 15


@dataclass(frozen=True)
class Visitors:
    """The proxy, and what its log said before the switch."""

    proxy: str
    read: ReadLog
    log: str

    @classmethod
    def of(cls, server: Server, target: Target) -> Visitors | None:
        """Read the log now, since the proxy itself may be replaced; return nothing where nobody watches."""
        if not (server.watch and target.proxy):
            return None
        read = partial(DockerReader(SECONDS_TO_READ).logs, target.proxy[0])
        return cls(target.proxy[0], read, traffic.before(read))

    def probes(self, apps: Sequence[App]) -> list[TrafficProbe]:
        """Return what to ask of the sites of these apps from now on."""
        return [TrafficProbe(app.title, app.server_names, self.read, self.log, self.proxy) for app in apps if app.server_names]
