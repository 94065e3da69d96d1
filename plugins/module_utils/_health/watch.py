# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether what serves goes on serving for a while: a new version that dies, does so mostly in its first minute."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from .gate import MAX_WORKERS, GateResult, Probe, Record

# Seconds between two rounds, and how often in a row what is asked through the proxy has to fail: a single answer may be lost.
INTERVAL = 2.0
IN_A_ROW = 3
# Of a container nothing is known for a while where the engine is restarted, and what runs in it goes on.
UNKNOWN_IN_A_ROW = 30


def keep_watching(
    probes: Sequence[Probe],
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> GateResult:
    """Ask probes that hold, round by round, until the time is up and all hold, or one does not any more.

    A container that has ended, or is unhealthy, is an answer at once; whatever else fails has to do so in some rounds in a row, and one of
    which nothing is known in more of them.
    """
    began = clock()
    records = [Record(probe) for probe in probes]
    in_a_row: Counter[Probe] = Counter()
    with ThreadPoolExecutor(max_workers=MAX_WORKERS) as pool:
        while True:
            for record, outcome in zip(records, pool.map(lambda one: one.probe.check(), records), strict=True):
                record.note(outcome, clock() - began)
                in_a_row[record.probe] = 0 if record.ok else in_a_row[record.probe] + 1
            ended = [one for one in records if one.probe.kind == "container" and one.outcome and one.outcome.verdict == "failed"]
            if ended or any(times >= (UNKNOWN_IN_A_ROW if one.kind == "container" else IN_A_ROW) for one, times in in_a_row.items()):
                return GateResult(records, clock() - began, failed_fast=True)
            left = seconds - (clock() - began)
            if left <= 0 and all(record.ok for record in records):
                return GateResult(records, clock() - began, failed_fast=False)
            sleep(min(INTERVAL, left) if left > 0 else INTERVAL)
