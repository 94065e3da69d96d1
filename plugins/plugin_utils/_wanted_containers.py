# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The containers of a release as its rendered tree says: what Compose would make of them, without asking it."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import dotenv
from ansible_collections.rarebooks.platform.plugins.plugin_utils._role_trees import texts

COMPOSE = re.compile(r"compose/[^/]+\.ya?ml")
# A line of an environment file; what is quoted may go over several lines.
ENTRY = re.compile(r"""^(?P<key>[^=#\s][^=\n]*)=(?P<value>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\n]*)$""", re.MULTILINE | re.DOTALL)


def read(files: Iterable[Mapping[str, Any]], project: str) -> dict[str, dict[str, Any]]:
    """Return each container of the tree by name."""
    tree = texts(files)
    return {
        str(service.get("container_name") or f"{project}-{name}-1"): {
            "service": name,
            "image": str(service.get("image") or ""),
            "mounts": dict(_mounts(service.get("volumes") or [], document.get("volumes") or {}, project)),
            "environment": _environment(service, tree),
            "entrypoint": _words(service.get("entrypoint")),
            "command": _words(service.get("command")),
        }
        for path, text in sorted(tree.items())
        if COMPOSE.fullmatch(path)
        for document in [yaml.safe_load(text.removeprefix("\ufeff")) or {}]
        for name, service in (document.get("services") or {}).items()
    }


def _words(command: Any) -> list[str] | None:
    """Return a command as its words, None where a service names none."""
    return None if command is None else shlex.split(command) if isinstance(command, str) else [str(word) for word in command]


def _mounts(listed: Iterable[Any], volumes: Mapping[str, Any], project: str) -> Iterator[tuple[str, str]]:
    """Yield where something is mounted, and what."""
    for one in listed:
        if isinstance(one, Mapping):
            source, place = str(one.get("source") or ""), str(one["target"])
        else:
            source, _colon, rest = str(one).partition(":")
            place = rest.partition(":")[0] or source
        named = source and source[0] not in "./~"
        yield place, ((volumes.get(source) or {}).get("name") or f"{project}_{source}") if named else source


def _environment(service: Mapping[str, Any], tree: Mapping[str, str]) -> dict[str, str]:
    """Return a service's variables; those it states itself win over those of its files."""
    listed = service.get("env_file") or []
    files = [one.get("path", "") if isinstance(one, Mapping) else one for one in ([listed] if isinstance(listed, str) else listed)]
    found = {key: value for file in files for key, value in parse(tree.get(posixpath.normpath(file), "")).items()}
    stated = service.get("environment") or {}
    pairs = stated.items() if isinstance(stated, Mapping) else (str(one).partition("=")[::2] for one in stated)
    return {**found, **{str(key): "" if value is None else str(value).replace("$$", "$") for key, value in pairs}}


def parse(text: str) -> dict[str, str]:
    """Return what an environment file of a tree says."""
    return {match["key"].strip(): dotenv.unquote(match["value"].strip()) for match in ENTRY.finditer(text)}
