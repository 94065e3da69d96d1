# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The configuration of an nginx that does not run: what it would read, from its main file on.

Some of it is mounted, the rest its image has.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from glob import has_magic
from tempfile import TemporaryDirectory
from typing import Any

from .._base.command import RunCommand
from .._engine.replaced import INSIDE
from .engine import ask, mounts

CONFIGURATION = "/etc/nginx"
MAIN = f"{CONFIGURATION}/nginx.conf"
# The lines by which `nginx -T` begins each file.
HEADER = "# configuration file {}:\n"
# As the kernel has it.
_MOST_LINKS = 40
_COMMENT = re.compile(r"#[^\n]*")
_INCLUDE = re.compile(r"(?<![^\s;{}])include\s+([^;{}]+?)\s*;")


def read(run_command: RunCommand, container: Mapping[str, Any]) -> str:
    """Return it in the form of `nginx -T`."""
    with TemporaryDirectory() as copy:
        files = _Files(run_command, container, copy)
        found: dict[str, str] = {}
        _follow(MAIN, files, found)
    return "\n".join(HEADER.format(path) + text for path, text in found.items())


def _follow(path: str, files: _Files, found: dict[str, str]) -> None:
    """Add a file, and after it those that it includes."""
    place = files.place(path)
    if path in found or not os.path.isfile(place):
        return
    with open(place, encoding="utf-8", errors="replace") as stream:
        found[path] = stream.read()
    for pattern in _INCLUDE.findall(_COMMENT.sub("", found[path])):
        for one in files.matching(posixpath.join(CONFIGURATION, pattern.strip("\"'"))):
            _follow(one, files, found)


class _Files:
    """The files of a container as the server has them, of which a path leads to what it leads to in the container.

    So a link of sites that are enabled, or a directory that is one, never leads to a file of the server's own.
    """

    def __init__(self, run_command: RunCommand, container: Mapping[str, Any], directory: str) -> None:
        self._run_command, self._id, self._directory = run_command, container["Id"], directory
        # Where mounts, and what was copied, can be read, by paths in the container. What is not there is looked for once.
        self._places = {str(one["destination"]): _source(container, one) for one in mounts(container) if one["type"] == "bind"}
        if CONFIGURATION not in self._places:
            self._copy(CONFIGURATION)

    def place(self, path: str) -> str:
        """Return where on the server a file of the container lies; nowhere where there is none."""
        current, rest, links = "/", _parts(path), 0
        while rest:
            step = posixpath.join(current, rest.pop(0))
            if posixpath.basename(step) == "..":
                current = posixpath.dirname(current)
                continue
            place = self._place(step, rest)
            if step in self._places and not self._is_copied(step):
                current = step  # What is mounted there is what Docker found, also behind a link of the server's.
            elif not os.path.islink(place):
                current = step
            elif links < _MOST_LINKS:
                target = os.readlink(place)
                current, rest, links = ("/" if target.startswith("/") else current), [*_parts(target), *rest], links + 1
            else:
                return os.devnull
        return self._place(current, [])

    def matching(self, pattern: str) -> list[str]:
        """Return the paths in the container that a pattern stands for, in the order in which nginx reads them."""
        found = ["/"]
        for part in _parts(pattern):
            if has_magic(part):
                found = [posixpath.join(one, name) for one in found for name in self._names(one) if _fits(name, part)]
            else:
                found = [posixpath.join(one, part) for one in found]
        return found

    def _names(self, path: str) -> list[str]:
        place = self.place(path)
        return sorted(os.listdir(place)) if os.path.isdir(place) else []

    def _place(self, path: str, rest: list[str]) -> str:
        """Return where a path of the container is on the server, by the innermost mount or copy that has it, or by a copy of it.

        Rest is what is wanted below it: no directory is copied whole for one file in it.
        """
        for inside in sorted(self._places, key=len, reverse=True):
            if path == inside or path.startswith(f"{inside}/"):
                return self._places[inside] + path[len(inside) :]
        if rest or path == "/":
            return os.devnull
        return self._copy(path)

    def _is_copied(self, path: str) -> bool:
        return self._places[path].startswith(self._directory)

    def _copy(self, path: str) -> str:
        """Copy a path of the container, with what is mounted there, also from one that does not run; Docker stays inside of it."""
        place = os.path.join(self._directory, str(len(self._places)))
        ask(self._run_command, "docker", "cp", f"{self._id}:{path}", place)
        self._places[path] = place
        return place


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) and (pattern.startswith(".") or not name.startswith("."))


def _source(container: Mapping[str, Any], mount: Mapping[str, Any]) -> str:
    """Return where what is mounted can be read: of a container that runs what it has, else what it would have."""
    state = container["State"]
    inside = INSIDE.format(state.get("Pid") or 0) + str(mount["destination"])
    return inside if state["Status"] == "running" and os.path.exists(inside) else str(mount["source"])
