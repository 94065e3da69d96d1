# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One hash for a tree of files, as it is wanted and as it lies on a server: what is there need not be sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from .._base.files import sha256
from .desired import PRIVATE_MODE, PUBLIC_MODE, TreeError
from .plan import LiveTree


def wanted(files: Iterable[Mapping[str, str]]) -> str:
    """Return the hash of files as config_tree is given them, each with path and either content or private_content."""
    return _digest(_entry(file) for file in files)


def _entry(file: Mapping[str, str]) -> tuple[str, int, bytes]:
    if "private_content" in file:
        return file["path"], PRIVATE_MODE, file["private_content"].encode()
    return file["path"], PUBLIC_MODE, file["content"].encode()


def live(root: str) -> str:
    """Return the hash of what config_tree wrote below root, as it is now; empty where that cannot be told."""
    try:
        tree = LiveTree(root)
        found = [(path, existing) for path in tree.owned if (existing := tree.read(path)) is not None]
    except (TreeError, OSError):
        return ""
    return _digest((path, existing.mode, existing.data) for path, existing in found)


def _digest(files: Iterable[tuple[str, int, bytes]]) -> str:
    entries = sorted((path, mode, sha256(data)) for path, mode, data in files)
    return sha256(json.dumps(entries).encode())
