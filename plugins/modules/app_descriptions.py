# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# The work is done by the action plugin of the same name; this file holds its documentation.

from __future__ import annotations

DOCUMENTATION = r"""
module: app_descriptions
version_added: 0.4.0
short_description: Refuse descriptions of apps that cannot be used as they are
description:
  - Checks how the roles of apps describe them against the public contract of C(docs/apps.md), and reports all faults of all apps at
    once. These are keys that are not known (with the nearest one that is), missing keys, values of a wrong type, and references to a
    container or volume that the app does not have.
  - A key that is not known is refused, since it may be a misspelt one. Of an app whose C(databases) is misspelt nothing would be
    dumped.
  - What a role has found out itself is reported as well, the C(problems) of its apps as faults and their C(notes) as warnings.
  - Runs on the controller and never connects to the server.
extends_documentation_fragment:
  - rarebooks.platform.attributes.info_module
options:
  roles:
    description:
      - Fully qualified names of roles of apps. Each has to be included before, and describes its app in a variable of its own name
        followed by C(_app), or several in a list.
    type: list
    elements: str
    required: true
seealso:
  - module: rarebooks.platform.preconditions
  - module: rarebooks.platform.variables
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Check what the apps say of themselves
  rarebooks.platform.app_descriptions:
    roles: [rarebooks.platform.rarebooks, rarebooks.platform.maymessenger]
"""

RETURN = r"""
msg:
  description: All faults, one on each line, once.
  returned: failure
  type: str
  sample: |-
    Nothing has been changed. These descriptions of apps cannot be used as they are (docs/apps.md, app description 1):
    - Role acme.apps.notes: notes_app: expected the keys of an app (app description 1), got database. Write databases.
"""
