# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A process of the controller's that tells the server, while a run lives, that it does."""

from __future__ import annotations

import os
import shlex
import signal
import time
from collections.abc import Callable

from ansible.utils.display import Display
from ansible_collections.rarebooks.platform.plugins.module_utils import _process
from ansible_collections.rarebooks.platform.plugins.module_utils._lease import INTERVAL

LOOK_SECONDS = 0.5
GONE = 3
# A connection may fail for a moment; a lease is stale after four beats.
FAILURES = 3


def start(on_server: Callable[[str], int], path: str, pid: int, pid_start: int) -> None:
    """Start the heartbeat of a run whose main process is pid; it ends with that process, or when the file is gone.

    Twice forked, so that it is nobody's child; in a session of its own, so that Ctrl-C at a terminal does not reach it; and
    with no open file of Ansible's but its connection's, so that nobody who reads Ansible's output waits for it.
    """
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        os.setsid()
        if os.fork() == 0:
            detach()
            beat(on_server, path, pid, pid_start)
    finally:
        os._exit(0)


def detach() -> None:
    """Let go of the terminal, of pipes, and of Ansible's queue of messages."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.closerange(3, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") < 65536 else 65536)
    display = Display()
    display.verbosity = 0
    display._final_q = None


def beat(on_server: Callable[[str], int], path: str, pid: int, pid_start: int) -> None:
    """Send beats until the run or its lease has ended; a run that died is told of at once."""
    file = shlex.quote(path)
    failures, due = 0, time.monotonic()
    while _process.alive(pid, pid_start):
        if time.monotonic() >= due:
            code = attempt(on_server, f"[ -e {file} ] || exit {GONE}; cut -d' ' -f1 /proc/uptime > {file}")
            failures = 0 if code == 0 else failures + 1
            if code == GONE or failures > FAILURES:
                return
            due = time.monotonic() + INTERVAL
        time.sleep(LOOK_SECONDS)
    attempt(on_server, f"rm -f {file}")


def attempt(on_server: Callable[[str], int], command: str) -> int:
    """Return the exit code of a command on the server, or 255 where it cannot be reached."""
    try:
        return on_server(command)
    except Exception:
        return 255
