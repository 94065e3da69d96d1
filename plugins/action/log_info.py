# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of log_info: the report, and following, which needs somebody who shows lines while they come."""

from __future__ import annotations

import re
import time
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.rarebooks.platform.plugins.module_utils._logs.moment import duration
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _log_report

MODULE = "rarebooks.platform.log_info"
# Seconds that one call waits for lines: a call that is not answered within SSH's patience is none.
CALL = 10.0
USUALLY, MOST = 60.0, 3600.0
WORDS = {"true": USUALLY, "yes": USUALLY, "on": USUALLY, "false": 0.0, "no": 0.0, "off": 0.0, "": 0.0, "0": 0.0}


def seconds_of(text: Any) -> float:
    """Return how long to follow: what a duration says, or whether to."""
    said = str(text).strip().lower()
    if said in WORDS:
        return WORDS[said]
    found = duration(f"{said}s" if re.fullmatch(r"\d+", said) else said)
    if found is None or found.total_seconds() > MOST:
        raise AnsibleActionFail(f"logs_follow: expected true, false, or how long, such as 30s or 5m, of at most an hour, got '{text}'.")
    return found.total_seconds()


class ActionModule(ActionBase):  # type: ignore[misc]
    """Asks the server once, or while it follows as often as something comes."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the action."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        seconds, quiet = seconds_of(arguments.pop("follow", "")), bool(arguments.pop("quiet", False))
        if seconds:
            return {**result, **self._follow(arguments, seconds, quiet, task_vars)}
        result.update(self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars))
        if "events" in result:
            report = "\n".join(_log_report.plain_lines(result["lines"])) if arguments.get("lines") else _log_report.render(result)
            result.update(_log_report.counts(result), text=report)
        return result

    def _follow(self, arguments: dict[str, Any], seconds: float, quiet: bool, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """Show lines as they come; return all of them, and what of them was wrong."""
        until, began = time.monotonic() + seconds, ""
        seen: dict[str, str] = {}
        lines: list[dict[str, str]] = []
        while (left := until - time.monotonic()) > 0:
            asked = {**arguments, "lines": 0, "seen": seen, "wait": min(CALL, left)}
            answer = self._execute_module(module_name=MODULE, module_args=asked, task_vars=task_vars)
            if answer.get("failed"):
                return dict(answer)
            seen, began = answer["seen"], began or answer["until"]
            lines += answer["lines"]
            for line in [] if quiet else _log_report.plain_lines(answer["lines"]):
                Display().display(line)
        # Whether something was wrong in it is found out as without following.
        asked = {**arguments, "lines": 0, "since": began, "before": ""}
        result = dict(self._execute_module(module_name=MODULE, module_args=asked, task_vars=task_vars))
        if "events" in result:
            counts = _log_report.counts(result)
            wrong = f"{counts['error_count']} errors and {counts['warning_count']} warnings"
            text = f"{len(lines)} lines came in {seconds:g} s, among them {wrong}."
            result.update(counts, lines=lines, text=text)
        return result
