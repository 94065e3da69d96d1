#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: registry_images
short_description: Pull the images that a server lacks, or that its registry has newer ones of
version_added: 0.4.0
description:
  - Pulls images by their names, all in one call. Containers go on with the image they were started with.
  - Nobody is asked for an image that is there, unless O(newest) is set, so that a server without a registry works as well.
  - A pull that would fill the engine's disk is given up before it does.
  - In check mode the registry is asked whether it has what is missing, and nothing is pulled.
author:
  - RareBooks platform developers (@rarebooks)
options:
  names:
    description:
      - Names of the images, in any form that Docker takes.
    type: list
    elements: str
    required: true
  newest:
    description:
      - Whether to take what the registry has now also where the server has an image of that name.
      - An image that did not come from a registry stays as it is, see RV(local).
    type: bool
    default: false
  path:
    description:
      - The directory that holds it all, where it is noted what was pulled. M(rarebooks.platform.backup) removes that again when neither a
        container nor a backup uses it.
      - Without it, nothing is noted, and what was pulled stays.
    type: path
    default: ""
attributes:
  check_mode:
    support: full
    description: Tells what would be pulled, and refuses what the registry does not have.
  diff_mode:
    support: none
    description: Images are no text.
seealso:
  - module: community.docker.docker_image_pull
"""

EXAMPLES = r"""
- name: Pull what is missing
  rarebooks.platform.registry_images:
    names: [postgres:15, nginx:stable-alpine]

- name: Take what the registry has now
  rarebooks.platform.registry_images:
    names: [nginx:stable-alpine]
    newest: true
"""

RETURN = r"""
pulled:
  description: The names that stand for another image now; in check mode, those that would.
  returned: success
  type: list
  elements: str
  sample: ["nginx:stable-alpine"]
local:
  description: With O(newest), the names of images that did not come from a registry, of which therefore none was asked.
  returned: success
  type: list
  elements: str
  sample: ["rarebooks_backend:latest"]
"""

from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._base import libraries
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import PlatformError
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import client, image_pull


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "names": {"type": "list", "elements": "str", "required": True},
            "newest": {"type": "bool", "default": False},
            "path": {"type": "path", "default": ""},
        },
        supports_check_mode=True,
    )
    libraries.require(module, libraries.DOCKER)
    try:
        done = image_pull.pull(client.connect(), module.params["names"], module.params["newest"], module.check_mode, module.params["path"])
    except PlatformError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=bool(done.pulled), **asdict(done))


if __name__ == "__main__":
    main()
