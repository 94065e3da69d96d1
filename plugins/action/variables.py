# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks the variables of roles on the controller; see the module of the same name for its documentation."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _variables
from ansible_collections.rarebooks.platform.plugins.plugin_utils._role_paths import role_directory

ARGUMENTS = {
    "roles": {"type": "list", "elements": "str", "required": True},
    "only": {"type": "list", "elements": "str", "default": None},
}
# Where a role may state its argument specs, as Ansible looks for them.
PLACES = ("argument_specs.yml", "argument_specs.yaml", "main.yml", "main.yaml")


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs on the controller alone."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the action."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        only = arguments["only"]
        specs = {name: spec for role in arguments["roles"] for name, spec in self._specs(role).items() if only is None or name in only}
        problems = [problem for name, spec in specs.items() if name in (task_vars or {}) for problem in self._problems(name, spec)]
        result.update(changed=False, problems=problems)
        if problems:
            listed = "\n".join(f"- {problem}" for problem in problems)
            result.update(failed=True, msg=f"Nothing has been changed. These variables cannot be used as they are:\n{listed}")
        return result

    def _problems(self, name: str, spec: Mapping[str, Any]) -> list[str]:
        try:
            value = self._templar.resolve_variable_expression(name)
        except AnsibleError as error:
            return [f"{name}: its value cannot be computed: {error}"]
        return _variables.problems(name, value, spec)

    def _specs(self, role: str) -> dict[str, Mapping[str, Any]]:
        """Return what the options of a role's main entry point are to be like."""
        directory = role_directory(role, self._loader.get_basedir(), self._task.collections)
        for place in PLACES:
            path = os.path.join(directory, "meta", place)
            specs = (self._loader.load_from_file(path) or {}).get("argument_specs") if os.path.isfile(path) else None
            if specs:
                return dict((specs.get("main") or {}).get("options") or {})
        return {}
