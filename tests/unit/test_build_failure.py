"""What an operator reads of an image that cannot be built, rendered from the very task."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CAUSE = 'failed to solve: process "/bin/sh -c dotnet publish" did not complete successfully: exit code: 1'


def test_a_failed_build_says_its_cause_and_its_last_twenty_lines(tmp_path: Path) -> None:
    tasks = yaml.safe_load((ROOT / "roles/stack/tasks/images.yml").read_text())
    (rescue,) = (task["rescue"] for task in tasks if "rescue" in task)
    lines = [f"#9 {number} line" for number in range(1, 41)]
    failed = {
        "failed": True,
        "msg": "Building chat:c25f failed",
        "stderr": "\n".join([*lines, "", "------", f"ERROR: {CAUSE}", ""]),
        "__stack_source": {"app": "chat", "dest": "Chat/backend"},
    }
    variables = {
        "stack_path": "/opt/x",
        "stack_built_images": {"chat": "chat:c25f"},
        "__stack_built": {"results": [{"skipped": True}, failed]},
    }
    playbook = tmp_path / "play.yml"
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": rescue}]))
    argv = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", "--connection", "local", str(playbook)]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    # Without a terminal messages are wrapped; the result is not.
    fatal = next(line for line in done.stdout.splitlines() if line.startswith("fatal: "))
    first, second, *shown = json.loads(fatal[fatal.index("{") :])["msg"].splitlines()
    assert first == f"Image chat:c25f: expected its build from /opt/x/Chat/backend to succeed, got: {CAUSE}"
    assert second.startswith("Nothing that runs has been changed.")
    assert shown == [f"  | {line}" for line in [*lines[-18:], "------", f"ERROR: {CAUSE}"]]
