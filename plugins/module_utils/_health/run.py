# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run of the gate, from what is asked for to what is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from functools import partial
from typing import Any

from .._base.secret_store import mask
from .._certificates.trust import trust
from .._run.progress import Tell, nobody
from . import reader as health_reader
from . import report as health_report
from . import site as health_site
from .container import ContainerProbe, ContainerReader
from .deadline import derive_deadline
from .gate import GateResult, Probe, Record, run_gate
from .outlook import Outlook
from .probes import Check, probe_of
from .progress import waited_for
from .report import probe_report, render, report_container
from .tls import TlsCheck, TlsProbe
from .traffic import TrafficProbe
from .watch import keep_watching


@dataclass(frozen=True)
class Gate:
    """What must hold, by when; the fields are options of the module health, where those called probes are its http."""

    containers: Sequence[str] = ()
    probes: Sequence[Check] = ()
    tls: Sequence[TlsCheck] = ()
    ca_file: str | None = None
    trusted: Sequence[str] = ()
    timeout: int = 5
    deadline: float = 0
    # Where the deadline is derived, it is not shorter than this.
    at_least: float = 0
    interval: float = 0.5
    log_lines: int = 50


def masked(value: Any, secrets: dict[str, str]) -> Any:
    """Return a result with each secret in its texts masked."""
    if isinstance(value, str):
        return mask(value, secrets)
    if isinstance(value, list):
        return [masked(item, secrets) for item in value]
    if isinstance(value, dict):
        return {key: masked(item, secrets) for key, item in value.items()}
    return value


def container_probes(gate: Gate, reader: health_reader.DockerReader, sites: Sequence[Probe]) -> list[ContainerProbe]:
    """Return the probes of the containers, each of which ends the gate where nothing can come of its container any more."""
    began = datetime.now(timezone.utc)
    probes: list[ContainerProbe] = []

    def doubt() -> bool:
        return any(isinstance(site, health_site.HttpProbe) and site.doubtful for site in sites)

    for name in gate.containers:
        outlook = Outlook(reader, name, partial(processes_behind, name, probes), doubt)
        probes.append(ContainerProbe(reader, name, began, outlook))
    return probes


def processes_behind(name: str, probes: Sequence[ContainerProbe]) -> list[int]:
    """Return the first processes of the containers that one waits for, of all others where it does not say for which."""
    states = {probe.name: probe.state for probe in probes if probe.state}
    wanted = states[name].depends_on if name in states else None
    project = states[name].project if name in states else ""
    return [
        state.pid
        for other, state in states.items()
        if other != name and state.pid and (wanted is None or (state.project == project and state.service in wanted))
    ]


def outcome(
    result: GateResult,
    containers: list[ContainerProbe],
    reader: ContainerReader | None,
    log_lines: int,
    deadline: float,
    headline: str = "",
) -> dict[str, Any]:
    """Return what is told of a gate, or of a watch; the log of a container is read only if it is unhealthy."""
    healthy = {record.probe for record in result.records if record.ok}
    served = [record.probe for record in result.records if isinstance(record.probe, TlsProbe)]
    reports = []
    for probe in containers:
        log = reader.logs(probe.name, log_lines) if reader and probe not in healthy else ""
        reports.append(report_container(probe, probe in healthy, log))
    count = len(result.records)
    held = f"{count} of {count} probes hold after {result.elapsed:.1f} s."
    return {
        "msg": held if result.held else render(result, headline or health_report.headline(result, deadline), reports),
        "probes": [probe_report(record) for record in result.records],
        "containers": [asdict(report) for report in reports],
        "certificates": list(filter(None, (probe.report() for probe in served))),
        "expiring": list(filter(None, (probe.expiring() for probe in served))),
        "elapsed": round(result.elapsed, 1),
        "deadline": deadline,
        "failed_fast": result.failed_fast,
    }


def site_probes(gate: Gate) -> tuple[list[Probe], list[TlsProbe]]:
    """Return the probes of sites, and those of their certificates."""
    if not (gate.probes or gate.tls):
        return [], []
    context = trust(gate.ca_file, gate.trusted)
    sites = [probe_of(check, context, gate.timeout, gate.ca_file, gate.trusted) for check in gate.probes]
    return sites, [TlsProbe(check, context, gate.timeout, gate.ca_file, gate.trusted) for check in gate.tls]


def wait_until_healthy(gate: Gate, secrets: dict[str, str], tell: Tell = nobody) -> tuple[bool, dict[str, Any]]:
    """Wait until everything holds or cannot any more, and tell what is waited for; say whether it does, and the result, secrets masked.

    DockerUnavailable says that the engine does not answer.
    """
    reader = health_reader.DockerReader(gate.timeout) if gate.containers else None
    sites, certificates = site_probes(gate)
    containers = container_probes(gate, reader, sites) if reader else []
    looks = [probe.look() for probe in containers]
    deadline = float(gate.deadline or derive_deadline(looks, datetime.now(timezone.utc), gate.at_least))

    def observe(records: Sequence[Record]) -> None:
        tell(masked(waited_for(records, datetime.now(timezone.utc)), secrets))

    result = run_gate([containers, [*sites, *certificates]], deadline, gate.interval, observe=observe)
    return result.held, masked(outcome(result, containers, reader, gate.log_lines, deadline), secrets)


def watch(gate: Gate, traffic: Sequence[TrafficProbe], seconds: float, secrets: dict[str, str]) -> tuple[bool, dict[str, Any]]:
    """Watch what the gate has found to serve for so many seconds; say whether it goes on, and the result with secrets masked."""
    reader = health_reader.DockerReader(gate.timeout)
    # Whatever a health check is yet to find, visitors notice as well.
    containers = [ContainerProbe(reader, name, datetime.now(timezone.utc)) for name in gate.containers]
    result = keep_watching([*containers, *site_probes(gate)[0], *traffic], seconds)
    count = health_report.wrong(result)
    told = f"It served, but not for the {seconds:g} s that it was watched after that: after {result.elapsed:.0f} s {count}."
    return result.held, masked(outcome(result, containers, reader, gate.log_lines, seconds, told), secrets)
