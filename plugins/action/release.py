# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of release: what the server gets, and which roles differ from what it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _app_volumes, _commands
from ansible_collections.rarebooks.platform.plugins.plugin_utils._role_trees import RoleTreeAction

MODULE = "rarebooks.platform.release"
# What nginx reads starts no container anew, whichever role it is of.
PROXYS = "nginx/"


def changed_roles(paths: Iterable[str], sources: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the roles of which files change, and those whose containers may be replaced by that."""
    ours = [path for path in paths if path in sources]
    return {
        "roles_changed": sorted({sources[path] for path in ours}),
        "services_changed": sorted({sources[path] for path in ours if not path.startswith(PROXYS)}),
    }


class ActionModule(RoleTreeAction):
    """Render here; compare, switch and go back there."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the action."""
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        arguments = self._task.args.copy()
        files, sources = self.merge(arguments.pop("roles", None) or [], [], task_vars)
        self._check_volumes(files, sources, task_vars)
        result = dict(self._execute_module(module_name=MODULE, module_args={**arguments, "files": files}, task_vars=task_vars))
        if "created" in result:
            result.update(changed_roles(result["created"] + result["updated"], sources))
        return _commands.in_result(result)

    def _check_volumes(self, files: list[dict[str, Any]], sources: Mapping[str, str], task_vars: dict[str, Any]) -> None:
        """Refuse descriptions of apps that name other volumes than the Compose files of their roles mount."""
        faults = []
        for role in sorted(set(sources.values())):
            variable = f"{role.rpartition('.')[2]}_app"
            app = self._templar.resolve_variable_expression(variable) if variable in task_vars else None
            texts = {file["path"]: str(file.get("content", "")) for file in files if sources[file["path"]] == role}
            fault = _app_volumes.fault(variable, app.get("volumes") or [], texts) if isinstance(app, Mapping) else ""
            faults += [f"Role {role}: {fault}"] if fault else []
        if faults:
            raise AnsibleActionFail("\n".join([*faults, "Nothing has been changed."]))
