# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Findings for a Prometheus node exporter, in its textfile format."""

from __future__ import annotations

import os
from collections.abc import Mapping

from .._base.files import write_durably
from .changes import Level

FILE = "rarebooks.prom"
VALUES: Mapping[Level, int] = {"passed": 0, "warning": 1, "failed": 2}


def write(directory: str, lines: str) -> str:
    """Write the file at once, as a collector may read at any time; return why it could not be written."""
    try:
        write_durably(os.path.join(directory, FILE), lines.encode(), 0o644)
    except OSError as error:
        return f"{directory}: {error.strerror}"
    return ""


def render(host: str, found: Mapping[str, Level], failing: int, ended: float, seconds: float) -> str:
    """Return the file. Keys of what was found are ``area/subject``; ended is seconds since 1970."""
    rows = [
        _metric("finding", "0 passed, 1 warning, 2 failed", [_row(host, key, VALUES[level]) for key, level in sorted(found.items())]),
        _metric("targets_failing", "Targets of notifications that do not take messages", [_plain(host, failing)]),
        _metric("last_run_timestamp_seconds", "When the server was last verified", [_plain(host, round(ended))]),
        _metric("duration_seconds", "How long that took", [_plain(host, round(seconds, 3))]),
    ]
    return "".join(rows)


def _metric(name: str, help_text: str, rows: list[str]) -> str:
    name = f"rarebooks_verify_{name}"
    head = [f"# HELP {name} {help_text}", f"# TYPE {name} gauge"]
    return "\n".join([*head, *(name + row for row in rows)]) + "\n"


def _plain(host: str, value: float) -> str:
    return f'{{server="{_escaped(host)}"}} {value}'


def _row(host: str, key: str, value: int) -> str:
    area, _slash, subject = key.partition("/")
    return f'{{server="{_escaped(host)}",area="{_escaped(area)}",subject="{_escaped(subject)}"}} {value}'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
