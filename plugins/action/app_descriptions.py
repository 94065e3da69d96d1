# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks the descriptions of apps on the controller; see the module of the same name for its documentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import APP_DESCRIPTION
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _app_faults
from ansible_collections.rarebooks.platform.plugins.plugin_utils._role_trees import description_of

ARGUMENTS = {"roles": {"type": "list", "elements": "str", "required": True}}


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs on the controller alone."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the action."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        problems, warnings = [], list[str]()
        for role in arguments["roles"]:
            faults, notes = self._read(role, task_vars or {})
            problems += [f"Role {role}: {fault}" for fault in faults]
            warnings += notes
        result.update(changed=False, warnings=warnings)
        if problems:
            listed = "\n".join(f"- {problem}" for problem in problems)
            result.update(
                failed=True,
                msg="Nothing has been changed. These descriptions of apps cannot be used as they are (docs/apps.md, app description "
                f"{APP_DESCRIPTION}):\n{listed}",
            )
        return result

    def _read(self, role: str, task_vars: dict[str, Any]) -> tuple[list[str], list[str]]:
        """Return what is wrong with the apps of a role, and what is worth telling of them."""
        variable = description_of(role)
        if variable not in task_vars:
            return [f"expected the variable {variable} in its vars/main.yml, got none. Describe the app there."], []
        try:
            value = self._templar.resolve_variable_expression(variable)
        except AnsibleError:
            value = self._computed(task_vars[variable])
        several = isinstance(value, list)
        read = [
            _app_faults.read(f"{variable}[{number}]" if several else variable, one)
            for number, one in enumerate(value if several else [value])
        ]
        faults = [fault for app, found in read for fault in (app.problems if app else found)]
        return faults, [note for app, _found in read if app for note in app.notes]

    def _computed(self, value: Any) -> Any:
        """Return a value with what of it can be computed."""
        if isinstance(value, Mapping):
            return {key: self._computed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._computed(item) for item in value]
        try:
            return self._templar.template(value)
        except AnsibleError as error:
            return _app_faults.Incomputable(str(error))
