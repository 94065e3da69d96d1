"""A play that has what the role stack knows of its apps, as far as it comes without a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars_files:
    - {root}/roles/stack/defaults/main.yml
    - {root}/roles/stack/vars/main.yml
    - {root}/roles/network/defaults/main.yml
    - {root}/roles/certificates/defaults/main.yml
  vars:
    ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}"
  tasks:
    - ansible.builtin.include_role:
        name: "{{{{ item }}}}"
        public: true
      loop: "{{{{ ['rarebooks.platform.proxy'] + __stack_roles }}}}"
"""


def play(scratch: Path, tasks: str, inventory: Mapping[str, Any], collections: str = "") -> None:
    """Load the apps of an inventory and run tasks, which are indented as the play's; collections is a further place for roles."""
    path = scratch / "play.yml"
    path.write_text(PLAY.format(root=ROOT) + tasks)
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", "-e", json.dumps(inventory), path],
        env={
            **os.environ,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": f"{ROOT}/collections:{collections}",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
