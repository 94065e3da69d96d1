# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Has all runs of the tests share what Ansible makes of a module for the way to a server.

Ansible keeps a module's payload for the time of a run. To make it, it parses every file that the module imports: a quarter of what a
deploy computes here, and the tests deploy some thousand times. A changed file makes all of them anew.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: payloads
type: aggregate
short_description: Share the payloads of modules between runs
description: Used by the tests, see tests/molecule.sh.
"""

ROOT = Path(__file__).resolve().parents[3]


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Puts a directory of the checkout where Ansible keeps the payloads."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "payloads"

    def v2_playbook_on_start(self, playbook: Any) -> None:
        kept = ROOT / "build/payloads" / _state_of_sources()
        kept.mkdir(parents=True, exist_ok=True)
        # Ansible's own name for it, in ansible.executor.module_common.
        Path(C.DEFAULT_LOCAL_TMP, "ansiballz_cache").symlink_to(kept)


def _state_of_sources() -> str:
    states = [(str(path), (status := path.stat()).st_size, status.st_mtime_ns) for path in sorted((ROOT / "plugins").rglob("*.py"))]
    return hashlib.sha256(repr(states).encode()).hexdigest()
