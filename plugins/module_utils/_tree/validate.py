# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The programs that will read a tree validate it before it is promoted."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .._base import secret_store
from .._base.command import RunCommand
from .._base.files import sha256
from . import plan, promote
from .desired import File, TreeError

# The option of the modules that take validators.
OPTION: dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "default": [],
    "options": {
        "name": {"type": "str", "required": True},
        "argv": {"type": "list", "elements": "str", "required": True},
    },
}


class Validators:
    """Commands that validate a staged tree; {tree} in their arguments is where it lies."""

    def __init__(
        self,
        run_command: RunCommand,
        root: str,
        validators: list[Mapping[str, Any]],
        hidden: dict[str, str],
        also: Callable[[str], None] | None = None,
    ) -> None:
        self._run_command = run_command
        self._root = root
        self._validators = validators
        self._hidden = hidden
        self._also = also

    def validate(self, tree: str) -> None:
        """Run the validators on a staged tree; the first that fails is an error."""
        for validator in self._validators:
            argv = [argument.replace("{tree}", tree) for argument in validator["argv"]]
            try:
                rc, stdout, stderr = self._run_command(
                    argv,
                    errors="replace",
                    environ_update={"LC_ALL": "C.UTF-8"},
                    expand_user_and_vars=False,
                    handle_exceptions=False,
                )
                advice = "Correct the template or variable that its output points at"
            except OSError as error:
                rc, stdout, stderr = 127, "", f"{argv[0]}: {error.strerror}"
                advice = f"Install {argv[0]} on the server, or leave this validator out until it is there"
            if rc != 0:
                output = self._masked((stderr or stdout).strip())
                raise TreeError(
                    f"The new tree for {self._root} was refused. Validator: {validator['name']}. Expected it to "
                    f"exit 0, got {rc}: {output or 'no output'}. {advice}, then run again. The live tree was not touched.",
                    validator=validator["name"],
                    cmd=[self._masked(argument) for argument in argv],
                    rc=rc,
                    stdout=self._masked(stdout),
                    stderr=self._masked(stderr),
                )
        if self._also:
            self._also(tree)

    def validate_copy(self, files: Iterable[File], directory: Callable[[], str], look: Callable[[str], None] | None = None) -> None:
        """Let the validators validate a copy of the tree outside of its place, and look at it; asking for the directory may create it."""
        if not self._validators and not self._also and not look:
            return
        with tempfile.TemporaryDirectory(dir=directory()) as scratch:
            tree = os.path.join(scratch, plan.STAGED_TREE)
            promote.write_tree(tree, files)
            self.validate(tree)
            if look:
                look(tree)

    def mark(self, files: Iterable[File]) -> str:
        """Return what tells these validators on this tree from any others; nothing where more than these two decides."""
        if not self._validators or self._also:
            return ""
        tree = [[file.path, file.mode, file.uid, file.gid, file.target, file.sha256] for file in files]
        return sha256(json.dumps([self._root, [[*one["argv"]] for one in self._validators], tree]).encode())

    def validate_unless(self, accepted: str, files: Iterable[File]) -> Callable[[str], None]:
        """Return what validates the tree of these files: nothing where it is the one that these validators have accepted."""
        return (lambda _tree: None) if accepted and accepted == self.mark(files) else self.validate

    def _masked(self, text: str) -> str:
        return secret_store.mask(text, self._hidden)
