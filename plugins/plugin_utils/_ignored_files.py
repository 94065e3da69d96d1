# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files of variables that Ansible passes over without a word, since a directory of the same name lies beside them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from ansible.constants import YAML_FILENAME_EXTENSIONS


def problems(directories: Iterable[str], groups: Iterable[str], host: str) -> list[str]:
    """Say of each such file what to do. Directories are those of the inventory and of the playbook, groups those of the host."""
    names = [("group_vars", group) for group in groups] + [("host_vars", host)]
    return [
        f"{file}: expected either this file or the directory {folder}, got both, of which Ansible reads the directory alone. "
        + _advice(file, folder)
        for directory in dict.fromkeys(directories)
        for kind, name in names
        for file, folder in _ignored(os.path.relpath(os.path.join(directory, kind, name)))
    ]


def _ignored(folder: str) -> Iterator[tuple[str, str]]:
    if os.path.isdir(folder):
        yield from ((folder + ending, folder) for ending in YAML_FILENAME_EXTENSIONS if os.path.isfile(folder + ending))


def _advice(file: str, folder: str) -> str:
    main = os.path.join(folder, f"main{os.path.splitext(file)[1]}")
    return "Move what it says into the files there, and remove it." if os.path.lexists(main) else f"Move it there: mv {file} {main}"
