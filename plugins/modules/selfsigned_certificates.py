#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: selfsigned_certificates
version_added: 0.4.0
short_description: Issue certificates from a local CA, and put them where nginx reads them
description:
  - Makes the CA where there is none. Issues each certificate that is missing, ends within 30 days, covers other names, came from
    elsewhere or has not its own key. All of it in one call.
  - The pair of before is kept until a release has proven the new one, and comes back when that fails.
requirements:
  - cryptography for Python on the server
extends_documentation_fragment:
  - rarebooks.platform.attributes.posix
options:
  certificates:
    description: The certificates to have.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The directory below O(live).
        type: str
        required: true
      names:
        description: The host names it has to cover, exactly.
        type: list
        elements: str
        required: true
  host:
    description: The server, for the name of a CA that is made.
    type: str
    required: true
  ca_path:
    description: The directory of the CA. C(ca.pem) in it is the root to trust.
    type: path
    required: true
  renew:
    description: Whether each certificate is issued anew, also if it need not be.
    type: bool
    default: false
  live:
    description: The directory that holds the certificates.
    type: path
    default: /etc/letsencrypt/live
attributes:
  check_mode:
    support: full
    description: Tells which certificates would be issued and why.
  diff_mode:
    support: full
    description: Shows why each certificate is issued. Neither certificates nor keys are shown.
seealso:
  - module: rarebooks.platform.certificate_files
  - module: rarebooks.platform.certbot_certificates
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Issue the certificates
  rarebooks.platform.selfsigned_certificates:
    host: "{{ inventory_hostname }}"
    ca_path: /opt/rarebooks/ca
    certificates:
      - name: rare-books.ru
        names: [rare-books.ru, www.rare-books.ru]
"""

RETURN = r"""
ca_created:
  description: Whether there was no CA.
  returned: success
  type: bool
updated:
  description: Names of the certificates that were issued.
  returned: success
  type: list
  elements: str
reasons:
  description: Why each of them was issued, by its name.
  returned: success
  type: dict
  sample: {rare-books.ru: there is none yet}
diff:
  description: What is issued and why, in diff mode; otherwise empty.
  returned: success
  type: list
  elements: dict
"""

from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._base import libraries
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates import certificate, local_ca, trial
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import LIVE, Installed, Pair

ARGUMENT_SPEC: dict[str, Any] = {
    "certificates": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "names": {"type": "list", "elements": "str", "required": True},
        },
    },
    "host": {"type": "str", "required": True},
    "ca_path": {"type": "path", "required": True},
    "renew": {"type": "bool", "default": False},
    "live": {"type": "path", "default": LIVE},
}


def reasons(params: dict[str, Any], now: datetime) -> tuple[local_ca.Authority | None, dict[str, str]]:
    """Return the authority, and why each certificate has to be issued that has to."""
    if libraries.CRYPTOGRAPHY.is_missing:  # In check mode on a bare server: the library is about to be installed, and nothing can be read.
        return None, {one["name"]: "there is none yet" for one in params["certificates"]}
    authority = local_ca.load(params["ca_path"])
    found = {
        one["name"]: "it was asked for"
        if params["renew"]
        else local_ca.reason(Installed(one["name"], params["live"]).pair(), one["names"], authority, now)
        for one in params["certificates"]
    }
    return authority, {name: why for name, why in found.items() if why}


def issue(params: dict[str, Any], authority: local_ca.Authority | None, wanted: dict[str, str], now: datetime) -> None:
    """Issue all before the first is put in place: one that cannot be issued leaves all as they are."""
    found = authority or local_ca.create(params["ca_path"], params["host"], now)
    issued: list[tuple[Installed, Pair]] = []
    for one in params["certificates"]:
        if one["name"] in wanted:
            pair = found.issue(one["names"], now)
            if complaint := trial.complaint(pair, one["names"], found.file):
                raise certificate.CertificateError(f"Certificate {one['name']}: {complaint}")
            issued.append((Installed(one["name"], params["live"]), pair))
    for installed, pair in issued:
        installed.exchange(pair)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params, now = module.params, datetime.now(timezone.utc)
    if not module.check_mode:
        libraries.require(module, libraries.CRYPTOGRAPHY)
    try:
        authority, wanted = reasons(params, now)
        if not module.check_mode and (wanted or not authority):
            issue(params, authority, wanted, now)
    except certificate.CertificateError as error:
        module.fail_json(msg=f"{error}\nThe certificates that are served have not been changed.")
    lines = [] if authority else [f"a local CA in {params['ca_path']}: there is none yet\n"]
    names = {one["name"]: ", ".join(one["names"]) for one in params["certificates"]}
    lines += [f"{name} for {names[name]}: {why}\n" for name, why in wanted.items()]
    shown = {"before_header": "certificates to issue", "after_header": "certificates to issue", "before": "", "after": "".join(lines)}
    module.exit_json(
        changed=bool(lines),
        ca_created=authority is None,
        updated=list(wanted),
        reasons=wanted,
        diff=[shown] if module._diff and lines else [],
    )


if __name__ == "__main__":
    main()
