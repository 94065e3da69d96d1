# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ends a switch at boot runs on the server without Ansible."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULE_UTILS = "ansible_collections/rarebooks/platform/plugins/module_utils"


def test_the_program_is_whole(tmp_path: Path) -> None:
    """As roles/stack copies it: every file of the folder."""
    shutil.copytree(ROOT / "plugins/module_utils", tmp_path / MODULE_UTILS)
    script = (
        f"import sys, {MODULE_UTILS.replace('/', '.')}._release_recovery\n"
        "assert not [name for name in sys.modules if name.split('.')[0] == 'ansible'], 'Ansible is needed'"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
