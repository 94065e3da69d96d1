#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: containers
short_description: Start, stop, restart or make anew the containers of one app, as the live release says
description:
  - What the live release says of itself on the server decides which containers an app has, in which order they start, and what has to
    answer in the end. No other container is touched.
  - What is started is what the release says. Files that somebody edited by hand since are told of, and wait for a deploy; where a container
    would be made from them, the module refuses.
  - A container that runs and has lost its network, or its name there, is attached again without a restart.
  - One that was stopped by O(action=stop) is noted as stopped on purpose, until this module or a deploy starts it again.
version_added: 0.4.0
extends_documentation_fragment:
  - rarebooks.platform.attributes.operation
author:
  - RareBooks platform developers (@rarebooks)
options:
  action:
    description:
      - V(start) starts what does not run, each container once what it depends on is healthy, and proves that the app serves.
      - V(stop) stops it in the opposite order. The proxy answers 503 at once.
      - V(restart) does both.
      - V(recreate) makes the containers anew from the images that they have.
      - V(rebuild) first builds the images that a deploy built on the server, without the builder's memory. Where what was built does not
        serve, the image of before takes its place again.
    type: str
    required: true
    choices: [start, stop, restart, recreate, rebuild]
  app:
    description: The app, by its name in the release. Exactly one of this and O(container) is needed.
    type: str
    default: ""
  container:
    description: A single container of the release.
    type: str
    default: ""
  confirm:
    description: The name of the proxy's container, which takes down every site when it is stopped.
    type: str
    default: ""
attributes:
  check_mode:
    support: full
    description: Says what would be started, stopped or made anew, and refuses what would be refused.
  diff_mode:
    support: full
    description: Shows the state of each container before and after.
seealso:
  - module: rarebooks.platform.release
"""

EXAMPLES = r"""
- name: Restart the messenger
  rarebooks.platform.containers:
    path: /opt/rarebooks
    project: rarebooksdokploy
    proxy_record: /opt/rarebooks/.proxy_loaded.json
    action: restart
    app: maymessenger
    run: "{{ lease.run }}"
"""

RETURN = r"""
name:
  description: What a person calls the app, or the container's name.
  returned: success
  type: str
other_apps:
  description: The apps of the release that this is not about.
  returned: success
  type: list
  elements: str
started:
  description: Containers that were or would be started.
  returned: success
  type: list
  elements: str
stopped:
  description: Containers that were or would be stopped.
  returned: success
  type: list
  elements: str
replaced:
  description: Containers that were or would be made anew.
  returned: success
  type: list
  elements: str
attached:
  description: What containers had lost of their networks, and got back.
  returned: success
  type: list
  elements: str
reasons:
  description: Why each container was started or made anew.
  returned: success
  type: dict
release:
  description: Identity of the release that is live now, empty in check mode and where a part of it does not serve.
  returned: success
  type: str
seconds:
  description: Seconds that it took.
  returned: success
  type: float
notes:
  description: What else a person should know, such as edits that wait for a deploy.
  returned: success
  type: list
  elements: str
diff:
  description: The state of each container before and after, in diff mode.
  returned: success
  type: list
  elements: dict
result:
  description: How a failed run ended, V(refused) with nothing changed, V(restored), V(failed) or V(broken).
  returned: failure
  type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._base import libraries
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import describe, facts_of
from ansible_collections.rarebooks.platform.plugins.module_utils._operate import manage
from ansible_collections.rarebooks.platform.plugins.module_utils._operate.command import OPTIONS, Command

ARGUMENT_SPEC: dict[str, Any] = {
    **OPTIONS,
    "action": {"type": "str", "required": True, "choices": list(manage.ACTIONS)},
    "app": {"type": "str", "default": ""},
    "container": {"type": "str", "default": ""},
    "confirm": {"type": "str", "default": ""},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    libraries.require(module, libraries.DOCKER, libraries.REQUESTS)
    try:
        command = Command.from_params(module.params, module.run_command)
        result = manage.run(command, module.params, module.check_mode)
    except Exception as error:
        module.fail_json(msg=describe(error), **{"result": "refused", **facts_of(error)})
    module.exit_json(**result)


if __name__ == "__main__":
    main()
