# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The libraries that we need beside Python's own. Whoever imports one passes over its absence; here it is found out and told."""

from __future__ import annotations

import importlib
import traceback
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol


@dataclass(frozen=True)
class Library:
    """A library, and the Debian package that it comes with."""

    name: str
    package: str

    @property
    def import_error(self) -> str:
        """Return why it cannot be imported, an empty text where it can."""
        try:
            importlib.import_module(self.name)
        except ImportError:
            return traceback.format_exc()
        return ""

    @property
    def is_missing(self) -> bool:
        return bool(self.import_error)


CRYPTOGRAPHY = Library("cryptography", "python3-cryptography")
DOCKER = Library("docker", "python3-docker")
REQUESTS = Library("requests", "python3-requests")


class Module(Protocol):
    """The little that this needs of an AnsibleModule."""

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn: ...


def require(module: Module, *libraries: Library) -> None:
    """Fail with the names of the packages to install where libraries are missing."""
    # Here, since programs of ours also run on servers without Ansible.
    from ansible.module_utils.basic import missing_required_lib

    missing = [library for library in libraries if library.is_missing]
    if missing:
        names = ", ".join(f"{one.name} (package {one.package})" for one in missing)
        module.fail_json(
            msg=f"{missing_required_lib(names)}. A deploy installs what a server has not",
            exception="\n".join(one.import_error for one in missing),
        )
