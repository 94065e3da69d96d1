# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes the inventory of a server that was set up by hand; see the module of the same name for its documentation."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.rarebooks.platform.plugins.module_utils._base import state
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _adopted_values, _inventory_text
from ansible_collections.rarebooks.platform.plugins.plugin_utils._adopted_values import Entry
from ansible_collections.rarebooks.platform.plugins.plugin_utils._role_paths import role_directory

ARGUMENTS = {
    "path": {"type": "path", "required": True},
    "facts": {"type": "dict", "required": True},
    "roles": {"type": "list", "elements": "str", "default": []},
    "adoptions": {"type": "list", "elements": "dict", "default": []},
    "apps": {"type": "list", "elements": "dict", "default": []},
    "proxy": {"type": "dict"},
    "undecided": {"type": "list", "elements": "str"},
}
HOSTS, VARIABLES = "hosts.yml", "group_vars/rarebooks/main.yml"
# Of how the server was reached, what is no secret.
CONNECTION = (
    "ansible_host",
    "ansible_port",
    "ansible_user",
    "ansible_connection",
    "ansible_ssh_private_key_file",
    "ansible_ssh_common_args",
    "ansible_become_method",
    "ansible_python_interpreter",
)
HEADING = (
    "What this server has and the defaults of the roles do not say, as it was read when this file was written. Look it through, decide "
    "what stands at the end, and put secrets into a file of their own, encrypted with ansible-vault."
)


def text(entries: Iterable[Entry]) -> str:
    """Return the file with the variables."""
    parts = ["---", _inventory_text.comment(HEADING)]
    for one in entries:
        # Ansible knows the tag !vault only where it is read; nothing of the kind is written here.
        where = _inventory_text.comment(one.read_at[:1].upper() + one.read_at[1:] + ".")
        parts.append(f"\n{where}\n" + (f"# {one.name}" if one.note else _inventory_text.variable(one.name, one.value)))
    return "\n".join(parts) + "\n"


def carried_over(proxy: Mapping[str, Any]) -> str:
    """Return what is added of nginx, as proxy_adoption_info wrote it."""
    values = {
        "proxy_adopted_sites": proxy.get("adopted_sites") or "",
        "proxy_adopted_locations": proxy.get("adopted_locations") or {},
    }
    if not any(values.values()):
        return ""
    notes = [_inventory_text.comment(note) for note in proxy.get("notes") or []]
    variables = [_inventory_text.variable(name, value) for name, value in values.items() if value]
    return "\n".join(["", _inventory_text.comment("What nginx serves and no app claims, word for word."), *notes, *variables, ""])


def open_decisions(undecided: Iterable[str]) -> str:
    """Return what is added of what would be lost even so."""
    decisions = _inventory_text.let_go(undecided)
    return f"\n{decisions}\n" if decisions else ""


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs on the controller alone."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the action."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        directory = Path(os.path.abspath(os.path.expanduser(arguments["path"])))
        file = directory / VARIABLES
        result.update(changed=False, variables_file=str(file))
        if arguments["proxy"] is not None:
            self._add(file, carried_over(arguments["proxy"]))
        elif arguments["undecided"] is not None:
            self._add(file, open_decisions(arguments["undecided"]))
        elif directory.exists():
            result.update(
                failed=True,
                msg=f"adopt_write_to: expected a directory that does not exist yet, got {directory}. Give another one, or move this one "
                "away. Nothing has been written.",
            )
        elif not self._task.check_mode:
            self._write(directory, arguments, task_vars or {})
        return result

    def _add(self, file: Path, added: str) -> None:
        if added and not self._task.check_mode:
            file.write_text(file.read_text() + added)

    def _write(self, directory: Path, arguments: Mapping[str, Any], task_vars: Mapping[str, Any]) -> None:
        apps = [state.fit(one, App) for one in arguments["apps"]]
        found = _adopted_values.entries(arguments["facts"], arguments["adoptions"], apps, self._defaults(arguments["roles"]))
        host = task_vars["inventory_hostname"]
        given = {name: self._templar.template(task_vars[name]) for name in CONNECTION if name in task_vars}
        # Ansible itself says these two of every host.
        implied = {"ansible_host": host, "ansible_connection": "ssh"}
        reached = {name: value for name, value in given.items() if implied.get(name) != value}
        files = {VARIABLES: text(found), HOSTS: _inventory_text.hosts(host, reached)}
        (directory / VARIABLES).parent.mkdir(parents=True)
        for name, content in files.items():
            (directory / name).write_text(content)

    def _defaults(self, roles: Iterable[str]) -> dict[str, Any]:
        """Return the defaults of roles as they stand in their files."""
        found: dict[str, Any] = {}
        for role in roles:
            path = os.path.join(role_directory(role, self._loader.get_basedir(), self._task.collections), "defaults", "main.yml")
            found |= (self._loader.load_from_file(path) or {}) if os.path.isfile(path) else {}
        return found
