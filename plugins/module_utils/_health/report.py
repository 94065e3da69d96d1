# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person reads when the gate did not open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .container import ContainerProbe
from .diagnosis import diagnose
from .gate import GateResult, Record

# Lines of a log that a person reads on the screen. The cause is sought in more of them, and the whole log is kept.
SHOWN = 20


@dataclass(frozen=True)
class ContainerReport:
    """A container as the gate saw it last. What explains trouble is empty where there is none."""

    name: str
    state: str = "missing"
    health: str = "none"
    exit_code: int | None = None
    oom_killed: bool = False
    restarts: int = 0
    image: str = ""
    cause: str = ""
    probe_output: str = ""
    logs: list[str] = field(default_factory=list)


def report_container(probe: ContainerProbe, ok: bool, log: str) -> ContainerReport:
    """Return the report on a container, with its log and the likely cause unless it is healthy."""
    state = probe.state
    if state is None:
        return ContainerReport(probe.name, cause="it was never created, was removed, or has another name")
    report = ContainerReport(
        name=probe.name,
        state=state.status,
        health=state.health,
        exit_code=state.exit_code,
        oom_killed=state.oom_killed,
        restarts=state.restarts,
        image=state.image,
    )
    if ok:
        return report
    return replace(
        report,
        cause=diagnose(state, log, state.probe_output),
        probe_output=state.probe_output,
        logs=[line.expandtabs().rstrip() for line in log.splitlines()],
    )


def probe_report(record: Record) -> dict[str, Any]:
    """Return what the module returns about a probe."""
    return {
        "name": record.probe.name,
        "kind": record.probe.kind,
        "ok": record.ok,
        "attempts": record.attempts,
        "elapsed": round(record.elapsed, 1),
        "last_error": record.last_error,
    }


def wrong(result: GateResult) -> str:
    """Say how many probes do not hold."""
    return f"{sum(not record.ok for record in result.records)} of {len(result.records)} probes do not hold"


def headline(result: GateResult, deadline: float) -> str:
    """Say how the gate ended, and why it did not wait longer."""
    count = wrong(result)
    if not result.failed_fast:
        return f"The health gate did not open within its deadline of {deadline:g} s: {count}."
    dead = [record.probe.name for record in result.records if record.outcome and record.outcome.verdict == "failed"]
    return (
        f"The health gate gave up after {result.elapsed:.1f} s of at most {deadline:g} s, because waiting "
        f"cannot help {' and '.join(dead)}: {count}."
    )


def probe_lines(record: Record) -> list[str]:
    """Say what does not hold, where it was asked, and what came instead."""
    tried = f"{record.attempts} attempt{'s' * (record.attempts != 1)}"
    error = record.outcome.error if record.outcome else "not asked, since a container had failed"
    return [
        f"- {record.probe.kind} {record.probe.name} ({tried})",
        f"  expected: {record.probe.expectation}",
        f"  got:      {error}",
    ]


def container_lines(report: ContainerReport) -> list[str]:
    """Show a container that is unhealthy: its end, the likely cause, its last probe, its last words."""
    lines = [f"Container {report.name}", f"  Likely cause: {report.cause}."]
    if report.state != "missing":
        end = f", exit code {report.exit_code}{', OOMKilled' * report.oom_killed}" if report.state != "running" else ""
        lines.append(f"  State: {report.state}{end}, health {report.health}, restarts {report.restarts}")
        lines.append(f"  Image: {report.image}")
    if report.probe_output:
        lines += ["  Its last health probe said:", *quoted(report.probe_output.splitlines())]
    if report.logs:
        shown = report.logs[-SHOWN:]
        lines += [f"  Its log ends with ({len(shown)} lines):", *quoted(shown)]
    elif report.state != "missing":
        lines.append("  Its log is empty.")
    return lines


def quoted(lines: Sequence[str]) -> list[str]:
    return [f"    | {line.expandtabs().rstrip()}" for line in lines]


def render(result: GateResult, headline: str, containers: Sequence[ContainerReport]) -> str:
    """Return the whole message."""
    failing = [record for record in result.records if not record.ok]
    lines = [headline, ""]
    for record in failing:
        lines += probe_lines(record)
    for report in containers:
        if report.cause:
            lines += ["", *container_lines(report)]
    steps = dict.fromkeys(record.probe.next_step() for record in failing if record.attempts)
    lines += ["", "To look further, on the server:", *(f"  {step}" for step in steps)]
    return "\n".join(lines)
