# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks the variables of roles on the controller; see the module of the same name for its documentation."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _ignored_files, _unknown_variables, _variables
from ansible_collections.rarebooks.platform.plugins.plugin_utils._role_paths import role_directory

ARGUMENTS = {
    "roles": {"type": "list", "elements": "str", "required": True},
    "only": {"type": "list", "elements": "str", "default": None},
}
# Where a role may state its argument specs, as Ansible looks for them.
PLACES = ("argument_specs.yml", "argument_specs.yaml", "main.yml", "main.yaml")


def refusal(one: _unknown_variables.Unread) -> str:
    """Say that a variable is misspelt."""
    return f"{one.name}: expected the name of a variable that a role of this run reads, got another. Write {one.meant}, or rename your own."


def warning(one: _unknown_variables.Unread) -> str:
    """Say that a variable has no effect, unless somebody else reads it."""
    advice = f"{one.meant} is one that is" if one.meant else "If it is not yours, look its name up in the roles' README.md"
    return f"{one.name}: no role of this run reads it. {advice}."


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs on the controller alone."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the action."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        given, only = task_vars or {}, arguments["only"]
        directories, problems = self._directories(arguments["roles"])
        stated = {role: self._specs(directory) for role, directory in directories.items()}
        specs = {name: spec for options in stated.values() for name, spec in options.items()}
        checked = specs if only is None else {name: spec for name, spec in specs.items() if name in only}
        problems += [problem for name, spec in checked.items() if name in given for problem in self._problems(name, spec)]
        # Of a role that states nothing, nobody knows what it reads.
        unread = _unknown_variables.unread(given, specs, {role.rpartition(".")[2]: directories[role] for role in stated if stated[role]})
        problems += [refusal(one) for one in unread if one.named_as_ours and one.meant in checked]
        result.update(changed=False)
        ignored = self._ignored(given)
        if only is None:
            result["warnings"] = [warning(one) for one in unread if not (one.named_as_ours and one.meant)]
            problems += ignored
        else:
            result["warnings"] = ignored
        if problems:
            listed = "\n".join(f"- {problem}" for problem in problems)
            result.update(failed=True, msg=f"Nothing has been changed. These variables cannot be used as they are:\n{listed}")
        return result

    def _ignored(self, given: Mapping[str, Any]) -> list[str]:
        places = [given.get("inventory_dir") or "", self._loader.get_basedir()]
        return _ignored_files.problems(filter(None, places), ["all", *given.get("group_names", [])], given.get("inventory_hostname", ""))

    def _directories(self, roles: list[str]) -> tuple[dict[str, str], list[str]]:
        """Return where the roles lie, and what to say of those that are nowhere."""
        directories, missing = {}, []
        for role in roles:
            try:
                directories[role] = role_directory(role, self._loader.get_basedir(), self._task.collections)
            except AnsibleActionFail as error:
                missing.append(str(error))
        return directories, missing

    def _problems(self, name: str, spec: Mapping[str, Any]) -> list[str]:
        try:
            value = self._templar.resolve_variable_expression(name)
        except AnsibleError as error:
            return [f"{name}: its value cannot be computed: {error}"]
        return _variables.problems(name, value, spec)

    def _specs(self, directory: str) -> dict[str, Mapping[str, Any]]:
        """Return what the options of a role's main entry point are to be like."""
        for place in PLACES:
            path = os.path.join(directory, "meta", place)
            specs = (self._loader.load_from_file(path) or {}).get("argument_specs") if os.path.isfile(path) else None
            if specs:
                return dict((specs.get("main") or {}).get("options") or {})
        return {}
