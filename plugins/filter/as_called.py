# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter with which tasks print commands."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.rarebooks.platform.plugins.plugin_utils._commands import as_called

DOCUMENTATION = r"""
name: as_called
short_description: Print commands as the operator has to type them
version_added: 0.4.0
description:
  - Replaces each C(ansible-playbook NAME.yml) in a text, NAME being a playbook of this collection, by the command that works where the
    present run was started, with the same inventory and connection options, in a checkout or from the installed collection.
positional: _input
options:
  _input:
    description: The text.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Say how to go back
  ansible.builtin.debug:
    msg: "{{ 'To go back: ansible-playbook rollback.yml' | rarebooks.platform.as_called }}"
"""

RETURN = r"""
_value:
  description: The text with its commands.
  type: str
"""


class FilterModule:
    """Jinja2 filters of this collection."""

    def filters(self) -> dict[str, Callable[[str], str]]:
        return {"as_called": as_called}
