#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ledger_info
short_description: Read a server's record of its deploys and rollbacks
description:
  - Each deploy and each rollback leaves one line in C(ledger.jsonl) in the stack's directory, also one that failed or was refused.
    M(rarebooks.platform.lease) writes it.
  - Lines that cannot be read, such as one torn by a power loss, are counted and are no error. So is a server that has no ledger yet.
version_added: 0.2.0
extends_documentation_fragment:
  - rarebooks.platform.attributes.info_module
author:
  - RareBooks platform developers (@rarebooks)
options:
  path:
    description: The stack's directory.
    type: path
    required: true
seealso:
  - module: rarebooks.platform.lease
"""

EXAMPLES = r"""
- name: Read what was done to this server
  rarebooks.platform.ledger_info:
    path: /opt/rarebooks
  register: ledger

- name: Show how the last run ended
  ansible.builtin.debug:
    msg: "{{ (ledger.entries | last).result if ledger.entries else 'Nothing has been deployed yet.' }}"
"""

RETURN = r"""
entries:
  description: One for each run, oldest first. Each has every key; a text that does not apply is empty.
  returned: always
  type: list
  elements: dict
  contains:
    run:
      description: What identifies the run.
      type: str
    action:
      description: V(deploy) or V(rollback).
      type: str
    started:
      description: When it took the lease, in UTC, from the controller's clock.
      type: str
      sample: "2026-07-01T12:00:00Z"
    ended:
      description: The beginning plus the duration.
      type: str
      sample: "2026-07-01T12:01:23Z"
    duration:
      description: Seconds from taking the lease to the end. For V(interrupted) up to the beginning of its last step.
      type: float
      sample: 83.4
    result:
      description:
        - V(deployed), V(rolled back), V(renewed), V(unchanged) or, of an operating command, V(done) where it went well.
        - V(refused) where it failed before anything was changed.
        - V(failed) where it failed before the switch, or had nothing to go back to.
        - V(restored) where it failed and the old release serves again.
        - V(broken) where it failed and the old release could not be proven to serve.
        - V(interrupted) where the controller died; written by the next run.
      type: str
    by:
      description: User and host name of the controller.
      type: str
      sample: alice@laptop
    commit:
      description: Commit of the playbooks, followed by V(+changes) if some were not committed.
      type: str
      sample: fc169df0a1b2
    release:
      description: Digest of the release that serves at the end.
      type: str
    backup:
      description: The backup that this run sealed.
      type: str
    to:
      description: The backup that a rollback went to.
      type: str
    reasons:
      description: Why each container was started or replaced. Empty where none was, and of runs before 0.4.0.
      type: dict
      sample: {shop_backend: image differs}
    rehearsed:
      description: What came of starting each app on a copy of its data first. Empty where none was.
      type: dict
      sample: {shop: healthy after 4 s.}
    step:
      description: The step that failed.
      type: str
    error:
      description: First line of the error.
      type: str
unreadable:
  description: Number of lines that could not be read.
  returned: always
  type: int
  sample: 0
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger


def main() -> None:
    module = AnsibleModule(argument_spec={"path": {"type": "path", "required": True}}, supports_check_mode=True)
    entries, unreadable = ledger.read(module.params["path"])
    module.exit_json(changed=False, entries=entries, unreadable=unreadable)


if __name__ == "__main__":
    main()
