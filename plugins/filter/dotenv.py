# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter with which templates write a value into an environment file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.rarebooks.platform.plugins.module_utils._base import secret_store
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import dotenv as tree_dotenv

DOCUMENTATION = r"""
name: dotenv
short_description: Quote a value for an environment file
version_added: 0.4.0
description:
  - Renders a text so that Compose hands it to the container byte for byte when it reads the file as C(env_file). A simple text stays
    as it is.
  - A value that refers to a secret is not for this filter. The server quotes it, which alone knows the secret.
positional: _input
options:
  _input:
    description: The text.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show what a template gets
  ansible.builtin.debug:
    msg: "Jwt__Issuer={{ 'it costs $5' | rarebooks.platform.dotenv }}"
"""

RETURN = r"""
_value:
  description: The text, in quotes where it needs them.
  type: str
"""


def dotenv(value: Any) -> str:
    """Return a value for an environment file."""
    if not isinstance(value, str):
        raise AnsibleFilterError(f"dotenv: expected a text, got a {type(value).__name__}")
    if secret_store.START in value:
        raise AnsibleFilterError(f"dotenv: expected no {secret_store.START} in a value, since that would refer to a secret of the server")
    try:
        return tree_dotenv.quote(value)
    except tree_dotenv.Unquotable as error:
        raise AnsibleFilterError(f"dotenv: {error}") from error


class FilterModule:
    """Jinja2 filters of this collection."""

    def filters(self) -> dict[str, Callable[[Any], str]]:
        return {"dotenv": dotenv}
