# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter with which a role knows, by what server_info says, whether a tree of files is on the server already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ansible_collections.rarebooks.platform.plugins.module_utils._tree import digest

DOCUMENTATION = r"""
name: tree_digest
short_description: The digest of a tree of files
version_added: 0.4.0
description:
  - Hashes paths and contents of files that M(rarebooks.platform.config_tree) is given, as M(rarebooks.platform.server_info) does with
    those that lie on the server.
options:
  _input:
    description: The files, each with C(path), and C(content) or C(private_content). None of them may refer to a secret of the server.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Write the program where it differs
  rarebooks.platform.config_tree:
    path: /opt/program
    files: "{{ files }}"
  when: server.trees['/opt/program'] != files | rarebooks.platform.tree_digest
"""

RETURN = r"""
_value:
  description: The digest.
  type: str
"""


def tree_digest(files: Iterable[Mapping[str, str]]) -> str:
    """Return the digest of files, each with path and content."""
    return digest.wanted(files)


class FilterModule:
    """Jinja2 filters of this collection."""

    def filters(self) -> dict[str, Callable[..., str]]:
        return {"tree_digest": tree_digest}
