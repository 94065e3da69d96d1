# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a role lies on the controller."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec

from ansible import constants as C
from ansible.errors import AnsibleActionFail


def _in_collection(role: str, collections: Sequence[str] | None) -> str:
    """Return where a collection has the role, or nothing. Collections are Python packages, so that Python finds what is in them."""
    parts = role.split(".")
    qualified = len(parts) > 2
    for collection in [".".join(parts[:2])] if qualified else collections or []:
        package = ".".join(["ansible_collections", collection, "roles", *(parts[2:] if qualified else parts)])
        try:
            found = find_spec(package)
        except (ImportError, ValueError):  # the second where a dot has nothing beside it
            continue
        if found and found.submodule_search_locations:
            return str(next(iter(found.submodule_search_locations)))
    return ""


def role_directory(role: str, basedir: str, collections: Sequence[str] | None) -> str:
    """Find a role as a play does: in a collection, beside the playbook, in the configured role paths."""
    found = _in_collection(role, collections)
    if found:
        return found
    for place in [os.path.join(basedir, "roles"), *(C.DEFAULT_ROLES_PATH or [])]:
        directory = os.path.join(place, role)
        if os.path.isdir(directory):
            return directory
    raise AnsibleActionFail(
        f"Role {role} was not found on the controller. Expected a role's fully qualified name in an installed "
        "collection, or a name in the playbook's roles directory or in roles_path."
    )
