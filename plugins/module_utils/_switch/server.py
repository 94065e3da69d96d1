# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The server as all that belongs to a switch uses it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .._base.command import RunCommand
from .._engine.compose import Project
from .._engine.kept_logs import KeptLogs
from .._run.progress import Tell, nobody

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass(frozen=True)
class Server:
    """The server as a switch uses it. The paths are those nginx reads, the record remembers what it has read."""

    client: DockerClient
    run_command: RunCommand
    root: str
    project: str
    proxy_paths: list[str]
    proxy_record: str
    ca_file: str | None
    # Whether a certificate counts as trusted because it is the one on disk.
    certificates_on_disk: bool
    # Seconds the gate waits, 0 for those that the containers' health checks make it, but then not less than at_least.
    deadline: float
    secrets: dict[str, str]
    at_least: float = 0
    logs: KeptLogs = field(default_factory=KeptLogs)
    # Seconds for which what was switched to is watched after its gate has opened.
    watch: float = 0
    # Containers of which two versions must not run at once, and why, as a rehearsal finds out before the switch.
    alone: dict[str, str] = field(default_factory=dict)
    # The services that a switch is about, and no others; all of them where none are named.
    services: tuple[str, ...] = ()
    # Tells whoever waits for the switch what it is at.
    tell: Tell = nobody

    @property
    def compose(self) -> Project:
        return Project(self.client, self.run_command, self.root, self.project, logs=self.logs, only=self.services)

    @property
    def way_back(self) -> Server:
        """Return the server as a release that served is brought back to it.

        Its gate waits as long as the health checks of that release's own containers say. A deadline that was set for the release
        that failed may lengthen this, and never shortens it: it may be the very reason for the failure. It has served before, and there
        is nothing to go back to if it does not go on: nobody waits for that.
        """
        return replace(self, deadline=0, at_least=max(self.deadline, self.at_least), watch=0)
