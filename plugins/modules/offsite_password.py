#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: offsite_password
version_added: 0.4.0
short_description: Ensure the password of the repositories of snapshots
description:
  - Makes a password on the server where there is none, which so crosses no connection, or puts a given one in place. One that was there
    before stays beside it, since what was brought to a repository with it can be read with no other.
  - Removing it is not among what this module does.
extends_documentation_fragment:
  - rarebooks.platform.attributes.posix
attributes:
  check_mode:
    support: full
    description: Nothing is written.
  diff_mode:
    support: none
    description: It would show the password.
options:
  directory:
    description: The directory with the settings about repositories, for root alone.
    type: path
    required: true
  password:
    description: The password. Empty for the one that is there, or a new one.
    type: str
    default: ""
seealso:
  - module: rarebooks.platform.offsite_info
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Ensure the password of the repositories
  rarebooks.platform.offsite_password:
    directory: /etc/rarebooks.platform/offsite
"""

RETURN = r"""
generated:
  description: Whether a new one was made, or would be.
  returned: success
  type: bool
kept:
  description: The file in which the one of before stays, empty where there was none or nothing changed.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import password


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "password": {"type": "str", "default": "", "no_log": True},
        },
        supports_check_mode=True,
    )
    directory, given = module.params["directory"], module.params["password"].strip()
    try:
        found = password.read(directory)
        if found and given in ("", found):
            module.exit_json(changed=False, generated=False, kept="")
        kept = "" if module.check_mode else password.write(directory, given or password.new())
    except OSError as error:
        module.fail_json(msg=f"{directory}: the password of the repositories cannot be read or written: {error.strerror}.")
    module.exit_json(changed=True, generated=not given, kept=kept)


if __name__ == "__main__":
    main()
