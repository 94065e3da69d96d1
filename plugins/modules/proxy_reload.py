#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: proxy_reload
short_description: Have nginx in a container read its configuration, when it has not yet
description:
  - Compares the files nginx reads with those it has read, and reloads it where they differ. A deploy that was interrupted after
    it wrote the files is so completed by the next one.
  - A reload starts new workers and lets the old ones finish their requests, so that no request is lost.
  - The configuration is tested first (C(nginx -t) in the same container). One that fails is not loaded; nginx keeps serving the old one.
version_added: 0.1.0
author:
  - RareBooks platform developers (@rarebooks)
requirements:
  - docker (Python library) on the server
options:
  container:
    description: Name of the container. Its first process must be nginx.
    type: str
    required: true
  paths:
    description: Files and directories on the server that nginx reads, certificates included.
    type: list
    elements: path
    required: true
  record:
    description: File on the server that remembers the digest of what nginx has read.
    type: path
    required: true
  force:
    description: Reload even when nothing differs, such as when a container behind the proxy has been replaced.
    type: bool
    default: false
  timeout:
    description: Seconds to wait for the new workers.
    type: int
    default: 10
attributes:
  check_mode:
    support: full
    description: Tells whether nginx would be reloaded, and leaves it alone.
  diff_mode:
    support: none
    description: What differs is shown by the task that wrote the files.
"""

EXAMPLES = r"""
- name: Have the proxy read its configuration
  rarebooks.platform.proxy_reload:
    container: nginx_container
    paths: [/opt/rarebooks/nginx, /etc/letsencrypt/live]
    record: /opt/rarebooks/.proxy_loaded.json
"""

RETURN = r"""
digest:
  description: SHA-256 over the names and contents of the files nginx reads.
  returned: success
  type: str
  sample: 4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a
"""

import json
import os
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.rarebooks.platform.plugins.module_utils._files import read_if_exists, sha256, write_durably

try:
    import docker

    HAS_DOCKER = True
except ImportError:
    HAS_DOCKER = False


def files_digest(paths: list[str]) -> str:
    """Return one digest of all files at or below paths; symbolic links count as what they point to."""
    entries = []
    for path in paths:
        names = [path] if os.path.isfile(path) else []
        for directory, _subdirectories, files in os.walk(path, followlinks=True):
            names += [os.path.join(directory, name) for name in files]
        entries += [f"{name} {sha256(read_if_exists(name) or b'')}\n" for name in names]
    return sha256("".join(sorted(entries)).encode())


def children(pid: int) -> set[str]:
    """Return the process ids of a process's children: nginx's workers, proc(5)."""
    return set((read_if_exists(f"/proc/{pid}/task/{pid}/children") or b"").decode().split())


def reload_nginx(module: AnsibleModule, container: Any, timeout: int) -> None:
    """Test the configuration, reload, and wait until new workers have taken over."""
    name = container.name
    for step, argv in (("refuses its configuration", ["-t", "-q"]), ("does not take the reload", ["-s", "reload"])):
        before = children(container.attrs["State"]["Pid"])
        code, output = container.exec_run(["nginx", *argv])
        if code != 0:
            module.fail_json(
                msg=f"nginx in {name} {step}; it keeps serving the one it has.\n{output.decode(errors='replace').strip()}\n"
                "Correct the site's variables or template and deploy again."
            )
    deadline = time.monotonic() + timeout
    while not children(container.attrs["State"]["Pid"]) - before:
        if time.monotonic() > deadline:
            module.fail_json(
                msg=f"nginx in {name}: expected new workers within {timeout} s of the reload, got none; it keeps serving the "
                f"old configuration. Look at `docker logs {name}`."
            )
        time.sleep(0.05)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "container": {"type": "str", "required": True},
            "paths": {"type": "list", "elements": "path", "required": True},
            "record": {"type": "path", "required": True},
            "force": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 10},
        },
        supports_check_mode=True,
    )
    if not HAS_DOCKER:
        module.fail_json(msg=missing_required_lib("docker", reason="to reload nginx; the Debian package is python3-docker"))
    name, record = module.params["container"], module.params["record"]
    digest = files_digest(module.params["paths"])
    read = json.loads(read_if_exists(record) or b"{}").get("digest")
    changed = module.params["force"] or read != digest
    if changed and not module.check_mode:
        try:
            container = docker.from_env().containers.get(name)
            if container.status != "running":
                module.fail_json(
                    msg=f"Container {name}: expected it running, got {container.status}. `docker logs {name}` says why."
                )
            reload_nginx(module, container, module.params["timeout"])
        except docker.errors.DockerException as error:
            module.fail_json(msg=f"Container {name}: Docker answers: {error}. See `docker ps --all` on the server.")
        write_durably(record, json.dumps({"digest": digest}).encode(), 0o600)
    module.exit_json(changed=changed, digest=digest)


if __name__ == "__main__":
    main()
