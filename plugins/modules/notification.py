#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: notification
version_added: 0.4.0
short_description: Send a test message to whoever a server tells
description:
  - Sends a message to each target of C(stack_notify), as a deploy has written them on the server, and says which did not take it and why.
  - A target is known by its number and the scheme of its URL. Whatever else is in that may be a secret, and is not shown.
extends_documentation_fragment:
  - rarebooks.platform.attributes.posix
attributes:
  check_mode:
    support: full
    description: Nothing is sent; the targets are returned without an error.
  diff_mode:
    support: N/A
    description: Nothing on the server is changed.
options:
  path:
    description: Absolute path of the directory that holds the release.
    type: path
    required: true
seealso:
  - module: rarebooks.platform.verification_info
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Send a test message
  rarebooks.platform.notification:
    path: /opt/rarebooks
  register: sent

- name: Show who did not get it
  ansible.builtin.debug:
    msg: "{{ sent.targets | selectattr('error') }}"
"""

RETURN = r"""
targets:
  description: The targets, in the order of C(stack_notify).
  returned: always
  type: list
  elements: dict
  contains:
    number:
      description: Which one it is, from 1.
      type: int
    scheme:
      description: The scheme of its URL.
      type: str
      sample: tgram
    error:
      description: Why it did not take the message, empty where it did.
      type: str
sent:
  description: Whether the message was sent, which it is not in check mode.
  returned: always
  type: bool
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import PlatformError
from ansible_collections.rarebooks.platform.plugins.module_utils._notify import settings, tell


def main() -> None:
    module = AnsibleModule(argument_spec={"path": {"type": "path", "required": True}}, supports_check_mode=True)
    try:
        wanted = settings.load(os.path.join(module.params["path"], settings.DIRECTORY, settings.FILE), settings.Settings)
    except PlatformError as error:
        module.fail_json(msg=str(error), targets=[], sent=False)
    errors = tell.test(wanted, send=not module.check_mode)
    told = [{"number": target.number, "scheme": target.scheme, "error": error} for target, error in errors]
    module.exit_json(changed=False, targets=told, sent=not module.check_mode)


if __name__ == "__main__":
    main()
