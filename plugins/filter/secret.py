# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter with which templates name a secret."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.rarebooks.platform.plugins.module_utils._base.secret_store import reference

DOCUMENTATION = r"""
name: secret
short_description: Refer to a secret of the server
version_added: 0.1.0
description:
  - Renders to a reference which M(rarebooks.platform.config_tree) replaces by the secret's value on the server.
  - The value itself never reaches the controller.
positional: _input
options:
  _input:
    description: Name of the secret in the server's store, see M(rarebooks.platform.secret_store).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show what a template gets
  ansible.builtin.debug:
    msg: "POSTGRES_PASSWORD={{ 'maymessenger_db_password' | rarebooks.platform.secret }}"
"""

RETURN = r"""
_value:
  description: The reference.
  type: str
"""


class FilterModule:
    """Jinja2 filters of this collection."""

    def filters(self) -> dict[str, Callable[[str], str]]:
        return {"secret": reference}
