#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: app_removal
short_description: Take an app off a server, and leave the others as they are
description:
  - Takes the app's site out of the proxy, proves that the other apps serve as before, and removes its containers, the images that nothing
    else runs, and the renewal of a certificate that no other app uses. Where the others do not serve, the site is put back, and nothing has
    been removed.
  - The tree is then what a deploy without the app would write. A deploy with it brings the app back, with the data in its volumes.
  - Volumes are removed only where the app's name is given as O(confirm). Seal a backup with a dump of its databases before
    (M(rarebooks.platform.backup)).
version_added: 0.4.0
extends_documentation_fragment:
  - rarebooks.platform.attributes.operation
author:
  - RareBooks platform developers (@rarebooks)
options:
  app:
    description: The app, by its name in the release.
    type: str
    required: true
  confirm:
    description: The app's name once more, to remove its volumes as well. Empty to keep them.
    type: str
    default: ""
  letsencrypt_path:
    description: Directory in which certbot keeps the certificates of the server.
    type: path
    default: /opt/rarebooks/letsencrypt
attributes:
  check_mode:
    support: full
    description: Says what would be removed.
  diff_mode:
    support: full
    description: Shows each file that changes, secrets masked.
seealso:
  - module: rarebooks.platform.release
"""

EXAMPLES = r"""
- name: Take the messenger off, and keep its data
  rarebooks.platform.app_removal:
    path: /opt/rarebooks
    project: rarebooksdokploy
    proxy_record: /opt/rarebooks/.proxy_loaded.json
    app: maymessenger
    backup: "{{ sealed.id }}"
    run: "{{ lease.run }}"
"""

RETURN = r"""
name:
  description: What a person calls the app.
  returned: success
  type: str
other_apps:
  description: The apps that stay.
  returned: success
  type: list
  elements: str
containers:
  description: Containers that were or would be removed.
  returned: success
  type: list
  elements: str
files:
  description: Files that were or would be removed, relative to O(path).
  returned: success
  type: list
  elements: str
images:
  description: Names of images that were or would be removed.
  returned: success
  type: list
  elements: str
certificate:
  description: The certificate whose renewal was or would be ended, empty where there is none of this app alone.
  returned: success
  type: str
networks:
  description: Networks of the app alone that were or would be removed.
  returned: success
  type: list
  elements: str
volumes:
  description: Volumes that were or would be removed.
  returned: success
  type: list
  elements: str
kept_volumes:
  description: Volumes of the app that stay.
  returned: success
  type: list
  elements: str
databases:
  description: Names of the app's databases, which are all that a backup holds of what is in its volumes.
  returned: success
  type: list
  elements: str
release:
  description: Identity of the release that is live now, empty in check mode and where a part of it does not serve.
  returned: success
  type: str
seconds:
  description: Seconds that it took.
  returned: success
  type: float
notes:
  description: What else a person should know, such as an image that could not be removed.
  returned: success
  type: list
  elements: str
diff:
  description: One difference per changed file in diff mode.
  returned: success
  type: list
  elements: dict
result:
  description: How a failed run ended, V(refused) or V(restored) with nothing removed, V(failed) or V(broken).
  returned: failure
  type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._base import libraries
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import describe, facts_of
from ansible_collections.rarebooks.platform.plugins.module_utils._operate import remove
from ansible_collections.rarebooks.platform.plugins.module_utils._operate.command import OPTIONS, Command

ARGUMENT_SPEC: dict[str, Any] = {
    **OPTIONS,
    "app": {"type": "str", "required": True},
    "confirm": {"type": "str", "default": ""},
    "letsencrypt_path": {"type": "path", "default": "/opt/rarebooks/letsencrypt"},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    libraries.require(module, libraries.DOCKER, libraries.REQUESTS)
    try:
        command = Command.from_params(module.params, module.run_command)
        result = remove.run(command, module.params, module.check_mode, module._diff)
    except Exception as error:
        module.fail_json(msg=describe(error), **{"result": "refused", **facts_of(error)})
    module.exit_json(**result)


if __name__ == "__main__":
    main()
