# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Edits by hand that wait for a deploy: what is started is what the live release says, and not what somebody has written since."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable

from .._base.errors import PlatformError
from .._engine.compose import SOURCES
from .._tree.edited import edited_of
from .._tree.plan import LiveTree

NGINX = "nginx/*"


class EditsWaiting(PlatformError):
    """A container would be made from files that no deploy wrote; nothing has been changed."""


def edits(root: str, proxy: bool) -> dict[str, str]:
    """Return the files that somebody changed by hand of those that containers are made from; of the proxy also what nginx reads."""
    patterns = (*SOURCES, NGINX) if proxy else SOURCES
    return {path: what for path, what in edited_of(LiveTree(root)).items() if any(fnmatch.fnmatch(path, one) for one in patterns)}


def told(found: dict[str, str]) -> str:
    """Return a note of edits that come into force later; nothing where there are none."""
    if not found:
        return ""
    return (
        f"Not in force: {listed(found.items())}. That waits for a deploy, which shows it and overwrites it: "
        "ansible-playbook deploy.yml --check"
    )


def refuse(found: dict[str, str], containers: Iterable[str]) -> None:
    """Refuse to make containers from files that are not the release's."""
    if found:
        raise EditsWaiting(
            f"{' and '.join(containers)}: expected the files of the live release for it, got ones that were changed since: "
            f"{listed(found.items())}. Nothing has been changed. Put what must stay into the inventory, and deploy, which shows the rest "
            "and overwrites it: ansible-playbook deploy.yml --check"
        )


def listed(found: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"{path} ({what})" for path, what in found)
