# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A question about a server's logs, as the module log_info is asked it, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from .._base import secret_store
from .._engine import kept_logs
from .._engine.containers import containers_of
from .._release import live
from .._secrets import kept
from . import report, tail
from .chosen import containers_called
from .moment import moment
from .source import Span

if TYPE_CHECKING:
    from docker import DockerClient

USUALLY = timedelta(hours=1)
EVER = datetime(2000, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Query:
    """The options of the module, by their names there; since and before as people type them."""

    path: str
    project: str
    secrets_file: str
    app: str
    since: str
    before: str
    slow: float
    # The last lines as they are; 0 for warnings and errors.
    lines: int
    # Seconds to wait for lines that come after those that were seen last, by container; 0 not to wait.
    wait: float
    seen: dict[str, str]

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Query:
        return cls(**{item.name: params[item.name] for item in fields(cls)})

    def span(self, now: datetime) -> Span:
        """Return the time that is asked about; the last lines are the last ones, however old."""
        usually = EVER if self.lines else now - USUALLY
        since = moment("logs_since", self.since, now) if self.since else usually
        return Span(since, moment("logs_until", self.before, now) if self.before else None)


def answer(client: DockerClient, query: Query, now: datetime) -> dict[str, Any]:
    """Return what the module returns."""
    span = query.span(now)
    present = containers_of(client, query.project)
    gone = {one.container for one in kept_logs.listing(query.path)}
    release = live.stated(query.path)
    names = containers_called(query.app, release, present, gone)
    secrets = kept.live_masks(query.path, secret_store.load(query.secrets_file) if query.secrets_file else {})
    result: dict[str, Any] = {
        "containers": sorted(names),
        "since": span.since.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "until": (span.until or now).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "events": [],
        "requests": [],
        "archives": [],
        "problems": [],
        "lines": [],
        "seen": {},
    }
    logs = tail.Logs(client, query.path, query.project, names)
    if query.wait:
        seen = {name: query.seen.get(name, now.isoformat().partition("+")[0]) for name in names}
        found = tail.follow(logs, seen, query.wait)
        return {**result, "lines": tail.shown(found, secrets), "seen": {**seen, **{one.container: one.time for one in found}}}
    if query.lines:
        return {**result, "lines": tail.shown(tail.last(logs, span, query.lines), secrets)}
    return {**result, **report.read(client, query.path, query.project, names, span, query.slow).to_dict(secrets)}
