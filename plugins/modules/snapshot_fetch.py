#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: snapshot_fetch
version_added: 0.4.0
short_description: Bring a file or a folder of a volume back from a repository elsewhere
description:
  - Finds a snapshot of the server in its repositories, and brings one file, one folder or all of one volume back, beside what is there
    today, or in its place. What was there stays beside, under another name.
  - Nothing is stopped. Each file or folder is whole before it has its name.
  - Where the snapshot cannot be read from one repository, that of the same backup in the next one is taken.
extends_documentation_fragment:
  - rarebooks.platform.attributes.posix
  - rarebooks.platform.offsite_options.repositories
options:
  part:
    description:
      - What to bring, a volume and a path in it, such as V(rarebooksdokploy_maymessenger_audio/a/voice), or an absolute path on the server.
    type: str
    required: true
  id:
    description: Id of the backup whose snapshot is read. Empty for the newest one.
    type: str
    default: ""
  in_place:
    description: Whether it takes the place of what is there, in place of a name beside it that ends in V(.from_) and the backup's id.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Tells what would come and where to, and refuses what would be refused.
  diff_mode:
    support: none
    description: What comes is what the snapshot has.
seealso:
  - module: rarebooks.platform.backup_fetch
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Bring back a voice message that somebody removed
  rarebooks.platform.snapshot_fetch:
    path: /opt/rarebooks
    part: rarebooksdokploy_maymessenger_audio/a/voice
    in_place: true
"""

RETURN = r"""
source:
  description: The snapshot and the repository that it came from.
  returned: success
  type: str
  sample: snapshot 4f1c2a7b in sftp:me@store:/srv/rarebooks
backup:
  description: Id of the backup that the snapshot holds.
  returned: success
  type: str
  sample: "20261124_083000"
created:
  description: When the snapshot was made, ISO 8601 in UTC.
  returned: success
  type: str
  sample: "2026-11-24T08:30:00Z"
files:
  description: How many files come.
  returned: success
  type: int
size:
  description: Their bytes.
  returned: success
  type: int
places:
  description: Where it is now, or would be.
  returned: success
  type: list
  elements: str
kept:
  description: What was in its place, under the name that it has now.
  returned: success
  type: list
  elements: str
"""

import os
from datetime import datetime, timezone

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import ID_TIME, BackupError
from ansible_collections.rarebooks.platform.plugins.module_utils._base import libraries
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import PlatformError, describe
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import client as engine_client
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import fetch, settings
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.parts import Bringing, HalfBroughtError
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.repository import Repository, access_of
from ansible_collections.rarebooks.platform.plugins.module_utils._run import restoring


def bring(module: AnsibleModule) -> Bringing:
    """Bring it from the first repository that has it, in check mode only look."""
    options = module.params
    directory = options["directory"]
    if unfinished := restoring.refusal(os.path.normpath(options["path"]), "fetch"):
        raise BackupError(unfinished)
    found = settings.load(directory)
    if found is None or not found.repositories:
        raise BackupError(f"{directory}: expected a repository to fetch from, got none. Set stack_offsite_repository, then deploy.")
    access = access_of(found, directory)
    repositories = [Repository(location, access) for location in found.repositories]
    candidates, silent = fetch.find_all(repositories, options["host"] or found.host, options["id"])
    for text in silent.values():
        module.warn(text)
    failed: list[str] = []
    for one in candidates:
        work = Bringing(found, engine_client.connect(), one, datetime.now(timezone.utc).strftime(ID_TIME), options["in_place"])
        try:
            if module.check_mode:
                work.look(options["part"])
            else:
                work.run(options["part"])
        except HalfBroughtError:
            raise
        except PlatformError as error:
            failed.append(describe(error))
            continue
        return work
    raise BackupError(" ".join(dict.fromkeys(failed)))


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "part": {"type": "str", "required": True},
            "id": {"type": "str", "default": ""},
            "in_place": {"type": "bool", "default": False},
            "host": {"type": "str", "default": ""},
            "directory": {"type": "path", "default": settings.DIRECTORY},
        },
        supports_check_mode=True,
    )
    libraries.require(module, libraries.DOCKER)
    try:
        done = bring(module)
    except HalfBroughtError as error:
        module.fail_json(msg=describe(error), changed=True, result="failed")
    except Exception as error:
        module.fail_json(msg=describe(error))
    module.exit_json(
        changed=True,
        source=str(done.one),
        backup=done.one.backup,
        created=f"{done.one.snapshot.created:%Y-%m-%dT%H:%M:%SZ}",
        files=done.files,
        size=done.size,
        places=done.places,
        kept=done.kept,
    )


if __name__ == "__main__":
    main()
