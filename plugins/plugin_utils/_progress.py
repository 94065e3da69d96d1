# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a long step is at on a server, on its way from the heartbeat of the lease to the screen.

A file for each host in the directory that Ansible makes for this run and removes after it: the heartbeat is another process, which may
neither print nor be waited for.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from hashlib import sha256

from ansible import constants
from ansible_collections.rarebooks.platform.plugins.module_utils._run.lease import INTERVAL
from ansible_collections.rarebooks.platform.plugins.module_utils._run.progress import MARK

# What is older tells nothing of this moment any more: the connection may be gone.
FRESH = 3 * INTERVAL
LONGEST = 200


def _file(host: str) -> str:
    return os.path.join(constants.DEFAULT_LOCAL_TMP, f"rarebooks.platform.{sha256(host.encode()).hexdigest()[:16]}")


def keep(host: str, output: str) -> None:
    """Keep what a heartbeat has brought along, if it has."""
    line = next((one.partition(MARK)[2] for one in output.splitlines() if MARK in one), "")
    if line:
        with suppress(OSError), open(_file(host), "w", encoding="utf-8") as stream:
            stream.write(line)


def latest(host: str, since: float) -> str:
    """Return what the step is at that began on a host at this time, empty where nothing is known."""
    try:
        with open(_file(host), encoding="utf-8", errors="replace") as stream:
            known = os.fstat(stream.fileno()).st_mtime >= max(since, time.time() - FRESH)
            text = stream.read() if known else ""
    except OSError:
        return ""
    # It comes from a server, and goes to a terminal.
    line = "".join(one for one in text if one.isprintable())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} ..."
