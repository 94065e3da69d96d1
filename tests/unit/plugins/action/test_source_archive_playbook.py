"""Both modules through a real ansible-playbook: packing by package.yml, then the transfer over a connection."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[4]


def _play(playbook: Path, *options: str, **variables: str) -> tuple[int, str]:
    ansible = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,"]
    command = [*ansible, str(playbook), "-e", json.dumps(variables), *options]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "source/src").mkdir(parents=True)
    for name in ("Dockerfile", "MayMessenger.sln", "src/A.cs"):
        (tmp_path / "source" / name).write_text(f"{name}\n")
    return tmp_path / "source"


def test_package_says_what_is_missing() -> None:
    code, output = _play(ROOT / "package.yml")
    assert code != 0 and "package_source is missing" in output


def test_from_a_directory_to_the_server(tmp_path: Path, source: Path) -> None:
    code, output = _play(ROOT / "package.yml", package_source=f"{source}/")
    assert code == 0 and "changed=1" in output and "sha256 " in output
    task: dict[str, Any] = {"src": f"{source}.zip", "dest": str(tmp_path / "server/backend")}
    play: dict[str, Any] = {"hosts": "localhost", "connection": "local", "gather_facts": False}
    play["vars"] = {"ansible_python_interpreter": sys.executable}
    playbook = tmp_path / "play.yml"
    playbook.write_text(yaml.safe_dump([{**play, "tasks": [{"rarebooks.platform.source_archive": task}]}]))

    code, output = _play(playbook, "--check", "--diff")
    assert code == 0 and "changed=1" in output and "+src/A.cs 0644" in output
    assert not (tmp_path / "server").exists()
    code, output = _play(playbook)
    assert code == 0 and "changed=1" in output
    assert (tmp_path / "server/backend/src/A.cs").read_text() == "src/A.cs\n"
    code, output = _play(playbook)
    assert code == 0 and "changed=0" in output
