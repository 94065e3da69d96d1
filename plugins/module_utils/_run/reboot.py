# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the timer runs at night where an upgrade asks for a restart: the server restarts under the lease, so that no run is cut off."""

from __future__ import annotations

import signal
import sys
import time
import uuid

from .._base.command import execute
from . import lease, ledger

STEP = "restarting the server"
WAIT_SECONDS = 600


def main() -> int:
    """Run once, and return the exit code for the unit."""
    path, host = sys.argv[1:]
    place = lease.Place(path)
    this = ledger.Run(uuid.uuid4().hex, "reboot", "the timer", host, started=ledger.now())
    began = time.monotonic()
    try:
        lease.take_unattended(place, this, STEP, WAIT_SECONDS)
    except lease.LeaseHeld as held:
        # As sd-daemon(3) has it. No failure: there is another night.
        sys.stdout.write(f"<5>{host} is not restarted tonight, since for {WAIT_SECONDS} s {held}\n")
        return 0
    code, _output, error = execute(["systemctl", "reboot"])
    result = "failed" if code else "done"
    ledger.append(path, ledger.entry(this, result, time.monotonic() - began, step=STEP * bool(code), error=error))
    if code:
        lease.give_back(place, this.token)
        return 1
    # Nobody begins a run while the server goes down: the lease ends with this process, which systemd ends.
    signal.pause()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
