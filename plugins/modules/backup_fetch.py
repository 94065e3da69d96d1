#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_fetch
version_added: 0.4.0
short_description: Bring a backup back from a repository elsewhere
description:
  - Where a backup is not on the server, looks for a snapshot that holds it in the server's repositories, and brings it to where the
    others lie, with the images that are missing. Every file of it is verified before it is there under its name.
  - Where it is on the server with its images, or where the server has no repository, does nothing.
extends_documentation_fragment:
  - rarebooks.platform.attributes.posix
  - rarebooks.platform.offsite_options.repositories
options:
  id:
    description: Id of the backup. Empty does nothing.
    type: str
    default: ""
  images:
    description: Whether the images of the backup are needed as well. A database is restored without them.
    type: bool
    default: true
attributes:
  check_mode:
    support: full
    description: Tells what would be fetched.
  diff_mode:
    support: none
    description: What comes is what the snapshot has.
seealso:
  - module: rarebooks.platform.backup_info
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Fetch a backup that is not on the server any more
  rarebooks.platform.backup_fetch:
    path: /opt/rarebooks
    id: "20261124_083000"
"""

RETURN = r"""
source:
  description: The snapshot and the repository that it came from, or would come from. Empty where nothing is fetched.
  returned: success
  type: str
  sample: snapshot 4f1c2a7b in sftp:me@store:/srv/rarebooks
size:
  description: Bytes of the backup that were fetched, or would be.
  returned: success
  type: int
  sample: 48213
"""

import os
from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import images, listing
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import ID, BackupError
from ansible_collections.rarebooks.platform.plugins.module_utils._base import libraries
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import describe
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import client as engine_client
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import fetch, settings
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.contents import BACKUP, staged
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.fetch import Offsite
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.repository import Repository, access_of
from ansible_collections.rarebooks.platform.plugins.module_utils._run import restoring

if TYPE_CHECKING:
    from docker import DockerClient


def wanted(client: DockerClient, root: str, identifier: str, host: str, directory: str, with_images: bool) -> Offsite | None:
    """Return the snapshot to fetch; None where the backup is here with the images that are needed, and where no repository is."""
    here = {one.id: one for one in listing.find_all(root)}.get(identifier)
    if here and not (with_images and here.manifest and images.gone(images.present(client), here.manifest)):
        return None
    found = settings.load(directory) if ID.fullmatch(identifier) else None
    if found is None or not found.repositories:
        return None
    access = access_of(found, directory)
    try:
        return fetch.find([Repository(location, access) for location in found.repositories], host or found.host, identifier)
    except BackupError:
        if here is None:
            raise
        return None  # What it lacks, its verification says.


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "id": {"type": "str", "default": ""},
            "host": {"type": "str", "default": ""},
            "directory": {"type": "path", "default": settings.DIRECTORY},
            "images": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    libraries.require(module, libraries.DOCKER)
    root = os.path.normpath(module.params["path"])
    size = 0
    try:
        if unfinished := restoring.refusal(root, "rollback", module.params["id"]):
            raise BackupError(unfinished)
        client = engine_client.connect()
        with_images = module.params["images"]
        one = wanted(client, root, module.params["id"], module.params["host"], module.params["directory"], with_images)
        if one:
            size = fetch.size_of(one, staged(BACKUP))
            if not module.check_mode:
                fetch.fetch(client, root, one, with_images=with_images)
    except Exception as error:
        module.fail_json(msg=describe(error))
    module.exit_json(changed=bool(one), source=str(one or ""), size=size)


if __name__ == "__main__":
    main()
