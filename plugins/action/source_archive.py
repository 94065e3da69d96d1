# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's part of source_archive: refuse a bad source, and send a good one only where it differs."""

from __future__ import annotations

import os
import tempfile
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.rarebooks.platform.plugins.module_utils._source.local import load_source
from ansible_collections.rarebooks.platform.plugins.module_utils._source.names import ArchiveError
from ansible_collections.rarebooks.platform.plugins.module_utils._source.read import OPTIONS, limits_of, listing
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _commands

MODULE = "rarebooks.platform.source_archive"


class ActionModule(ActionBase):  # type: ignore[misc]
    """Inspect here, compare there, transfer if needed."""

    _supports_check_mode = True
    # False: the transfer makes the temporary directory on the server itself, and most runs transfer nothing.
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the action."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, args = self.validate_argument_spec(argument_spec=OPTIONS)
        try:
            archive, packed = load_source(args["src"], args["checksum"], args["required"], limits_of(args))
        except ArchiveError as error:
            return {**result, "failed": True, "msg": _commands.as_called(str(error))}
        args = {**args, "checksum": archive.sha256, "digest": archive.digest}
        result.update(self._execute_module(module_name=MODULE, module_args=args, task_vars=task_vars))
        if result.get("before") is not None and not self._task.check_mode:
            result.update(self._install(args, packed, task_vars))
        before = result.pop("before", None)
        if result.get("failed"):
            return _commands.in_result({**result, "changed": False})
        after = archive.manifest
        if before is None:
            before = after
        result.update(digest=archive.digest, sha256=archive.sha256, files=len(after))
        result["created"] = sorted(after.keys() - before.keys())
        result["removed"] = sorted(before.keys() - after.keys())
        result["updated"] = sorted(path for path in after.keys() & before.keys() if after[path] != before[path])
        if self._task.diff:
            result["diff"] = {
                "before_header": args["dest"],
                "after_header": args["dest"],
                "before": listing(before),
                "after": listing(after),
            }
        return result

    def _install(self, args: dict[str, Any], packed: bytes | None, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        if self._connection._shell.tmpdir is None:
            self._make_tmp_path()
        remote = self._connection._shell.join_path(self._connection._shell.tmpdir, "source.zip")
        if packed is None:
            self._transfer_file(os.path.abspath(args["src"]), remote)
        else:
            with tempfile.NamedTemporaryFile(suffix=".zip") as local:
                local.write(packed)
                local.flush()
                self._transfer_file(local.name, remote)
        self._fixup_perms2((self._connection._shell.tmpdir, remote))
        args = {**args, "archive": remote}
        outcome: dict[str, Any] = self._execute_module(module_name=MODULE, module_args=args, task_vars=task_vars)
        return outcome
