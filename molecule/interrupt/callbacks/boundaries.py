"""Kills the controller at the boundary before a task, or writes down at which boundaries there is something to interrupt."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: boundaries
type: aggregate
short_description: Kill this run before its n-th task, or record which tasks reach the server
description: For tests. Reads E(BOUNDARIES_KILL_BEFORE) and E(BOUNDARIES_RECORD).
"""

# What happens on the controller alone: before such a task the server is as it is before the next one.
LOCAL = ("assert", "debug", "set_fact", "include_role", "include_tasks", "validate_argument_spec", "preconditions")


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Counts tasks as they begin."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "boundaries"

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._reached: dict[int, str] = {}
        self._kill_before = int(os.environ.get("BOUNDARIES_KILL_BEFORE", "0"))

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._count += 1
        if self._count == self._kill_before:
            os.kill(os.getpid(), signal.SIGKILL)

    def v2_runner_on_ok(self, result: Any) -> None:
        if result.task.action.rpartition(".")[2] not in LOCAL:
            self._reached[self._count] = result.task.get_name()

    def v2_playbook_on_stats(self, stats: Any) -> None:
        if "BOUNDARIES_RECORD" in os.environ:
            with open(os.environ["BOUNDARIES_RECORD"], "w", encoding="utf-8") as stream:
                json.dump(self._reached, stream)
