# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Renewing what our certbot keeps, and serving what others renew, without anybody watching: what the timer runs on the server.

Usage: python3 -m ansible_collections.rarebooks.platform.plugins.module_utils._certbot.renewal SETTINGS

certbot's own deploy hooks are not used: it exits with 0 when one of them fails (certbot issue 8528). So what is on disk is
compared with what is served at every run, and what an earlier one left undone is done.
"""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime, timezone

from .._certificates import trial
from .._certificates.certificate import Certificate
from .._certificates.live import Installed
from .._run import lease, ledger
from . import install, plan
from .client import run
from .ensure import CERTIFICATE_ERRORS
from .orders import Orders
from .settings import Settings

STEP = "renewing certificates"
# A deploy may hold the lease; the timer comes again in half a day, so there is time.
WAIT_SECONDS = 1800
# Between tries to serve what others have renewed, who may be in the middle of writing chain and key.
PAUSES = (1, 2, 4)
NO_PROXY = "the proxy {} does not run, so that nobody is served: see `docker ps --all`"


@dataclass
class Renewal:
    """What a run did."""

    renewed: list[str] = field(default_factory=list)
    installed: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def renew(orders: Orders, settings: Settings, forced: Container[str] = ()) -> Renewal:
    """Renew each lineage that is due or forced, and have it served. One that fails keeps no other from being renewed."""
    done, sites = Renewal(), settings.sites()
    for name in orders.certbot.names():
        if problems := _renew_one(orders, settings, name, sites.get(name, []), name in forced, done):
            done.failed[name] = "\n".join(problems)
        lineage = orders.certbot.lineage(name)
        _judge(settings, name, lineage.pair.leaf if lineage else None, done)
    for name in sorted(set(sites) - set(orders.certbot.names())) if settings.existing() else ():
        if problem := _serve_one(settings, name, sites[name], done):
            done.failed[name] = problem
        # One that cannot be used has been told of by who has it served.
        _judge(settings, name, trial.usable(Installed(name, settings.live).pair()), done)
    return done


def _renew_one(orders: Orders, settings: Settings, name: str, hosts: list[str], forced: bool, done: Renewal) -> list[str]:
    """Renew one, and have it served; return what went wrong."""
    lineage = orders.certbot.lineage(name)
    if lineage is None:
        return [f"{orders.certbot.root}/renewal/{name}.conf: expected a lineage with key and chain, got an incomplete one"]
    problems = []
    try:
        if orders.renew(lineage, forced):
            done.renewed.append(name)
    except CERTIFICATE_ERRORS as error:
        problems.append(str(error))
    # Also when nothing was renewed: an earlier run may have been cut off before nginx read it.
    latest = orders.certbot.lineage(name) or lineage
    if hosts and not install.runs(settings):
        problems.append(NO_PROXY.format(settings.proxy))
    try:
        if install.install(settings, name, latest.pair, hosts):
            done.installed.append(name)
    except CERTIFICATE_ERRORS as error:
        problems.append(str(error))
    return problems


def _serve_one(settings: Settings, name: str, hosts: list[str], done: Renewal) -> str:
    """Have one served that others have renewed; return what went wrong."""
    if not install.runs(settings):
        return NO_PROXY.format(settings.proxy)
    problem = ""
    for pause in (*PAUSES, 0):
        try:
            if install.serve(settings, name, hosts):
                done.installed.append(name)
            return ""
        except CERTIFICATE_ERRORS as error:
            problem = str(error)
        time.sleep(pause)
    return problem


def _judge(settings: Settings, name: str, leaf: Certificate | None, done: Renewal) -> None:
    """Say loudly when the end is near, whatever the reason."""
    if leaf is None:
        return
    left = leaf.days_left(datetime.now(timezone.utc))
    if left < plan.threshold(leaf, settings.fail_days) and name not in done.renewed:
        reason = done.failed.get(name, "nobody has renewed it" if settings.existing() else "certbot did not find it due")
        done.failed[name] = f"IT EXPIRES IN {left:.1f} DAYS, on {leaf.not_after:%Y-%m-%d %H:%M} UTC: {reason}"


def run_command(argv: list[str]) -> tuple[int, str, str]:
    """Run a command as a module would."""
    code, said = run(argv, {})
    return code, said, ""


def tell(text: str, urgent: bool) -> None:
    """Write to the journal; each line carries its priority, sd-daemon(3)."""
    for line in text.splitlines():
        sys.stdout.write(f"<{3 if urgent else 6}>{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Run once, and return the exit code for the unit."""
    settings = Settings.load(sys.argv[1])
    place = lease.Place(settings.stack_path)
    this = ledger.Run(uuid.uuid4().hex, "renewal", "the timer", settings.host, started=ledger.now())
    began = time.monotonic()
    try:
        orphan = lease.take_unattended(place, this, STEP, WAIT_SECONDS)
    except lease.LeaseHeld as held:
        tell(f"{settings.host}: certificates were not looked at, since for {WAIT_SECONDS} s {held}", urgent=True)
        return 1
    try:
        done = renew(Orders(settings, run_command), settings)
        for name in done.renewed:
            tell(f"{settings.host}: certificate {name} was renewed", urgent=False)
        for name in done.installed:
            tell(f"{settings.host}: certificate {name} is served", urgent=False)
        for name, error in done.failed.items():
            tell(f"{settings.host}: certificate {name}: {error}", urgent=True)
        if done.renewed or done.installed or done.failed:
            result = "failed" if done.failed else "renewed"
            error = "; ".join(f"{name}: {' '.join(text.split())}" for name, text in done.failed.items())
            ledger.append(settings.stack_path, ledger.entry(this, result, time.monotonic() - began, step=STEP * bool(error), error=error))
        return 1 if done.failed else 0
    finally:
        lease.give_back(place, this.token, orphan)


if __name__ == "__main__":
    raise SystemExit(main())
