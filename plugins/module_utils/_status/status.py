# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a server is, on one screen: what runs, since when and by whom, what it uses, and what one could go back to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .._backup import listing, verdict
from .._backup.manifest import BackupError, moment_of
from .._base.errors import describe
from .._base.times import TIME
from .._certificates.certificate import CertificateError, read_chain
from .._certificates.live import Installed
from .._engine.containers import containers_of
from .._engine.usage import Meter, Usage
from .._health.state import parse_state
from .._offsite import records, settings
from .._offsite.repository import masked
from .._release import live as release_live
from .._release.description import Release
from .._release.live import Live
from .._run import ledger
from .._run.lease import LeaseHeld, Place, inspect
from .sizes import sizes

if TYPE_CHECKING:
    from docker import DockerClient

# Results of a run by which another release may have become the live one.
BROUGHT = ("deployed", "rolled back", "restored")
# Of a command that may bring a release about, such as one that rotates secrets, or leave it as it is.
DONE = "done"
LAST_RUNS = 5


@dataclass(frozen=True)
class Status:
    """Where things lie on the server."""

    root: str
    project: str

    def read(self, client: DockerClient, now: datetime) -> dict[str, Any]:
        """Return everything; what cannot be read is said, and hides nothing else."""
        containers = containers_of(client, self.project)
        meter = Meter(containers)
        live = release_live.read(self.root, self.project, client)
        entries, _unreadable = ledger.read(self.root)
        # Before databases are asked for their sizes, which would be counted as what they use.
        usage = meter.read()
        volumes, databases = sizes(containers, live.description, client)
        backups = [one for one in listing.find_all(self.root) if one.kind == "sealed"]
        disk = os.statvfs(self.root)
        return {
            "project": self.project,
            "release": release_of(live, entries),
            "run": self._at_work(),
            "apps": [{"name": app.name, "title": app.title, "hosts": list(app.server_names)} for app in live.description.apps],
            "containers": containers_shown(live.description, containers, usage, now),
            "volumes": volumes,
            "databases": databases,
            "certificates": list(certificates_of(live.description, now)),
            "backups": backups_of(backups, entries, live, now),
            "snapshots": list(snapshots_of(now)),
            "runs": entries[-LAST_RUNS:][::-1],
            "disk": {"free": disk.f_bavail * disk.f_frsize, "size": disk.f_blocks * disk.f_frsize},
        }

    def _at_work(self) -> str:
        try:
            inspect(Place(self.root))
        except LeaseHeld as held:
            return f"{held.holder}, now at: {held.step}"
        return ""


def release_of(live: Live, entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return which release is live, and which run brought it; nothing of the run where the ledger does not know this very release."""
    digest = live.digest if live.exists else ""
    brought: Mapping[str, Any] = {}
    before = ""
    for entry in entries:
        if not entry["release"] or entry["result"] not in (*BROUGHT, DONE):
            continue
        if entry["release"] == digest and not (entry["result"] == DONE and before == digest):
            brought = entry
        before = entry["release"]
    said = {name: str(brought.get(name, "")) for name in ("action", "result", "by", "commit", "backup", "to")}
    return {"digest": digest, "since": str(brought.get("ended", "")), **said}


def containers_shown(release: Release, containers: Mapping[str, Any], usage: Mapping[str, Usage], now: datetime) -> list[dict[str, Any]]:
    """Return every container of the release, also one that is missing, and whatever else the project has."""
    owners = {name: app.name for app in release.apps for name in app.containers} | dict.fromkeys(release.proxy.containers, "proxy")
    return [container_shown(name, owners.get(name, ""), containers, usage, now) for name in [*owners, *sorted(containers.keys() - owners)]]


def container_shown(name: str, app: str, containers: Mapping[str, Any], usage: Mapping[str, Usage], now: datetime) -> dict[str, Any]:
    blank = {"name": name, "app": app, "status": "missing", "health": "none", "image": "", "restarts": 0, "started": "", "uptime": None}
    if name not in containers:
        return {**blank, **asdict(Usage())}
    state = parse_state(containers[name])
    running = state.status == "running" and state.started
    return {
        **blank,
        "status": state.status,
        "health": state.health,
        "image": state.image,
        "restarts": state.restarts,
        "started": state.started.strftime("%Y-%m-%dT%H:%M:%SZ") if state.started else "",
        "uptime": round((now - state.started).total_seconds()) if running and state.started else None,
        **asdict(usage.get(name, Usage())),
    }


def certificates_of(release: Release, now: datetime) -> Iterable[dict[str, Any]]:
    """Yield each certificate with its days, or why it cannot be read."""
    hosts: dict[str, list[str]] = {}
    for app in release.apps:
        if app.certificate:
            hosts.setdefault(app.certificate, []).extend(app.server_names)
    for name, names in sorted(hosts.items()):
        try:
            leaf = read_chain(Installed(name).chain_file)[0]
        except CertificateError as error:
            yield {"name": name, "hosts": names, "days_left": None, "not_after": "", "error": str(error)}
        else:
            yield {
                "name": name,
                "hosts": names,
                "days_left": round(leaf.days_left(now), 1),
                "not_after": leaf.not_after.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "error": "",
            }


def backups_of(backups: list[listing.Found], entries: list[dict[str, Any]], live: Live, now: datetime) -> dict[str, Any]:
    """Return how many there are, how old the newest is, and where rollback.yml would go that is told nothing."""
    newest = backups[-1].id if backups else ""
    moment = moment_of(newest) if newest else None
    try:
        chosen, reason = verdict.previous(backups, entries, live).id, ""
    except BackupError as error:
        chosen, reason = "", describe(error)
    age = round((now - moment).total_seconds()) if moment else None
    return {"count": len(backups), "newest": newest, "age": age, "previous": chosen, "reason": reason}


def snapshots_of(now: datetime) -> Iterable[dict[str, Any]]:
    """Yield each repository elsewhere with the age of its last snapshot, and what failed last."""
    wanted, known = settings.load(), records.read()
    for shown in map(masked, wanted.repositories if wanted else ()):
        one = known.of(shown)
        age = round((now - datetime.strptime(one.snapshot.at, TIME).replace(tzinfo=timezone.utc)).total_seconds()) if one.snapshot else None
        troubles = [f"{doing}: {trouble.text}" for doing, trouble in one.troubles.items()]
        yield {"location": shown, "age": age, "error": " ".join(troubles)}
