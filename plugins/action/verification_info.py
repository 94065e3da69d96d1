# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of verification_info: what is asked from outside, and commands as this operator has to type them."""

from __future__ import annotations

from typing import Any

from ansible_collections.rarebooks.platform.plugins.module_utils._verify.outside import look
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _commands

LEVELS = ("passed", "warning", "failed")


class ActionModule(_commands.MessageAction):
    """The rest is done on the server."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module, then ask from here what is to be asked from outside."""
        result = super().run(tmp, task_vars)
        if result.get("outside"):
            result["findings"] += [one.said(self._task.args.get("language", "en")) for one in look(result["outside"])]
            result["level"] = max((one["level"] for one in result["findings"]), key=LEVELS.index)
        for finding in result.get("findings", []):
            finding.update({key: _commands.replaced(finding[key]) for key in ("text", "next", "command")})
        return result
