# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compares a running nginx with that of a release on the controller; see the module of the same name for its documentation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _nginx_adopted, _nginx_requests
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_config import Configuration, parse_dump, parse_tree
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_lexer import NginxError
from ansible_collections.rarebooks.platform.plugins.plugin_utils._role_trees import RoleTreeAction, texts

ARGUMENTS = {
    "configuration": {"type": "str", "required": True},
    "roles": {"type": "list", "elements": "str", "required": True},
    "apps": {"type": "list", "elements": "dict", "required": True},
    "services": {"type": "dict", "default": {}},
    "let_go": {"type": "list", "elements": "str", "default": []},
}
# Compared with itself, what was carried over before would need nothing.
WITHOUT_ADOPTED: dict[str, Any] = {"proxy_adopted_sites": "", "proxy_adopted_locations": {}}
# What is carried over of a configuration that cannot be read.
NOTHING: dict[str, Any] = {"unclaimed": [], "adopted_sites": "", "adopted_locations": {}, "refused": [], "requests": []}


class ActionModule(RoleTreeAction):
    """Runs on the controller alone."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the action."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        variables, roles, services = task_vars or {}, arguments["roles"], arguments["services"]
        try:
            current = parse_dump(arguments["configuration"])
        except NginxError as error:
            # Somebody else's file, of which nothing can be carried over; the release's own ones must be readable.
            return {**result, **NOTHING, "changed": False, "notes": [str(error)]}
        try:
            bare = self._release(roles, variables | WITHOUT_ADOPTED)
            adopted = _nginx_adopted.adopt(current, bare, services, _hosts(arguments["apps"]), arguments["let_go"])
            desired = self._release(roles, variables)
            unclaimed = _nginx_adopted.unclaimed(current, desired, services)
        except NginxError as error:
            raise AnsibleActionFail(str(error)) from error
        result.update(
            changed=False,
            unclaimed=unclaimed,
            adopted_sites=adopted.sites,
            adopted_locations=adopted.locations,
            notes=adopted.notes,
            refused=[{"id": name, "reason": reason} for name, reason in adopted.refused.items()],
            requests=_nginx_requests.table(current, desired),
        )
        return result

    def _release(self, roles: list[str], variables: dict[str, Any]) -> Configuration:
        files, _sources = self.merge(roles, [], variables)
        return parse_tree(texts(files))


def _hosts(apps: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    return {str(app["name"]): [str(name) for name in app.get("server_names") or []] for app in apps}
