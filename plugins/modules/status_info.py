#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: status_info
version_added: 0.4.0
short_description: Read how a server is, on one screen
description:
  - Returns which release is live, since when and by whom, the state of each container and what it uses, sizes of volumes and databases,
    how long certificates last, how old the newest backup is and where a rollback would go, and the last runs.
  - What cannot be read at the moment is V(none), or says why, and hides nothing else.
requirements:
  - docker (Python library) on the server
extends_documentation_fragment:
  - rarebooks.platform.attributes.info_module
author:
  - RareBooks platform developers (@rarebooks)
options:
  path:
    description: The stack's directory.
    type: path
    required: true
  project:
    description: The Compose project.
    type: str
    required: true
seealso:
  - module: rarebooks.platform.log_info
  - module: rarebooks.platform.ledger_info
"""

EXAMPLES = r"""
- name: Read how the server is
  rarebooks.platform.status_info:
    path: /opt/rarebooks
    project: rarebooksdokploy
  register: status

- name: Show it
  rarebooks.platform.report:
    text: "{{ status.text }}"
"""

RETURN = r"""
text:
  description: All of it for a person, on 80 columns.
  returned: success
  type: str
project:
  description: The Compose project.
  returned: success
  type: str
release:
  description:
    - The live release by its digest, and the run that brought it, from the ledger. That is empty where the ledger does not know this very
      release, as after somebody edited a file by hand.
  returned: success
  type: dict
  contains:
    digest:
      description: The digest of files and images, empty where nothing is deployed.
      type: str
    since:
      description: When that run ended, in UTC.
      type: str
    action:
      description: What the run was, such as V(deploy) or V(rotate secrets).
      type: str
    result:
      description: V(deployed), V(rolled back) or V(restored); V(done) of a command that is none of these and made another release.
      type: str
    by:
      description: User and host name of the controller.
      type: str
    commit:
      description: Commit of the playbooks.
      type: str
    backup:
      description: The backup that the run sealed.
      type: str
    to:
      description: The backup that a rollback went to.
      type: str
run:
  description: The run that is at work, empty where there is none.
  returned: success
  type: str
apps:
  description: The apps of the release, with C(name), C(title) and C(hosts).
  returned: success
  type: list
  elements: dict
containers:
  description: The containers of the release, also missing ones, and others of the project.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    app:
      description: The app that it belongs to, or V(proxy); empty for one that the release does not know.
      type: str
    status:
      description: The engine's word, or V(missing).
      type: str
    health:
      description: What its health check says, V(none) without one.
      type: str
    image:
      description: The name of its image.
      type: str
    restarts:
      description: How often the engine has restarted it.
      type: int
    started:
      description: When it was started, in UTC.
      type: str
    uptime:
      description: Seconds since then, if it runs.
      type: int
    cpu:
      description: Percent of one core, over a moment.
      type: float
    memory:
      description: Bytes of memory.
      type: int
volumes:
  description: Named volumes with their C(name) and C(size) in bytes, V(none) where counting takes too long.
  returned: success
  type: list
  elements: dict
databases:
  description: Databases with their C(name), C(container) and C(size) in bytes, V(none) where it does not answer.
  returned: success
  type: list
  elements: dict
certificates:
  description: Certificates with C(name), C(hosts), C(days_left), C(not_after) and C(error).
  returned: success
  type: list
  elements: dict
backups:
  description:
    - Their C(count), the C(newest) and its C(age) in seconds, the C(previous) that a rollback would go to, or the C(reason) for none.
  returned: success
  type: dict
snapshots:
  description:
    - The repositories elsewhere, each with its C(location), the C(age) of the last snapshot in seconds, none before the first, and the
      C(error) of what failed last, empty where nothing did.
  returned: success
  type: list
  elements: dict
runs:
  description: The last runs, the newest first, as M(rarebooks.platform.ledger_info) returns them.
  returned: success
  type: list
  elements: dict
disk:
  description: Bytes C(free) and C(size) of the disk that holds the stack's directory.
  returned: success
  type: dict
"""

import os
from datetime import datetime, timezone

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._base import libraries
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import describe, facts_of
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import client as engine_client
from ansible_collections.rarebooks.platform.plugins.module_utils._status.status import Status


def main() -> None:
    module = AnsibleModule(
        argument_spec={"path": {"type": "path", "required": True}, "project": {"type": "str", "required": True}},
        supports_check_mode=True,
    )
    libraries.require(module, libraries.DOCKER)
    status = Status(os.path.normpath(module.params["path"]), module.params["project"])
    try:
        result = status.read(engine_client.connect(), datetime.now(timezone.utc))
    except Exception as error:
        module.fail_json(msg=describe(error), **facts_of(error))
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
