# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What containers logged that somebody should know of, in a span of time, also by containers that are gone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from .._base.errors import describe
from .._engine.containers import containers_of
from . import source
from .event import Reader
from .group import Groups
from .masking import masked
from .source import Span

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass
class Report:
    """The groups, the archives that were read, and what could not be read."""

    groups: Groups = field(default_factory=Groups)
    archives: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def to_dict(self, secrets: Mapping[str, str]) -> dict[str, Any]:
        """Return it as a result of a module, without secrets."""
        found = self.groups.sorted_events()
        events = [{**asdict(one), "signature": one.said(secrets), "example": one.shown(secrets)} for one in found]
        requests = [{**asdict(one), "failed": one.failed} for one in self.groups.sorted_requests()]
        for one in requests:
            one["path"] = masked(one["path"], secrets)
        return {"events": events, "requests": requests, "archives": self.archives, "problems": self.problems}


def read(client: DockerClient, root: str, project: str, containers: Collection[str], span: Span, slow: float = 0) -> Report:
    """Read the logs of these containers of the project, and of those by the same names that went before them."""
    report = Report()
    for kept in source.kept(root, containers, span):
        report.archives.append(kept.path)
        for one in Reader(slow).events(source.of_archive(kept, span)):
            report.groups.add(kept.container, one, kept.path)
    for name, inspected in containers_of(client, project).items():
        if name in containers:
            try:
                for one in Reader(slow).events(source.of_container(client, inspected, span)):
                    report.groups.add(name, one)
            except Exception as error:  # Such as a driver whose logs the engine cannot read.
                report.problems.append(f"The log of {name} cannot be read: {describe(error)}")
    return report
