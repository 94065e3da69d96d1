#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: server_restore
version_added: 0.4.0
short_description: Bring a whole server back from a repository onto a bare one
description:
  - Finds a snapshot of a server in its repositories and brings back all that a release needs, the sealed backup with its images,
    generated secrets, certificates with their renewal, the ledger, and the volumes of files.
  - It does not start anything. M(rarebooks.platform.release) does, with its option O(rarebooks.platform.release#module:to) and with
    O(rarebooks.platform.release#module:restore_database), and fills the databases before any app is started. Until that has ended well
    the server is noted as being restored, and other runs are refused.
  - Where the snapshot cannot be read from one repository, or is not whole there, that of the same backup in the next one is taken.
  - Where no backup is named, each repository has to answer, since one that does not may have a newer snapshot than the others.
  - Refuses a server on which there is something already. What an earlier restore has brought is not brought again.
extends_documentation_fragment:
  - rarebooks.platform.attributes.posix
  - rarebooks.platform.offsite_options.repositories
options:
  id:
    description:
      - Id of the backup whose snapshot is brought. Empty for the newest one, and for the one that an earlier run has begun with.
      - Another one than an earlier run has begun with starts over, as long as no release is there. Of volumes comes what differs.
    type: str
    default: ""
  log:
    description:
      - Whether the rows that the write-ahead log has beyond the newest snapshot come as well.
      - An older one, named by O(id), comes without them.
    type: bool
    default: true
  ahead:
    description:
      - Whether this is done ahead, while the other server still serves. The next run then takes the newest snapshot, and of it what
        differs.
    type: bool
    default: false
  lease_directory:
    description: Where leases lie.
    type: path
    default: /run/rarebooks.platform
  run:
    description: The run that holds the lease, as M(rarebooks.platform.lease) returned it.
    type: dict
    default: {}
attributes:
  check_mode:
    support: full
    description: Tells which snapshot would be brought, and refuses what would be refused.
  diff_mode:
    support: none
    description: What comes is what the snapshot has.
seealso:
  - module: rarebooks.platform.release
  - module: rarebooks.platform.backup_fetch
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Bring the server back from its newest snapshot
  rarebooks.platform.server_restore:
    path: /opt/rarebooks
    run: "{{ lease.run }}"
"""

RETURN = r"""
backup:
  description: Id of the backup that is on the server now.
  returned: success
  type: str
  sample: "20261124_083000"
source:
  description: The snapshot and the repository that it came from.
  returned: success
  type: str
  sample: snapshot 4f1c2a7b in sftp:me@store:/srv/rarebooks
created:
  description: When the snapshot was made, ISO 8601 in UTC. Of what was written later only rows come back, see RV(until).
  returned: success
  type: str
  sample: "2026-11-24T08:30:00Z"
network:
  description: The network that the release's containers need.
  returned: success
  type: str
  sample: rarebooks_network
brought:
  description: What was brought by this call, beside the backup.
  returned: success
  type: list
  elements: str
  sample: [files, volume rarebooksdokploy_uploads]
until:
  description: >-
    For each database whose log goes on beyond the snapshot, when its last row was written, ISO 8601 in UTC. Empty without O(log),
    and where O(id) names an older snapshot.
  returned: success
  type: dict
  sample: {db_maymessenger: "2026-11-24T21:14:29Z"}
seconds:
  description: Seconds it took.
  returned: success
  type: float
"""

import os
import time
from collections.abc import Mapping
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import BackupError, load, store
from ansible_collections.rarebooks.platform.plugins.module_utils._base import libraries
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import PlatformError, describe
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous import newer
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import client as engine_client
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import fetch, settings
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.contents import Contents
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.fetch import Offsite
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.repository import Repository, access_of
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.restore import Restore
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.settings import Settings
from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease, ledger, restoring


def restore(module: AnsibleModule) -> dict[str, Any]:
    """Bring back what is not there yet, in check mode only look; return the result."""
    options = module.params
    root, directory = os.path.normpath(options["path"]), options["directory"]
    found = settings.load(directory)
    if found is None or not found.repositories:
        raise BackupError(f"{directory}: expected a repository to restore from, got none. Set stack_offsite_repository, then run again.")
    begun = restoring.read(root)
    # What was brought ahead is there to be brought up to the newest.
    going_on = begun.backup if begun and not begun.prepared else ""
    access = access_of(found, directory)
    repositories = [Repository(location, access) for location in found.repositories]
    host, wanted = options["host"] or found.host, options["id"] or going_on
    candidates, errors = fetch.find_all(repositories, host, wanted)
    if errors and not wanted:
        refuse_unsure(host, candidates[0], errors)
    if not module.check_mode and (token := ledger.Run.from_dict(options["run"]).token):
        lease.record_process(lease.Place(root, options["lease_directory"]), token)
    # Also where the newest is named, such as where one repository is silent for good.
    newest = not options["id"] or options["id"] == fetch.find_all(repositories, host)[0][0].backup
    work, told = first_whole(module, found, candidates, options["log"] and newest)
    # The log goes on while it is brought ahead.
    for text in [] if module.check_mode or options["ahead"] else bring_log(work, repositories, host, root):
        module.warn(text)
    note = restoring.read(root)
    return {
        "changed": bool(work.brought),
        "backup": work.one.backup,
        "source": str(work.one),
        "created": told.created,
        "network": told.network,
        "brought": work.brought,
        "until": {container: one.until for container, one in note.newer.items()} if note else {},
    }


def bring_log(work: Restore, repositories: list[Repository], host: str, root: str) -> list[str]:
    """Bring what the log has beyond the snapshot; return why some of it could not be had."""
    manifest = load(os.path.join(store(root), work.one.backup))
    return newer.bring(work.client, repositories, manifest, host, root)


def refuse_unsure(host: str, newest: Offsite, errors: Mapping[str, str]) -> NoReturn:
    """Refuse to take for the newest snapshot what may not be: a repository that did not answer may have a newer one."""
    raise BackupError(
        f"Repositories: expected an answer of all of them, so that the newest snapshot of {host} is restored, got none of "
        f"{', '.join(errors)}. The newest one elsewhere is {newest}, of {newest.snapshot.created:%Y-%m-%dT%H:%M:%SZ}: backup "
        f"{newest.backup}. Nothing has been changed. {' '.join(errors.values())} Have all of them answer, or add -e "
        f"restore_backup={newest.backup} to take that one, then run: ansible-playbook restore_server.yml"
    )


def first_whole(module: AnsibleModule, found: Settings, candidates: list[Offsite], log: bool) -> tuple[Restore, Contents]:
    """Bring back the first of some snapshots of one backup that can be read; return what did it, and what the snapshot says of itself."""
    client = engine_client.connect()
    brought: list[str] = []
    failed: list[str] = []
    for one in candidates:
        work = Restore(found, client, one, log=log, brought=brought, ahead=module.params["ahead"])
        try:
            told = work.look() if module.check_mode else work.run()
        except PlatformError as error:
            failed.append(describe(error))
            continue
        for text in failed:
            module.warn(f"{text} It came from {one.repository} instead.")
        return work, told
    raise BackupError(" ".join(dict.fromkeys(failed)))


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "id": {"type": "str", "default": ""},
            "log": {"type": "bool", "default": True},
            "host": {"type": "str", "default": ""},
            "ahead": {"type": "bool", "default": False},
            "directory": {"type": "path", "default": settings.DIRECTORY},
            "lease_directory": {"type": "path", "default": lease.DIRECTORY},
            "run": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    libraries.require(module, libraries.DOCKER)
    began = time.monotonic()
    try:
        result = restore(module)
    except Exception as error:
        module.fail_json(msg=describe(error))
    module.exit_json(**result, seconds=round(time.monotonic() - began, 1))


if __name__ == "__main__":
    main()
