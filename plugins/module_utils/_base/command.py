# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How code of ours runs a program of the server: by what modules hand down, or, in units and timers, by itself."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Any

# Takes a command line and AnsibleModule.run_command's options; returns exit code, standard output and standard error.
RunCommand = Callable[..., tuple[int, str, str]]


def execute(
    argv: Sequence[str],
    environment: Mapping[str, str] | None = None,
    seconds: float | None = None,
    merged: bool = False,
    given: str = "",
) -> tuple[int, str, str]:
    """Run a program where there is no module whose run_command could be called; return what that would.

    The environment is added to that of this process. With merged, standard error comes within standard output, as on a terminal.
    Given is what it reads from its standard input.
    Raises OSError for a program that cannot be started, and subprocess.TimeoutExpired after so many seconds.
    """
    done = subprocess.run(  # noqa: S603  # pylint: disable=ansible-bad-function
        argv,
        env={**os.environ, **(environment or {})},
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merged else subprocess.PIPE,
        text=True,
        errors="replace",
        timeout=seconds,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr or ""


def run_command(
    argv: Sequence[str], environ_update: Mapping[str, str] | None = None, data: str | None = None, **_options: Any
) -> tuple[int, str, str]:
    """Run a program as a module's run_command would, of whose options the others matter only there."""
    return execute(argv, environ_update, given=data or "")
