#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: offsite_info
version_added: 0.4.0
short_description: Read what is known of the repositories of snapshots
description:
  - Returns of each repository the last snapshot, check and drill, what went wrong last, and whether it can be reached now.
  - Can also return its password, or say whether somebody has the right one.
extends_documentation_fragment:
  - rarebooks.platform.attributes.info_module
author:
  - RareBooks platform developers (@rarebooks)
options:
  directory:
    description: The directory with the settings about repositories.
    type: path
    default: /etc/rarebooks.platform/offsite
  state_directory:
    description: The directory in which the server remembers what became of snapshots.
    type: path
    default: /var/lib/rarebooks.platform/offsite
  ask:
    description: Whether the repositories are asked for their snapshots, which takes some seconds each.
    type: bool
    default: true
  show_password:
    description: Whether the password is returned. A task that does so needs C(no_log).
    type: bool
    default: false
  check_password:
    description: A password to compare with the repositories'.
    type: str
seealso:
  - module: rarebooks.platform.offsite_password
"""

EXAMPLES = r"""
- name: Read what is known of the repositories
  rarebooks.platform.offsite_info:
  register: offsite

- name: Show when the last snapshots were made
  ansible.builtin.debug:
    msg: "{{ offsite.repositories | map(attribute='snapshot.at') }}"
"""

RETURN = r"""
password:
  description: The password, empty unless it was to be shown.
  returned: success
  type: str
password_matches:
  description: Whether the given password is that of the repositories.
  returned: success
  type: bool
password_kept:
  description: Whether the inventory says that it is kept elsewhere.
  returned: success
  type: bool
append_only:
  description: Whether nothing is removed from the repositories by this server.
  returned: success
  type: bool
repositories:
  description: The repositories, in the order of the inventory.
  returned: success
  type: list
  elements: dict
  contains:
    location:
      description: Where it is, without a password.
      type: str
      sample: sftp:backup@store.example.org:/srv/rarebooks
    id:
      description: The repository's own id, empty until the first snapshot.
      type: str
    snapshot:
      description: The last one, none before the first. Its id, time, the backup in it, bytes that were new and in all, and what it lacks.
      type: dict
    check:
      description: The last check that found nothing, none before the first. Its time, and which part of how many it has read.
      type: dict
    drill:
      description: The last drill that proved a snapshot, none before the first. Its notes are what it left out, and why.
      type: dict
    pruned:
      description: When what no snapshot needs was removed.
      type: str
    ahead:
      description:
        - The time of a snapshot of this server in it that had not been yet when the last one was made, empty where there is none. The clock
          was wrong then, or is now.
      type: str
    troubles:
      description: What failed last and has not succeeded since, with what was done, time, kind and text.
      type: list
      elements: dict
    error:
      description: Why it cannot be used now, empty where it can or was not asked.
      type: str
    count:
      description: How many snapshots it holds, none where it was not asked or does not answer.
      type: int
"""

from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import PlatformError, describe
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import password, records, settings
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.contents import TAG
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.records import Known
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.repository import Repository, access_of


def told(repository: Repository, known: Known, ask: bool) -> dict[str, Any]:
    """Return what is known of one repository."""
    facts = {
        **asdict(known),
        "location": repository.shown,
        "troubles": [{"doing": doing, **asdict(one)} for doing, one in known.troubles.items()],
        "error": "",
        "count": None,
    }
    if ask:
        try:
            facts["count"] = len(repository.snapshots(TAG))
        except PlatformError as error:
            facts["error"] = describe(error)
    return facts


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "default": settings.DIRECTORY},
            "state_directory": {"type": "path", "default": records.DIRECTORY},
            "ask": {"type": "bool", "default": True},
            "show_password": {"type": "bool", "default": False, "no_log": False},
            "check_password": {"type": "str", "no_log": True},
        },
        supports_check_mode=True,
    )
    directory = module.params["directory"]
    try:
        wanted, known = settings.load(directory), records.read(module.params["state_directory"])
        found = [Repository(location, access_of(wanted, directory)) for location in wanted.repositories] if wanted else []
        module.exit_json(
            changed=False,
            password=password.read(directory) if module.params["show_password"] else "",
            password_matches=password.matches(directory, module.params["check_password"] or ""),
            password_kept=bool(wanted and wanted.password_kept),
            append_only=bool(wanted and wanted.append_only),
            repositories=[told(one, known.of(one.shown), module.params["ask"]) for one in found],
        )
    except PlatformError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
