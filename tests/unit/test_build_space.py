# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A build that would not fit is refused, by the largest image built before, by the very task and variable."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
REFUSAL = "Refuse a build that would fill the disk"


def built(project: str, size: int) -> dict[str, Any]:
    return {"project": project, "size": size}


def refusal(directory: Path, free: int, builds: list[dict[str, Any]], identifier: str = "") -> str:
    """Return the message with which the task refuses, nothing where it does not."""
    (task,) = (one for one in yaml.safe_load((ROOT / "roles/stack/tasks/plan.yml").read_text()) if one["name"] == REFUSAL)
    need = yaml.safe_load((ROOT / "roles/stack/vars/main.yml").read_text())["__stack_builds_need"]
    variables = {
        "stack_project": "shop",
        "__stack_server": {"builds": builds, "engine_disk": {"path": "/var/lib/docker", "free": free}},
        "__stack_builds_missing": {"chat": {"name": "chat:c25f", "digest": "c25f", "id": identifier}},
        "__stack_builds_need": need,
    }
    playbook = directory / "play.yml"
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": [task]}]))
    argv = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", "--connection", "local", str(playbook)]
    done = subprocess.run(argv, cwd=directory, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 2), done.stdout + done.stderr
    fatal = [line for line in done.stdout.splitlines() if line.startswith("fatal: ")]
    return str(json.loads(fatal[0][fatal[0].index("{") :])["msg"]) if fatal else ""


@pytest.mark.parametrize(
    ("free", "builds", "identifier"),
    [
        (712, [built("shop", 200), built("theirs", 9000)], ""),
        # Of a first build nothing is known.
        (512, [], ""),
        # It is there, and only gets its name back.
        (512, [built("shop", 200)], "sha256:5"),
    ],
)
def test_what_fits_is_built(tmp_path: Path, free: int, builds: list[dict[str, Any]], identifier: str) -> None:
    assert refusal(tmp_path, free, builds, identifier) == ""


def test_what_would_not_fit_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, 711, [built("shop", 200), built("shop", 100)])
    assert said.startswith("Disk: expected at least 712 MiB free for /var/lib/docker, since chat:c25f is built there")
    assert "got 711 MiB. Nothing has been changed." in said and "stack_backup_keep" in said
