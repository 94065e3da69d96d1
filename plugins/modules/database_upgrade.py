#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: database_upgrade
version_added: 0.4.0
short_description: Take the databases of an app to another major version of PostgreSQL
description:
  - Stops the app, dumps what it wrote last, restores it with the new image into a new volume beside the old one, compares every table, and
    proves the app on it, in one transaction on the server. Where any of it fails, all of it is undone, and the app serves as before.
  - The old volume is left as it was. Until something is written to the new one, a rollback to the sealed backup loses nothing.
  - Of a database that is of the version already, the indexes are built anew where its image sorts text by another version of a library than
    they were built by; otherwise it is left as it is. The app serves meanwhile.
  - Containers of other apps are not touched.
requirements:
  - docker (Python library) on the server
  - requests (Python library) on the server
attributes:
  check_mode:
    support: full
    description: Says which databases would go where and which containers would be replaced, and changes nothing.
  diff_mode:
    support: full
    description: Shows the files.
extends_documentation_fragment:
  - rarebooks.platform.attributes.posix
options:
  path:
    description: Absolute path of the directory that holds the release.
    type: path
    required: true
  project:
    description: The Compose project.
    type: str
    required: true
  app:
    description: The app, by its name.
    type: str
    required: true
  to:
    description: The major version.
    type: int
    required: true
  image:
    description: The image of that version. Empty for the image of today with that version in its tag.
    type: str
    default: ""
  secrets_file:
    description: The server's file of secrets.
    type: path
    required: true
  proxy_paths:
    description: Files and directories that nginx reads.
    type: list
    elements: path
    required: true
  proxy_record:
    description: The file that remembers what nginx has read.
    type: path
    required: true
  deadline:
    description: Seconds the gate waits. V(0) derives it from the health checks of what was started.
    type: int
    default: 0
  backup:
    description: The backup that this run sealed of what is live, to be gone back to.
    type: str
    default: ""
  run:
    description: The run that holds the lease, as M(rarebooks.platform.lease) returned it.
    type: dict
    default: {}
  lease_directory:
    description: Where leases lie.
    type: path
    default: /run/rarebooks.platform
seealso:
  - module: rarebooks.platform.database
  - module: rarebooks.platform.release
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Take the messenger to PostgreSQL 17
  rarebooks.platform.database_upgrade:
    path: /opt/rarebooks
    project: rarebooksdokploy
    app: maymessenger
    to: 17
    secrets_file: /opt/rarebooks/.secrets.json
    proxy_paths: [/opt/rarebooks/nginx, /etc/letsencrypt/live]
    proxy_record: /opt/rarebooks/.proxy_loaded.json
    backup: "{{ sealed.id }}"
    run: "{{ lease.run }}"
"""

RETURN = r"""
app:
  description: The app.
  returned: success
  type: str
  sample: maymessenger
title:
  description: What people call it.
  returned: success
  type: str
  sample: May Messenger
to:
  description: The major version.
  returned: success
  type: int
  sample: 17
databases:
  description: Each database that goes there, with the keys C(database), C(container), C(from), C(volume), C(old_volume), C(image) and
    C(old_image).
  returned: success
  type: list
  elements: dict
already:
  description: The databases that are of that version already.
  returned: success
  type: list
  elements: str
reindexed:
  description: Each database whose indexes were built anew, in check mode those that would be, with the keys C(database), C(container),
    C(built), the version of the library before, and C(now).
  returned: success
  type: list
  elements: dict
inventory:
  description: What the inventory has to say from now on.
  returned: success
  type: list
  elements: str
rows:
  description: The rows that were restored and counted.
  returned: success
  type: int
started:
  description: Containers that were replaced, in check mode those that would be.
  returned: success
  type: list
  elements: str
release:
  description: Identity of the release that is live now, empty in check mode.
  returned: success
  type: str
seconds:
  description: Seconds from the first change until everything was proven.
  returned: success
  type: float
notes:
  description: What else a person should know.
  returned: success
  type: list
  elements: str
diff:
  description: One difference per changed file in diff mode, otherwise empty.
  returned: success
  type: list
  elements: dict
result:
  description: How a failed run ended, V(refused) with nothing changed, V(restored), V(failed) or V(broken).
  returned: failure
  type: str
restored:
  description: The backup that was brought back and proven, empty where none was.
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._operate import as_module, options, upgrade


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **options.SPEC,
            "app": {"type": "str", "required": True},
            "to": {"type": "int", "required": True},
            "image": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    params = module.params
    as_module.carry_out(module, lambda wanted, how: upgrade.upgrade(wanted, how, params["app"], params["to"], params["image"]))


if __name__ == "__main__":
    main()
