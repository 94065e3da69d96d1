#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: apt_lock
version_added: 0.4.0
short_description: Wait until nobody else installs packages, and say who does
description:
  - On a new server C(unattended-upgrades) installs what has come since its image was made, and has the locks of C(apt) and C(dpkg)
    for minutes. This waits until they are free, and names the process for which it waited.
options:
  timeout:
    description: Seconds to wait.
    type: int
    default: 600
  paths:
    description: The files that are locked.
    type: list
    elements: path
    default:
      - /var/lib/dpkg/lock-frontend
      - /var/lib/dpkg/lock
      - /var/lib/apt/lists/lock
      - /var/cache/apt/archives/lock
attributes:
  check_mode:
    support: full
    description: Does not wait.
  diff_mode:
    support: none
    description: Nothing is changed.
seealso:
  - module: ansible.builtin.apt
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Wait until nobody else installs packages
  rarebooks.platform.apt_lock:
"""

RETURN = r"""
holder:
  description: The process that had a lock, by name and number, empty where they were free.
  returned: always
  type: str
  sample: unattended-upgr (pid 512)
elapsed:
  description: Seconds waited.
  returned: always
  type: int
  sample: 85
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._server import packages


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "timeout": {"type": "int", "default": 600},
            "paths": {"type": "list", "elements": "path", "default": list(packages.LOCKS)},
        },
        supports_check_mode=True,
    )
    paths, timeout = module.params["paths"], 0 if module.check_mode else module.params["timeout"]
    name, waited = packages.wait(timeout, paths)
    result = {"changed": False, "holder": name, "elapsed": round(waited)}
    if name and not module.check_mode:
        if packages.holder(paths):
            module.fail_json(
                msg=f"Packages: expected the locks of apt and dpkg to be free within {timeout} s, got {name}, which still has them. "
                "Nothing that runs has been changed. Wait until it has ended (`ps` shows it), then deploy again.",
                **result,
            )
        module.warn(f"Waited {round(waited)} s for {name}, which was installing packages.")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
