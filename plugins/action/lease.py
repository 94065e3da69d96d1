# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of lease: who runs this, whether the holder still lives here, and the heartbeat."""

from __future__ import annotations

import getpass
import os
import shlex
import socket
import subprocess
import uuid
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.rarebooks.platform.plugins.module_utils import _ledger, _process
from ansible_collections.rarebooks.platform.plugins.module_utils._lease import DIRECTORY, STALE_AFTER, Place
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _heartbeat

MODULE = "rarebooks.platform.lease"


def commit_of(directory: str) -> str:
    """Return the commit that is checked out, with a remark where the checkout differs from it; empty where there is none."""

    def git(*arguments: str) -> str:
        argv = ["git", "-C", directory, *arguments]
        return subprocess.run(argv, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout.strip()  # noqa: S603

    try:
        return git("rev-parse", "--short=12", "HEAD") + ("+changes" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def controller_identity() -> str:
    """Name this machine's set of process numbers: a number means a process only there. Empty where /proc does not tell."""
    try:
        return f"{_process.boot()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


class ActionModule(ActionBase):  # type: ignore[misc]
    """Describe the run here, keep the lease there."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the action."""
        super().run(tmp, task_vars)
        arguments = self._task.args.copy()
        if arguments.get("state", "taken") != "taken":
            return dict(self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars))
        run = self._describe(arguments.get("action", "deploy"))
        arguments["run"] = run.to_dict()
        result = dict(self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars))
        holder = result.get("holder")
        if holder and not result.get("busy") and self._is_dead(_ledger.Run.from_dict(holder)):
            arguments["dead_token"] = holder["token"]
            result = dict(self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars))
        if not result.get("failed") and not self._task.check_mode:
            place = Place(arguments["path"], arguments.get("directory", DIRECTORY), STALE_AFTER)
            _heartbeat.start(self._beat, place.file(run.token), run.pid, run.pid_start)
        return result

    def _describe(self, action: str) -> _ledger.Run:
        # The action runs in a worker that Ansible's main process forked.
        main = os.getppid()
        return _ledger.Run(
            token=uuid.uuid4().hex,
            action=action,
            by=f"{getpass.getuser()}@{socket.gethostname()}",
            controller=controller_identity(),
            pid=main,
            pid_start=_process.start_of(main),
            commit=commit_of(self._loader.get_basedir()),
            started=_ledger.now(),
        )

    def _is_dead(self, holder: _ledger.Run) -> bool:
        here = controller_identity()
        return bool(here) and holder.controller == here and not _process.alive(holder.pid, holder.pid_start)

    def _beat(self, command: str) -> int:
        """Run a shell command on the server, whatever the connection and however the task becomes root."""
        return int(self._low_level_execute_command(f"/bin/sh -c {shlex.quote(command)}", sudoable=True)["rc"])
