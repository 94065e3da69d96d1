# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# The work is done by the action plugin of the same name; this file holds its documentation.

from __future__ import annotations

DOCUMENTATION = r"""
module: variables
short_description: Check the variables of roles before any of them is used
description:
  - Compares the values of the variables that roles state in C(meta/argument_specs.yml) with the types stated there, strictly,
    and reports all faults at once.
  - Ansible's own validation accepts what can be turned into the type, such as a text for a list, which tasks and templates then
    get as it is. Here only numbers and truth values may be texts, since that is how they arrive from a command line or an INI
    inventory; tasks convert them where they use them.
  - Refuses also a value that would refer to a secret of the server, and a role that is not there.
  - A variable whose name begins as those of a role do, but that no file of these roles and no other variable reads, is refused where it
    is at most two letters from one that is stated. Otherwise it may be somebody else's, so that a warning names it. Both need a
    role that states its options.
  - Refuses a file such as C(group_vars/rarebooks.yml) beside a directory C(group_vars/rarebooks), of which Ansible reads nothing and says
    nothing. With O(only) it is a warning.
  - Variables that are not set are left alone, so that it can run before the roles that have their defaults.
  - Runs on the controller and never connects to the server.
version_added: 0.4.0
extends_documentation_fragment:
  - rarebooks.platform.attributes.info_module
author:
  - RareBooks platform developers (@rarebooks)
options:
  roles:
    description: The roles, by their fully qualified names.
    type: list
    elements: str
    required: true
  only:
    description: The variables to check. Unset means all that the roles state. Otherwise only their misspelt names are refused, and
      others are not warned of.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Refuse variables of another type
  rarebooks.platform.variables:
    roles: [rarebooks.platform.stack, rarebooks.platform.rarebooks]
"""

RETURN = r"""
msg:
  description: All faults, one on each line, once.
  returned: failure
  type: str
  sample: |-
    Nothing has been changed. These variables cannot be used as they are:
    - stack_backup_keep: expected a whole number, got the text "three".
"""
