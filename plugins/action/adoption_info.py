# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of adoption_info: the release as it would be, and what of nginx's configuration nobody claims."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.rarebooks.platform.plugins.module_utils._adoption import finding
from ansible_collections.rarebooks.platform.plugins.module_utils._adoption.finding import UNDECIDED, Finding
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import PlatformError
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _commands, _nginx_claims
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_config import parse_dump, parse_tree
from ansible_collections.rarebooks.platform.plugins.plugin_utils._role_trees import RoleTreeAction, texts

MODULE = "rarebooks.platform.adoption_info"
WHY = {
    "site": "no app of the release serves it",
    "location": "the release does not answer there as nginx does today",
    "statement": "done to every request today, and not by the release",
}


def unclaimed(facts: Mapping[str, Any], tree: Mapping[str, str]) -> list[Finding]:
    """Return what nginx serves today and the nginx of the release does not."""
    configuration = facts["proxy"]["configuration"]
    if not configuration:
        return []
    services = {one["service"]: one["name"] for one in facts["containers"] if one["service"]}
    try:
        lost = _nginx_claims.find(parse_dump(configuration), parse_tree(tree), services)
    except PlatformError as error:
        return [Finding(UNDECIDED, f"nginx's configuration cannot be compared with the release's: {error}", "site *")]
    return [Finding(UNDECIDED, WHY[one.kind] + f"; only some get in there today ({one.guards})" * bool(one.guards), one.id) for one in lost]


def completed(result: Mapping[str, Any], tree: Mapping[str, str], let_go: Iterable[str]) -> dict[str, Any]:
    """Return a module's result with what the controller adds: what of nginx nobody claims, and what the inventory has decided."""
    found = [Finding(**one) for one in result["findings"]] + unclaimed(result["facts"], tree)
    order = list(finding.TITLES)
    listed = sorted(finding.decided(found, let_go), key=lambda one: order.index(one.kind))
    return {
        **result,
        "findings": [{"kind": one.kind, "text": one.text, "id": one.id} for one in listed],
        "titles": finding.TITLES,
        "report": finding.report(listed),
        "undecided": [one.line for one in finding.of(listed, UNDECIDED)],
    }


class ActionModule(RoleTreeAction):
    """Render here, read there, and sort here."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the action."""
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        arguments = self._task.args.copy()
        files, _sources = self.merge(arguments.get("roles") or [], [], task_vars)
        options = {**arguments, "files": files}
        result = dict(self._execute_module(module_name=MODULE, module_args=options, task_vars=task_vars))
        if "findings" in result:
            tree = texts(files)
            result = completed(result, tree, arguments.get("let_go") or [])
        return _commands.in_result(result)
