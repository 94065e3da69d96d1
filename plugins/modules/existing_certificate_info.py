#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: existing_certificate_info
version_added: 0.4.0
short_description: Say whether certificates that others put in place can be served, and who renews them
description:
  - Validates the files on the server as nginx and a strict client would, by a handshake in memory with this server's trust store. It needs
    no library that a server set up by hand may lack; where Python's cryptography is there, it names all names that are not covered.
  - Finds who renews each certificate, certbot or acme.sh, what starts that (a systemd timer, cron, a container), and whether its way of
    answering challenges works behind the proxy, which holds port 80.
extends_documentation_fragment:
  - rarebooks.platform.attributes.info_module
  - rarebooks.platform.attributes.posix
options:
  certificates:
    description: The certificates that sites are served with.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The directory below O(live).
        type: str
        required: true
      names:
        description: The host names that are served with it.
        type: list
        elements: str
        required: true
  live:
    description: The directory that holds the certificates.
    type: path
    default: /etc/letsencrypt/live
seealso:
  - module: rarebooks.platform.certificate_info
  - module: rarebooks.platform.preconditions
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Validate the certificates that are there
  rarebooks.platform.existing_certificate_info:
    certificates:
      - name: rare-books.ru
        names: [rare-books.ru, www.rare-books.ru]
  register: existing
  failed_when: existing.problems | length > 0
"""

RETURN = r"""
problems:
  description: One sentence for each reason why a certificate cannot be served.
  returned: always
  type: list
  elements: str
  sample: []
warnings:
  description: One sentence for each renewal that nobody is known to do, or that would fail. Ansible shows them.
  returned: when there are some
  type: list
  elements: str
renewers:
  description: Who renews each certificate, by its name.
  returned: always
  type: dict
  sample: {rare-books.ru: "certbot with the authenticator webroot, started by certbot.timer"}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot import renewers
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates import existing
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import LIVE


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "certificates": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "names": {"type": "list", "elements": "str", "required": True},
                },
            },
            "live": {"type": "path", "default": LIVE},
        },
        supports_check_mode=True,
    )
    certificates = module.params["certificates"]
    known = renewers.Renewers(module.run_command)
    found = {one["name"]: known.of(one["name"]) for one in certificates}
    for name, renewer in found.items():
        for text in renewers.warnings(name, renewer):
            module.warn(text)
    module.exit_json(
        changed=False,
        problems=[text for one in certificates for text in existing.problems(one["name"], one["names"], module.params["live"])],
        renewers={name: str(renewer) for name, renewer in found.items()},
    )


if __name__ == "__main__":
    main()
