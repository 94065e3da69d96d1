# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Renders the trees of roles on the controller, so that one module call carries all files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template
from ansible_collections.rarebooks.platform.plugins.module_utils._base import state
from ansible_collections.rarebooks.platform.plugins.module_utils._base.secret_store import referenced
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import AppFile, Secret
from ansible_collections.rarebooks.platform.plugins.plugin_utils._role_paths import role_directory

TREE = "templates/tree"
TEMPLATE = ".j2"
# Templates of any role import what apps have in common from the templates of this one, as platform/compose.j2 and platform/site.j2.
SHARED = "rarebooks.platform.stack"


@dataclass(frozen=True)
class _Brought:
    """What of an app's description is about the files of the tree."""

    secrets: tuple[Secret, ...] = ()
    files: tuple[AppFile, ...] = ()


class RoleTreeAction(ActionBase):  # type: ignore[misc]
    """An action whose task names roles and takes the files of their trees along."""

    def merge(self, roles: Any, files: Any, task_vars: dict[str, Any]) -> tuple[list[Any], dict[str, str]]:
        """Return the task's own files and those of its roles, and where each path came from; two sources for one are an error."""
        if not isinstance(roles, list) or not isinstance(files, list):
            raise AnsibleActionFail("roles and files: expected lists")
        merged = list(files)
        sources: dict[str, str] = {str(file.get("path")): "" for file in files if isinstance(file, dict)}
        for role in roles:
            apps = self._apps(role, task_vars)
            declared = {secret.name for app in apps for secret in app.secrets}
            found = [(AppFile(path=path, content=content), declared) for path, content in self._render(role, task_vars)]
            found += [(file, {secret.name for secret in app.secrets}) for app in apps for file in app.files]
            for file, own in found:
                if file.path in sources:
                    first = f"role {sources[file.path]}" if sources[file.path] else "the task's files"
                    raise AnsibleActionFail(
                        f"{file.path} comes both from {first} and from role {role}. One path has one source: rename or remove one of the "
                        "two."
                    )
                if apps:
                    _check_references(role, description_of(role), file, own)
                sources[file.path] = role
                merged.append({"path": file.path, "private_content" if file.private else "content": file.content})
        return merged, sources

    def _apps(self, role: str, task_vars: dict[str, Any]) -> list[_Brought]:
        """Return the apps that a role describes; none for one that is no app's."""
        variable = description_of(role)
        value = self._templar.resolve_variable_expression(variable) if variable in task_vars else []
        return [state.fit(one, _Brought) for one in (value if isinstance(value, list) else [value])]

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


def texts(files: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the texts of a tree's files by path, also of those that are private."""
    return {str(file["path"]): str(file.get("private_content") or file.get("content") or "") for file in files}


def description_of(role: str) -> str:
    """Return the variable in which a role describes its app, or in a list its apps where it stands for several."""
    return f"{role.rpartition('.')[2]}_app"


def _check_references(role: str, variable: str, file: AppFile, own: set[str]) -> None:
    """Refuse a file that refers to a secret which its app does not declare: an app gets its own, and no others."""
    others = referenced(file.content) - own
    if others:
        raise AnsibleActionFail(
            f"Role {role}: {file.path}: expected references to secrets that {variable} declares ({', '.join(sorted(own)) or 'none'}), "
            f"got {', '.join(sorted(others))}. Declare it in the app's description, or remove the reference. Nothing has been changed."
        )
