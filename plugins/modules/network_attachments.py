#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: network_attachments
short_description: Repair the networks of the containers, without stopping any of them
description:
  - Attaches each container of the live release to its networks by the names that its service has there, and makes a network that is
    missing. These are the one that all containers share, and those of apps' databases. Containers that have what they should are not
    touched.
  - Somebody else's container that is found there by one of our names is named, fails the task, and is not touched.
  - Apps whose containers all run are proven to serve afterwards.
version_added: 0.4.0
extends_documentation_fragment:
  - rarebooks.platform.attributes.operation
author:
  - RareBooks platform developers (@rarebooks)
options:
  recreate:
    description:
      - Whether the network that all share is made anew, although it may be sound. Every container moves to another network meanwhile, the
        proxy first and then one app after another, and back in the same way. Connections that are open at that moment end. One that was
        cut off is brought to its end by the next call.
      - An engine that knows a container's network by its id attaches it to no other when that one is gone. There each container is made
        anew, one app after another and the proxy last.
      - Refused while somebody else's container is on the network.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Says what would be attached.
  diff_mode:
    support: full
    description: Shows each container that would be attached, with its names.
seealso:
  - module: rarebooks.platform.containers
"""

EXAMPLES = r"""
- name: Attach what has lost the network
  rarebooks.platform.network_attachments:
    path: /opt/rarebooks
    project: rarebooksdokploy
    proxy_record: /opt/rarebooks/.proxy_loaded.json
    run: "{{ lease.run }}"
"""

RETURN = r"""
network:
  description: The network that all containers share.
  returned: success
  type: str
  sample: rarebooks_network
repaired:
  description: What was or would be repaired.
  returned: success
  type: list
  elements: str
foreign:
  description: Containers of others, each with the network of ours that it is on, and those of our names by which it is found there.
  returned: always
  type: list
  elements: dict
seconds:
  description: Seconds that it took.
  returned: success
  type: float
notes:
  description: What was done.
  returned: success
  type: list
  elements: str
diff:
  description: What is attached, in diff mode.
  returned: success
  type: list
  elements: dict
result:
  description: How a failed run ended, V(refused) with nothing changed, or V(failed).
  returned: failure
  type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._base import libraries
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import describe, facts_of
from ansible_collections.rarebooks.platform.plugins.module_utils._operate import network
from ansible_collections.rarebooks.platform.plugins.module_utils._operate.command import OPTIONS, Command

ARGUMENT_SPEC: dict[str, Any] = {**OPTIONS, "recreate": {"type": "bool", "default": False}}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    libraries.require(module, libraries.DOCKER, libraries.REQUESTS)
    try:
        command = Command.from_params(module.params, module.run_command)
        result = network.run(command, module.params["recreate"], module.check_mode)
    except Exception as error:
        module.fail_json(msg=describe(error), **{"result": "refused", **facts_of(error)})
    module.exit_json(**result)


if __name__ == "__main__":
    main()
