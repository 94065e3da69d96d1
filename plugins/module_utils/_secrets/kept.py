# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads secrets back from the files of the live release, for a server that has lost its store of them.

Beside each file with secrets we remember the text it was made from, references in the place of values.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from .._base import secret_store
from .._base.files import read_if_exists
from .._tree import desired, dotenv, plan
from .._tree.desired import TreeError


def read_back(root: str) -> dict[str, str]:
    """Return the secrets that the live files hold, each proven by making its file again; nothing where they cannot be read."""
    path = os.path.join(root, plan.MANIFEST)
    content = read_if_exists(path)
    if content is None:
        return {}
    try:
        owned = plan.load_manifest(path, content)
    except TreeError:
        return {}
    found: dict[str, str] = {}
    for name, entry in sorted(owned.items()):
        live = read_if_exists(os.path.join(root, name)) if entry.source else None
        if live is not None:
            found |= values(name, entry.source or "", live.decode("utf-8", "replace"))
    return found


# What begins the names of values that are only masked: no secret has a blank in its name.
OTHER = "other "


def masks(store: Mapping[str, str], files: Iterable[tuple[str, str, bytes]]) -> dict[str, str]:
    """Return the store, and under other names what files hold of secrets whose values there are others.

    So it is after a rollback to before a rotation: the live release goes on with the values of then. Files are path, source and text.
    """
    found = dict(store)
    for path, source, data in files:
        for name, value in values(path, source, data.decode("utf-8", "replace")).items():
            if store.get(name) != value:
                found[f"{OTHER}{path} {name}"] = value
    return found


def live_masks(root: str, store: Mapping[str, str]) -> dict[str, str]:
    """Return the same of the live files."""
    return {**store, **{f"{OTHER}{name}": value for name, value in read_back(root).items() if store.get(name) != value}}


def values(path: str, source: str, text: str) -> dict[str, str]:
    """Return the values that make the text of a source; none where the text was changed since."""
    found: dict[str, str] = {}
    for wanted, line in zip(source.split("\n"), text.split("\n"), strict=False):
        found |= _in_line(wanted, line)
    if secret_store.referenced(source) - found.keys():
        return {}
    try:
        return found if desired.resolve(path, source, found) == text else {}
    except TreeError:
        return {}


def _in_line(source: str, line: str) -> dict[str, str]:
    """Return the values that one line refers to, without the quotes that a value may have as a whole or within a connection string."""
    parts = secret_store.REFERENCE.split(source)
    if len(parts) == 1:
        return {}
    pattern = "".join("(.+?)" if index % 2 else re.escape(part) for index, part in enumerate(parts))
    key, equals, value = line.partition("=")
    match = re.fullmatch(pattern, f"{key}{equals}{dotenv.unquote(value)}")
    if match is None:
        return {}
    # A value that is the whole of the line has no quotes of a connection string.
    alone = source.count("=") == 1
    return {name: found if alone else dotenv.unquote_in_pair(found) for name, found in zip(parts[1::2], match.groups(), strict=True)}
