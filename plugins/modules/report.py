# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# The work is done by the action plugin of the same name; this file holds its documentation.

from __future__ import annotations

DOCUMENTATION = r"""
module: report
short_description: Show a person a text of several lines
description:
  - Shows a text line by line, below the name of its host. M(ansible.builtin.debug) shows it so only where C(ansible.cfg) asks for
    results in YAML, which an operator of an installed collection has no reason to do, and folds or quotes what is to be copied.
  - Replaces each C(ansible-playbook NAME.yml) in the text, NAME being a playbook of this collection, by the command that works
    where the present run was started, as the filter P(rarebooks.platform.as_called#filter) does.
  - Runs on the controller and never connects to the server.
version_added: 0.4.0
author:
  - RareBooks platform developers (@rarebooks)
options:
  text:
    description: The text. Blanks at the ends of its lines and empty lines around it are left out.
    type: str
    required: true
  bare:
    description: Whether the text is for a machine, and shown as it is, without the name of its host.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Shows the same.
  diff_mode:
    support: none
    description: Nothing is changed.
"""

EXAMPLES = r"""
- name: Report how a run ended
  rarebooks.platform.report:
    text: |
      {{ inventory_hostname }} serves.
      To look at its backups: ansible-playbook backups.yml
"""

RETURN = r"""
msg:
  description: The text as it was shown, for those who read results.
  returned: always
  type: str
  sample: shop.example.org serves RareBooks and May Messenger.
"""
