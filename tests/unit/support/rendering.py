"""A play that has what the role stack knows of its apps, as far as it comes without a server."""

from __future__ import annotations

import json
import os
import re
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
# A file that a page writes out: its name, and what is in it.
FILE = re.compile(r"^`([^`\n]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What stack does with a whole app: check it, make its secrets, write its tree.
WHOLE = """    - rarebooks.platform.preconditions:
        server: "{{{{ __stack_server }}}}"
        apps: "{{{{ __stack_apps }}}}"
        project: "{{{{ stack_project }}}}"
        path: "{{{{ stack_path }}}}"
        systems: "{{{{ __stack_systems }}}}"
    - ansible.builtin.import_tasks: {root}/roles/stack/tasks/secrets.yml
    - rarebooks.platform.config_tree:
        path: "{{{{ stack_path }}}}"
        roles: "{{{{ __stack_trees }}}}"
        secrets_file: "{{{{ stack_secrets_file }}}}"
    - ansible.builtin.copy:
        content: "{{{{ dict(names=__stack_certificates, sources=__stack_sources) }}}}"
        dest: {tree}/facts.json
        mode: "0600"
"""

# A server on which all is well.
SERVER: dict[str, Any] = {
    "os": {"id": "debian", "version": "13"},
    "disk_free": 99999,
    "engine_disk": {"path": "/var/lib/docker", "free": 99999},
    "memory": 9999,
    "daemon_config": "",
    "deployed": False,
    "certificates": [],
    "python_libraries": {"docker": True, "requests": True},
    "engine": {
        "package": "docker.io",
        "version": "26.1",
        "unit": True,
        "context": "",
        "flags": [],
        "swarm": False,
        "running": 0,
        "root": "/var/lib/docker",
    },
    "docker_library": {"error": ""},
    "listeners": {},
    "published": {},
    "volumes": [],
    "containers": [],
    "lost_data": [],
    "deployed_by_us": True,
    "images": [],
    "networks": {"rarebooks_network": {}},
    "addresses": [],
    "names": {},
}


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
