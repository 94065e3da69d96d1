# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter with which playbooks say where they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ansible import context
from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: servers
short_description: Refuse an inventory without servers
version_added: 0.4.0
description:
  - Returns the name of the group of servers, C(rarebooks), and fails where the inventory has no host in it. Ansible itself would only
    warn and end with exit code 0, like a run that did its work and found all well.
  - Where only the syntax of a playbook is checked, as linters do, no inventory is needed.
positional: _input
options:
  _input:
    description: The groups of the inventory, C(groups).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Do something with each server
  hosts: "{{ groups | rarebooks.platform.servers }}"
"""

RETURN = r"""
_value:
  description: The name of the group.
  type: str
"""

GROUP = "rarebooks"


def servers(groups: Mapping[str, Sequence[str]]) -> str:
    """Return the group of servers, if it has any."""
    if groups.get(GROUP) or context.CLIARGS.get("syntax"):
        return GROUP
    raise AnsibleFilterError(f"The inventory has no host in the group {GROUP}. Put your server there (see inventories/example).")


class FilterModule:
    """Jinja2 filters of this collection."""

    def filters(self) -> dict[str, Callable[[Mapping[str, Sequence[str]]], str]]:
        return {"servers": servers}
