# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a role lies on the controller."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from ansible import constants as C
from ansible.errors import AnsibleActionFail

# What an app has, and no other role: the proxy has a site as well, of what was adopted.
SITE = "templates/tree/nginx/sites/{}.conf.j2"


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
        f"collection, or a name in the playbook's roles directory or in roles_path. {_advice(role)}"
    )


def _advice(role: str) -> str:
    """Say where roles are named, since those of apps alone are named by people, and which apps there are."""
    collection, _dot, name = role.rpartition(".")
    apps = [path.name for path in _roles(collection) if (path / SITE.format(path.name)).is_file()] if collection else []
    near = difflib.get_close_matches(name, apps, n=1)
    known = f"; {collection} has {', '.join(apps)}" if apps else ""
    return f"Apps are named by stack_apps{known}.{f' Write {near[0]}.' if near else ''}"


def _roles(collection: str) -> list[Path]:
    try:
        found = find_spec(f"ansible_collections.{collection}.roles")
    except (ImportError, ValueError):
        return []
    places = (found.submodule_search_locations if found else None) or []
    return sorted(role for place in places for role in Path(place).iterdir())
