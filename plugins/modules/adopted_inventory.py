# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# The work is done by the action plugin of the same name; this file holds its documentation.

from __future__ import annotations

DOCUMENTATION = r"""
module: adopted_inventory
short_description: Write the inventory of a server that somebody set up by hand
description:
  - Writes C(hosts.yml) and C(group_vars/rarebooks/main.yml) from what M(rarebooks.platform.adoption_info) has read, each value with
    a comment that says where. What is as in the defaults of the roles is left out. So are secrets, which stay on the server.
  - Runs on the controller and never connects to the server. An existing directory is refused.
version_added: 0.4.0
author:
  - RareBooks platform developers (@rarebooks)
options:
  path:
    description: The directory to make. It must not exist, unless O(proxy) or O(undecided) is added to what this module has written there.
    type: path
    required: true
  facts:
    description: What RV(rarebooks.platform.adoption_info#module:facts) has.
    type: dict
    required: true
  roles:
    description: The roles whose defaults need not be said.
    type: list
    elements: str
    default: []
  adoptions:
    description: What roles ask for, to make an inventory of it (docs/apps.md).
    type: list
    elements: dict
    default: []
  apps:
    description: The apps of the release.
    type: list
    elements: dict
    default: []
  proxy:
    description: What M(rarebooks.platform.proxy_adoption_info) returned. What is carried over is added to what has been written.
    type: dict
  undecided:
    description: What is still to be decided, one line each. Added as comments to what has been written.
    type: list
    elements: str
attributes:
  check_mode:
    support: full
    description: Writes nothing.
  diff_mode:
    support: none
    description: What is written has not been there before.
seealso:
  - module: rarebooks.platform.adoption_info
"""

EXAMPLES = r"""
- name: Write what was read
  rarebooks.platform.adopted_inventory:
    path: inventories/shop
    facts: "{{ adoption.facts }}"
    roles: [rarebooks.platform.rarebooks]
    adoptions: ["{{ rarebooks_adoption }}"]
    apps: ["{{ rarebooks_app }}"]
"""

RETURN = r"""
variables_file:
  description: The file with the variables.
  returned: success
  type: str
  sample: /home/anna/platform/inventories/shop/group_vars/rarebooks/main.yml
"""
