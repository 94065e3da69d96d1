# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of proxy_compare."""

from __future__ import annotations

from typing import Any

from ansible_collections.rarebooks.platform.plugins.plugin_utils._role_trees import RoleTreeAction

MODULE = "rarebooks.platform.proxy_compare"


class ActionModule(RoleTreeAction):
    """Render here, ask there."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the action."""
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        arguments = self._task.args.copy()
        files, _sources = self.merge(arguments.pop("roles", None) or [], arguments.pop("files", None) or [], task_vars)
        # No other file of a release has a place on a server before its deploy.
        files = [one for one in files if str(one.get("path", "")).startswith("nginx/")]
        return dict(self._execute_module(module_name=MODULE, module_args={**arguments, "files": files}, task_vars=task_vars))
