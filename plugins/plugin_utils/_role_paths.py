# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a role lies on the controller."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ansible import constants as C
from ansible.errors import AnsibleActionFail
from ansible.utils.collection_loader._collection_finder import _get_collection_role_path


def role_directory(role: str, basedir: str, collections: Sequence[str] | None) -> str:
    """Find a role as a play does: in a collection, beside the playbook, in the configured role paths."""
    found = _get_collection_role_path(role, collections)
    if found:
        return str(found[1])
    for place in [os.path.join(basedir, "roles"), *(C.DEFAULT_ROLES_PATH or [])]:
        directory = os.path.join(place, role)
        if os.path.isdir(directory):
            return directory
    raise AnsibleActionFail(
        f"Role {role} was not found on the controller. Expected a role's fully qualified name in an installed "
        "collection, or a name in the playbook's roles directory or in roles_path."
    )
