# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How code of ours runs a program of the server: as AnsibleModule.run_command does, which modules hand down."""

from __future__ import annotations

from collections.abc import Callable

# Takes a command line and AnsibleModule.run_command's options; returns exit code, standard output and standard error.
RunCommand = Callable[..., tuple[int, str, str]]
