# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Renders the trees of roles on the controller, so that one module call carries all files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template
from ansible_collections.rarebooks.platform.plugins.module_utils._base import state
from ansible_collections.rarebooks.platform.plugins.module_utils._base.secret_store import referenced
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App
from ansible_collections.rarebooks.platform.plugins.plugin_utils._role_paths import role_directory

TREE = "templates/tree"
TEMPLATE = ".j2"
# Templates of any role import what apps have in common from the templates of this one, as platform/compose.j2 and platform/site.j2.
SHARED = "rarebooks.platform.stack"


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
                        f"{path} comes both from {first} and from role {role}. One path has one source: rename or remove one of the two."
                    )
                self._check_references(role, path, content, task_vars)
                sources[path] = role
                merged.append({"path": path, "content": content})
        return merged, sources

    def _check_references(self, role: str, path: str, content: str, task_vars: dict[str, Any]) -> None:
        """Refuse a file that refers to a secret which the app of its role does not declare: an app gets its own, and no others."""
        variable = f"{role.rpartition('.')[2]}_app"
        names = referenced(content)
        if not names or variable not in task_vars:
            return
        app = self._templar.resolve_variable_expression(variable)
        own = {secret.name for secret in state.fit(app, App).secrets}
        if names - own:
            raise AnsibleActionFail(
                f"Role {role}: {path}: expected references to secrets that {variable} declares ({', '.join(sorted(own)) or 'none'}), "
                f"got {', '.join(sorted(names - own))}. Declare it in the app's description, or remove the reference. "
                "Nothing has been changed."
            )

    def _directory(self, role: str) -> str:
        return role_directory(role, self._loader.get_basedir(), self._task.collections)

    def _render(self, role: str, task_vars: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield path and text of each file of a role's tree, sorted by where it lies."""
        directory = self._directory(role)
        tree = os.path.join(directory, TREE)
        if not os.path.isdir(tree):
            raise AnsibleActionFail(f"Role {role} has no directory {TREE}: create it, or take the role out of roles.")
        searched = [os.path.join(found, "templates") for found in (directory, self._directory(SHARED))]
        templar = self._templar.copy_with_new_env(searchpath=searched, available_variables=task_vars)
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
