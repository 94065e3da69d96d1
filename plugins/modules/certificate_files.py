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
  - A pair that nginx could not load, or that clients of its hosts would not trust, is refused before any is put in place. It is
    checked against this server's trust store, as the gate checks what is served.
  - The pair of before is kept until a release has proven the new one, and comes back when that fails.
  - Settings with which the distribution's certbot would renew a certificate of the same name are put aside.
extends_documentation_fragment:
  - rarebooks.platform.attributes.posix
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
        description: The certificates, PEM, that of the site first, then each intermediate.
        type: str
        required: true
      key:
        description: The key of the site's certificate, PEM, not encrypted. Written with mode 0600.
        type: str
        required: true
      hosts:
        description: The host names that are served with it. For each of them its clients have to trust it.
        type: list
        elements: str
        default: []
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
        hosts: [rare-books.ru, www.rare-books.ru]
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

from typing import Any

from ansible_collections.rarebooks.platform.plugins.module_utils._base.unlogged import UnloggedModule
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates import trial
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import LIVE, Installed, Pair


def differing(certificates: list[dict[str, Any]], live: str) -> list[tuple[Installed, Pair, list[str]]]:
    """Return each certificate that is not in place as it should be, with the pair it should be and the hosts it is for."""
    wanted = [(Installed(one["name"], live), Pair(one["chain"].encode(), one["key"].encode()), one["hosts"]) for one in certificates]
    return [(installed, pair, hosts) for installed, pair, hosts in wanted if installed.pair() != pair]


def complaints(changes: list[tuple[Installed, Pair, list[str]]], check_mode: bool) -> list[str]:
    """Return what is wrong with the pairs that are to be put in place."""
    if check_mode and not trial.can_validate():
        return []
    found = [(installed.name, trial.complaint(pair, hosts)) for installed, pair, hosts in changes]
    return [f"Certificate {name}: {text}" for name, text in found if text]


def difference(installed: Installed, pair: Pair) -> dict[str, str]:
    before = installed.pair()
    return {
        "before_header": installed.chain_file,
        "after_header": installed.chain_file,
        "before": before.chain.decode(errors="replace") if before else "",
        "after": pair.chain.decode(errors="replace"),
    }


def main() -> None:
    module = UnloggedModule(
        argument_spec={
            "certificates": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "chain": {"type": "str", "required": True},
                    "key": {"type": "str", "required": True, "no_log": True},
                    "hosts": {"type": "list", "elements": "str", "default": []},
                },
            },
            "live": {"type": "path", "default": LIVE},
        },
        supports_check_mode=True,
    )
    changes = differing(module.params["certificates"], module.params["live"])
    if found := complaints(changes, module.check_mode):
        module.fail_json(msg="\n".join([*found, "The certificates that are served have not been changed."]))
    diff = [difference(installed, pair) for installed, pair, _hosts in changes] if module._diff else []
    for installed, pair, _hosts in () if module.check_mode else changes:
        installed.exchange(pair)
    module.exit_json(changed=bool(changes), updated=[installed.name for installed, _pair, _hosts in changes], diff=diff)


if __name__ == "__main__":
    main()
