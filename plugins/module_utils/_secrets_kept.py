# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads secrets back from the files of the live release, for a server that has lost its store of them.

Beside each file with secrets we remember the text it was made from, references in the place of values.
"""

from __future__ import annotations

import os
import re

from ansible_collections.rarebooks.platform.plugins.module_utils import _secrets, _tree_plan
from ansible_collections.rarebooks.platform.plugins.module_utils._files import read_if_exists
from ansible_collections.rarebooks.platform.plugins.module_utils._tree_desired import TreeError


def read_back(root: str) -> dict[str, str]:
    """Return the secrets that the live files hold, each proven by making its file again; nothing where they cannot be read."""
    path = os.path.join(root, _tree_plan.MANIFEST)
    content = read_if_exists(path)
    if content is None:
        return {}
    try:
        owned = _tree_plan.load_manifest(path, content)
    except TreeError:
        return {}
    found: dict[str, str] = {}
    for name, entry in sorted(owned.items()):
        live = read_if_exists(os.path.join(root, name)) if entry.source else None
        if live is not None:
            found |= values(entry.source or "", live.decode("utf-8", "replace"))
    return found


def values(source: str, text: str) -> dict[str, str]:
    """Return the values that make the text of a source; none where the text was changed since."""
    parts = _secrets.REFERENCE.split(source)
    pattern = "".join("([^\n]+?)" if index % 2 else re.escape(part) for index, part in enumerate(parts))
    match = re.fullmatch(pattern, text)
    if match is None:
        return {}
    found = dict(zip(parts[1::2], match.groups(), strict=True))
    return found if _secrets.resolve(source, found) == text else {}
