# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's part of lease: who runs, whether a holder on this machine is dead, and the heartbeat."""

from __future__ import annotations

import getpass
import logging
import os
import shlex
import signal
import socket
import subprocess
import time
import uuid
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.rarebooks.platform.plugins.module_utils._base import process
from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease, ledger
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _commands, _progress
from ansible_collections.rarebooks.platform.plugins.plugin_utils._failure import error_of

MODULE = "rarebooks.platform.lease"
LOOK = 0.5
RETRY = 1.0
RETRIES = 10
GONE = 3


def controller() -> str:
    """Return what this machine or container shares with no other: process numbers mean the same only there."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as stream:
            return f"{stream.read().strip()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def who() -> str:
    """Return the user and host name of the controller."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # A container may run under a number that has no name.
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def commit(directory: str) -> str:
    """Return the commit of a checkout and whether it has changes, nothing where there is no git or no checkout."""

    def git(*command: str) -> str:
        # Status refreshes the index, for which it must not lock out somebody's commit.
        return subprocess.run(  # noqa: S603
            ["git", "--no-optional-locks", *command],  # noqa: S607
            cwd=directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        ).stdout.strip()

    try:
        return git("rev-parse", "--short=12", "HEAD") + ("+changes" if git("status", "--porcelain") else "")
    except (OSError, subprocess.SubprocessError):
        return ""


def is_dead(run: ledger.Run, holder: dict[str, Any]) -> bool:
    """Return whether the holder's process was on this machine and has ended, so that its heartbeat need not be waited for."""
    here = bool(run.controller) and holder["controller"] == run.controller
    return here and not process.alive(holder["pid"], holder["pid_start"])


class Silence:
    """Takes the place of the queue to the main process, which nobody may read any more."""

    def send_display(self, *_args: Any, **_options: Any) -> None:
        """Drop a message."""


class ActionModule(ActionBase):  # type: ignore[misc]
    """Describe the run, ask the module, keep the lease alive."""

    _supports_check_mode = True
    _supports_async = False
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the action."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        if arguments.get("state") == "released" and arguments.get("result") not in ledger.SUCCESSES:
            self._add_error(arguments, task_vars or {})
        if arguments.get("state") != "taken":
            result.update(self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars))
            return result
        # This is a worker forked from the main process, which lives as long as the run.
        main = os.getppid()
        run = ledger.Run(
            uuid.uuid4().hex,
            str(arguments.get("action", "deploy")),
            who(),
            controller(),
            main,
            process.start_of(main),
            commit(self._loader.get_basedir()),
            ledger.now(),
        )
        arguments.update(run=run.to_dict(), dead_token="")
        outcome = self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars)
        holder = outcome.get("holder")
        if holder and not holder["busy"] and is_dead(run, holder):
            arguments["dead_token"] = holder["token"]
            outcome = self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars)
        result.update(outcome)
        if result.get("heartbeat") and not result.get("failed"):
            self._start_heartbeat(result["heartbeat"], run, str((task_vars or {}).get("inventory_hostname", "")))
        return _commands.in_result(result)

    def _add_error(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> None:
        """Say why the run ended, unless the task says it or nothing of this play is to be shown."""
        error = "" if self._task.no_log else error_of(task_vars)
        if error and not arguments.get("error"):
            arguments["error"] = error

    def _start_heartbeat(self, path: str, run: ledger.Run, host: str) -> None:
        # Forked twice, so that it belongs to nobody who would wait for it.
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            return
        try:
            os.setsid()
            if not os.fork():
                self._detach()
                self._keep_alive(path, run, host)
        finally:
            # Whatever happens: this copy of the worker must never return into Ansible's code.
            os._exit(0)

    def _detach(self) -> None:
        """Leave everything that ties this process to the terminal and to the main process."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        logging.disable()
        display = Display()
        display.verbosity = 0
        display._final_q = Silence()
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(nothing, descriptor)
        # Who reads a pipe waits until the last one who holds it has closed it.
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))

    def _keep_alive(self, path: str, run: ledger.Run, host: str) -> None:
        """Renew the heartbeat as long as the main process lives and the server has the file, then remove it.

        Each brings along what the run is at there, for the callback.
        """
        quoted, progress = shlex.quote(path), shlex.quote(lease.Place.progress(path))
        # Unlike >, dd creates no file that was removed meanwhile, and shows no reader an empty one. Uptime only ever gets longer.
        beat = (
            f"[ -e {quoted} ] || exit {GONE}; cat {progress} 2>/dev/null; dd if=/proc/uptime of={quoted} conv=nocreat,notrunc status=none"
        )
        failures, due = 0, time.monotonic() + lease.INTERVAL
        while process.alive(run.pid, run.pid_start):
            time.sleep(LOOK)
            if time.monotonic() < due:
                continue
            code, output = self._command(beat)
            _progress.keep(host, output)
            failures = failures + 1 if code else 0
            if code == GONE or failures > RETRIES:
                return
            due = time.monotonic() + (RETRY if failures else lease.INTERVAL)
        for _attempt in range(RETRIES):
            if self._command(f"rm -f {quoted} {progress}")[0] == 0:
                return
            time.sleep(RETRY)

    def _command(self, command: str) -> tuple[int, str]:
        """Run a shell command on the server and return its exit code, -1 if it could not be reached, and what it printed."""
        try:
            result = self._low_level_execute_command(command)
            return int(result["rc"]), str(result.get("stdout", ""))
        except Exception:
            return -1, ""
