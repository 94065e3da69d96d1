#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_files
version_added: 0.3.0
short_description: Put certificates with their keys where nginx reads them, each pair in one step
description:
  - Writes C(fullchain.pem) and C(privkey.pem) of each certificate. Both are links that change with one rename, so that at no
    moment, also not after a power loss, there is a chain without its key, with which nginx would not start.
  - Settings with which the distribution's certbot would renew a certificate of the same name are put aside.
requirements:
  - cryptography for Python on the server
options:
  certificates:
    description: The certificates.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The directory below O(live).
        type: str
        required: true
      chain:
        description: The certificates, PEM, that of the site first.
        type: str
        required: true
      key:
        description: The key of the site's certificate, PEM, not encrypted. Written with mode 0600.
        type: str
        required: true
  live:
    description: The directory that holds the certificates.
    type: path
    default: /etc/letsencrypt/live
attributes:
  check_mode:
    support: full
    description: Tells which certificates would change.
  diff_mode:
    support: full
    description: Shows the chains. Keys are not shown.
  platform:
    platforms: posix
    support: full
    description: The module runs on the server.
seealso:
  - module: rarebooks.platform.certbot_certificates
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Put the provided certificate in place
  rarebooks.platform.certificate_files:
    certificates:
      - name: rare-books.ru
        chain: "{{ lookup('ansible.builtin.file', inventory_dir ~ '/certificates/fullchain.pem', rstrip=false) }}"
        key: "{{ lookup('ansible.builtin.file', inventory_dir ~ '/certificates/privkey.pem', rstrip=false) }}"
"""

RETURN = r"""
updated:
  description: Names of the certificates that were missing or differed.
  returned: success
  type: list
  elements: str
diff:
  description: The chains before and after in diff mode, otherwise empty.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.rarebooks.platform.plugins.module_utils import _certificate
from ansible_collections.rarebooks.platform.plugins.module_utils._certificate_live import LIVE, Installed, Pair


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "certificates": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "chain": {"type": "str", "required": True},
                    "key": {"type": "str", "required": True, "no_log": True},
                },
            },
            "live": {"type": "path", "default": LIVE},
        },
        supports_check_mode=True,
    )
    if _certificate.IMPORT_ERROR and not module.check_mode:
        module.fail_json(msg=missing_required_lib("cryptography (package python3-cryptography)"), exception=_certificate.IMPORT_ERROR)
    updated, diff = [], []
    for one in module.params["certificates"]:
        installed = Installed(one["name"], module.params["live"])
        pair, before = Pair(one["chain"].encode(), one["key"].encode()), installed.pair()
        if before == pair:
            continue
        updated.append(one["name"])
        if module._diff:
            old = before.chain.decode(errors="replace") if before else ""
            diff.append({"before_header": installed.chain_file, "after_header": installed.chain_file, "before": old, "after": one["chain"]})
        if not module.check_mode:
            installed.put(pair)
            installed.forget(before)
    module.exit_json(changed=bool(updated), updated=updated, diff=diff)


if __name__ == "__main__":
    main()
