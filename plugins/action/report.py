# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Shows a person a text as it is, whatever format results have here; see the module of the same name for its documentation."""

from __future__ import annotations

import textwrap
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _commands

ARGUMENTS = {"text": {"type": "str", "required": True}, "bare": {"type": "bool", "default": False}}


def shown(host: str, text: str) -> str:
    """Return a text as it is shown: below its host's name, since servers that are run together report one after another."""
    return f"{host}:\n{textwrap.indent(text, '    ')}"


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs on the controller alone."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the action."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        lines = _commands.replaced(arguments["text"]).strip("\n").splitlines()
        text = "\n".join(line.rstrip() for line in lines)
        Display().display(text if arguments["bare"] else shown((task_vars or {})["inventory_hostname"], text))
        result.update(changed=False, msg=text)
        return result
