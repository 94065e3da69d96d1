# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of status_info: the screen, and the commands in its messages."""

from __future__ import annotations

from typing import Any

from ansible_collections.rarebooks.platform.plugins.plugin_utils import _status_report
from ansible_collections.rarebooks.platform.plugins.plugin_utils._commands import MessageAction


class ActionModule(MessageAction):
    """Everything else is done on the server."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the action."""
        result = super().run(tmp, task_vars)
        return {**result, "text": _status_report.render(result)} if "containers" in result else result
