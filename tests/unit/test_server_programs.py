"""What units and timers run is on the server without Ansible: it has to be there whole, and without what it does not need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PACKAGE = "ansible_collections.rarebooks.platform.plugins.module_utils"


@pytest.mark.parametrize(
    ("role", "variable", "program"),
    [
        ("certificates", "__certificates_program", "_certbot.renewal"),
        ("stack", "__stack_recovery_program", "_switch.recovery"),
        ("operations", "__operations_watch_program", "_verify.watch"),
        ("host", "__host_program", "_run.reboot"),
        # Several programs that are there once.
        (
            "offsite",
            "__offsite_program",
            "_offsite.snapshot _offsite.upkeep _offsite.drill _continuous.follow _continuous.base _continuous.drill",
        ),
    ],
)
def test_the_listed_rooms_are_what_is_imported(tmp_path: Path, role: str, variable: str, program: str) -> None:
    rooms = yaml.safe_load((ROOT / f"roles/{role}/vars/main.yml").read_text())[variable]
    for room in rooms:
        shutil.copytree(ROOT / "plugins/module_utils" / room, tmp_path.joinpath(*PACKAGE.split("."), room))
    script = f"import sys, {', '.join(f'{PACKAGE}.{one}' for one in program.split())}\nprint(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    imported = done.stdout.split()
    assert "ansible" not in imported
    assert sorted({name.split(".")[5] for name in imported if name.startswith(f"{PACKAGE}._")}) == rooms
