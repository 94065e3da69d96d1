# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the sites answer as they must: the gate's own probes of the live release, asked by the gate's own code."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from .._base.sentence import say
from .._health.gate import MAX_WORKERS, OK, Probe, ProbeResult
from .._health.probes import probe_of
from .containers import again
from .finding import Finding, failed, passed, warning
from .observed import Observed
from .trusting import trusting

# Seconds until a site that failed is asked again: nginx may just reload, a name have just moved.
PATIENCE = 1.0


def check(server: Observed) -> Iterator[Finding]:
    """Yield what each site answered; of an app that somebody stopped on purpose nothing is expected."""
    asleep = {app.name: sorted(server.on_purpose.keys() & set(app.containers)) for app in server.release.apps}
    for name, stopped in asleep.items():
        if stopped:
            text = say("is not asked: {containers} was stopped on purpose", containers=", ".join(stopped))
            yield warning("endpoints", name, text, again(server, stopped[0]))
    trusted = trusting(server.release)
    timeout = server.settings.timeout
    wanted = [one for app in server.release.apps if not asleep[app.name] for one in app.checks]
    probes = [probe_of(one, trusted.context, timeout, trusted.ca_file, trusted.chains) for one in wanted]
    with ThreadPoolExecutor(MAX_WORKERS) as pool:
        for probe, result in zip(probes, pool.map(asked, probes), strict=True):
            if result == OK:
                yield passed("endpoints", probe.name, say("answers as it must"))
            else:
                text = say("{expectation}, got: {error}", expectation=probe.expectation, error=result.error)
                yield failed("endpoints", probe.name, text, probe.next_step())


def asked(probe: Probe) -> ProbeResult:
    """Ask, and once more where that failed: one slow answer of a busy server is no failure."""
    result = probe.check()
    if result == OK:
        return result
    time.sleep(PATIENCE)
    return probe.check()
