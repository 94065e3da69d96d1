#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: secret_rotation
version_added: 0.4.0
short_description: Give an app of the live release other secrets
description:
  - Gives one app other passwords of its databases, and other secrets such as the key that signs its tokens. Files, databases and containers
    change in one transaction on the server, which the gate proves. Where the app does not serve with them, all of it is undone.
  - Makes a value on the server for each secret that O(values) does not name. No value is ever returned, shown, or written into a log of
    PostgreSQL.
  - A secret that the app reads only when it starts on an empty database is left as it is, since another one would change nothing.
  - Containers of other apps are not touched.
requirements:
  - docker (Python library) on the server
  - requests (Python library) on the server
attributes:
  check_mode:
    support: full
    description: Says which secrets would change and which containers would be replaced, and changes nothing.
  diff_mode:
    support: full
    description: Shows the files, never a value.
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
    description: The app, by its name. Empty for the one that has O(secret).
    type: str
    default: ""
  secret:
    description: The one secret to change. Empty for all of the app.
    type: str
    default: ""
  values:
    description: Values by the names of secrets, instead of ones that are made on the server.
    type: dict
    default: {}
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
  - module: rarebooks.platform.secret_store
  - module: rarebooks.platform.release
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Give the messenger another key for its tokens
  rarebooks.platform.secret_rotation:
    path: /opt/rarebooks
    project: rarebooksdokploy
    app: maymessenger
    secret: maymessenger_jwt_secret
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
rotated:
  description: Names of the secrets that were changed.
  returned: success
  type: list
  elements: str
  sample: [maymessenger_jwt_secret]
kept:
  description: A sentence for each secret that keeps the value it has.
  returned: success
  type: list
  elements: str
databases:
  description: The databases whose passwords are among them.
  returned: success
  type: list
  elements: str
  sample: [maymessenger in db_maymessenger]
signing:
  description: Those of them that are no password of a database, so that what was made with the old one has ended.
  returned: success
  type: list
  elements: str
  sample: [maymessenger_jwt_secret]
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
from ansible_collections.rarebooks.platform.plugins.module_utils._operate import as_module, options, rotation


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **options.SPEC,
            "app": {"type": "str", "default": ""},
            "secret": {"type": "str", "default": "", "no_log": False},
            "values": {"type": "dict", "default": {}, "no_log": True},
        },
        supports_check_mode=True,
    )
    params = module.params
    given = {name: str(value) for name, value in params["values"].items() if value}
    as_module.carry_out(module, lambda wanted, how: rotation.rotate(wanted, how, params["app"], params["secret"], given))


if __name__ == "__main__":
    main()
