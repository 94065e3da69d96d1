# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Renders the trees of roles on the controller, so that one module call carries all files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template
from ansible.utils.collection_loader._collection_finder import _get_collection_role_path

TREE = "templates/tree"
TEMPLATE = ".j2"


class RoleTreeAction(ActionBase):  # type: ignore[misc]
    """An action whose task names roles and takes the files of their trees along."""

    def merge(self, roles: Any, files: Any, task_vars: dict[str, Any]) -> tuple[list[Any], dict[str, str]]:
        """Return the task's own files and those of its roles, and where each path came from; two sources for one are an error."""
        if not isinstance(roles, list) or not isinstance(files, list):
            raise AnsibleActionFail("roles and files: expected lists")
        merged = list(files)
        sources: dict[str, str] = {str(file.get("path")): "" for file in files if isinstance(file, dict)}
        for role in roles:
            for path, content in self._render(role, task_vars):
                if path in sources:
                    first = f"role {sources[path]}" if sources[path] else "the task's files"
                    raise AnsibleActionFail(
                        f"{path} comes both from {first} and from role {role}. "
                        "One path has one source: rename or remove one of the two."
                    )
                sources[path] = role
                merged.append({"path": path, "content": content})
        return merged, sources

    def _render(self, role: str, task_vars: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield path and text of each file of a role's tree, sorted by where it lies."""
        directory = self._role_directory(role)
        tree = os.path.join(directory, TREE)
        if not os.path.isdir(tree):
            raise AnsibleActionFail(f"Role {role} has no directory {TREE}: create it, or take the role out of roles.")
        templar = self._templar.copy_with_new_env(
            searchpath=[os.path.join(directory, "templates")], available_variables=task_vars
        )
        for parent, directories, names in os.walk(tree):
            directories.sort()
            for name in sorted(names):
                source = os.path.join(parent, name)
                path = os.path.relpath(source, tree)
                try:
                    text = self._loader.get_text_file_contents(source)
                    text.encode()  # the loader escapes what is not UTF-8; a tree's file would then be another one
                    if not name.endswith(TEMPLATE):
                        yield path, text
                        continue
                    rendered = templar.template(
                        trust_as_template(text),
                        escape_backslashes=False,
                        overrides={"trim_blocks": True, "lstrip_blocks": True, "keep_trailing_newline": True},
                    )
                except (AnsibleError, UnicodeError) as error:
                    raise AnsibleActionFail(f"Role {role}: {TREE}/{path} cannot be rendered as UTF-8 text.") from error
                # A file that is one expression renders to what that is, which need not be a text.
                content = "" if rendered is None else str(rendered)
                if content.strip():
                    yield path.removesuffix(TEMPLATE), content

    def _role_directory(self, role: str) -> str:
        """Find a role as a play does: in a collection, beside the playbook, in the configured role paths."""
        found = _get_collection_role_path(role, self._task.collections)
        if found:
            return str(found[1])
        for place in [os.path.join(self._loader.get_basedir(), "roles"), *(C.DEFAULT_ROLES_PATH or [])]:
            directory = os.path.join(place, role)
            if os.path.isdir(directory):
                return directory
        raise AnsibleActionFail(
            f"Role {role} was not found on the controller. Expected a role's fully qualified name in an installed "
            "collection, or a name in the playbook's roles directory or in roles_path."
        )
