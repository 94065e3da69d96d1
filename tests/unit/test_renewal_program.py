"""What the timer runs is on the server without Ansible: it has to be there whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PACKAGE = "ansible_collections.rarebooks.platform.plugins.module_utils"
VARIABLES = yaml.safe_load((ROOT / "roles/certificates/vars/main.yml").read_text())


def test_the_listed_files_are_all_that_is_imported(tmp_path: Path) -> None:
    files = VARIABLES["__certificates_program"]
    target = tmp_path.joinpath(*PACKAGE.split("."))
    target.mkdir(parents=True)
    for name in files:
        (target / name).write_text((ROOT / "plugins/module_utils" / name).read_text())
    script = f"import sys, {PACKAGE}._certbot_renewal\nprint(*(name for name in sys.modules if name.startswith('{PACKAGE}._')))"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert sorted(f"{name.removeprefix(f'{PACKAGE}.')}.py" for name in done.stdout.split()) == sorted(files)


def test_nothing_of_ansible_is_needed() -> None:
    for name in VARIABLES["__certificates_program"]:
        assert "from ansible." not in (ROOT / "plugins/module_utils" / name).read_text(), name
