#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: proxy_reload
short_description: Reload nginx in a container when it has not read its configuration yet
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
- name: Reload the proxy
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

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._base import libraries
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import proxy as engine_proxy


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
    libraries.require(module, libraries.DOCKER)
    proxy = engine_proxy.Proxy(*(module.params[name] for name in ("container", "paths", "record", "timeout")))
    try:
        changed = module.params["force"] or not proxy.is_current()
        if changed and not module.check_mode:
            proxy.reload()
    except engine_proxy.ProxyError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=changed, digest=proxy.digest)


if __name__ == "__main__":
    main()
