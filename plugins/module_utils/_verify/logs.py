# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the containers logged as errors in the last minutes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta

from .._base.sentence import say
from .._health.state import parse_time
from .._logs import report
from .._logs.masking import masked
from .._logs.source import Span
from .._release import journal
from .._run import ledger
from .finding import Finding, failed, passed, warning
from .observed import Observed

# Kinds of errors that are told; the rest is for a command that shows logs alone.
MOST = 10


def check(server: Observed) -> Iterator[Finding]:
    """Yield the errors, by container and kind."""
    since = beginning(server)
    minutes = math.ceil((server.began - since).total_seconds() / 60)
    found = report.read(server.client, server.settings.path, server.settings.project, server.wanted, Span(since))
    step = say("See them whole: {command}", command="ansible-playbook logs.yml")
    errors = [one for one in found.groups.sorted_events() if one.level == "error"]
    for one in errors[:MOST]:
        text = say("{count} x in {minutes} minutes: {error}", count=one.count, minutes=minutes, error=one.said(server.secrets))
        yield failed("logs", one.container, text, step)
    if errors[MOST:]:
        text = say("{count} more kinds of errors in {minutes} minutes", count=len(errors) - MOST, minutes=minutes)
        yield failed("logs", "other errors", text, step)
    for request in [one for one in found.groups.sorted_requests() if one.failed][:MOST]:
        text = say(
            "{count} x in {minutes} minutes the answer was {status}",
            count=request.count,
            minutes=minutes,
            status=request.status,
        )
        what = f"{request.method} {request.host}{masked(request.path, server.secrets)}"
        yield warning("logs", what, text, step)
    for problem in found.problems:
        yield warning("logs", "engine", say("{error}", error=problem), "systemctl status docker")
    if not errors:
        yield passed("logs", "containers", say("no errors in {minutes} minutes", minutes=minutes))


def beginning(server: Observed) -> datetime:
    """Return from when on errors count: what a switch broke for a moment, or started with, is over once its release was proven."""
    entries, _unreadable = ledger.read(server.settings.path)
    ended = [moment for one in entries if one["result"] in journal.PROVEN and (moment := parse_time(one["ended"]))]
    return min(server.began, max([server.began - timedelta(minutes=server.settings.log_minutes), *ended[-1:]]))
