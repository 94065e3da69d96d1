# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of carried_info: the files of the release."""

from __future__ import annotations

from typing import Any

from ansible_collections.rarebooks.platform.plugins.plugin_utils import _commands
from ansible_collections.rarebooks.platform.plugins.plugin_utils._role_trees import RoleTreeAction

MODULE = "rarebooks.platform.carried_info"


class ActionModule(RoleTreeAction):
    """Render here, compare there."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the action."""
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        arguments = self._task.args.copy()
        files, _sources = self.merge(arguments.pop("roles", None) or [], [], task_vars)
        result = dict(self._execute_module(module_name=MODULE, module_args={**arguments, "files": files}, task_vars=task_vars))
        return _commands.in_result(result)
