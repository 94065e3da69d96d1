#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: certbot_certificates
version_added: 0.3.0
short_description: Obtain certificates from an ACME authority, and have the proxy serve them
description:
  - Orders with certbot what is missing or not as it is wanted, puts it where nginx reads it, reloads nginx and proves that it is
    served. What does not pass C(nginx -t) or is not served afterwards gives way to what was served before.
  - Before an order is placed, it is checked that there is room on the disk, that each name leads to this server, that the proxy
    serves a file of ours as a challenge under each name, and that the authority answers. A check that fails costs no order.
  - At most one order is placed per certificate and run. After one that failed, none is placed before a time that the server
    remembers; of Let's Encrypt's 5 certificates per week and set of names, one is left in reserve.
  - certbot works in a directory of its own, so that no other timer renews what is kept there.
requirements:
  - certbot, and for challenges by DNS one of its plugins, on the server
  - cryptography, docker and requests for Python on the server
extends_documentation_fragment:
  - rarebooks.platform.attributes.posix
options:
  settings:
    description:
      - How to order and to install, as the role certificates writes it into its C(settings.json). Of these, C(path) alone is needed
        for O(state=restored) and O(state=absent).
    type: dict
    required: true
  certificates:
    description: The certificates to have. Not needed for O(state=renewed).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The directory below C(/etc/letsencrypt/live).
        type: str
        required: true
      names:
        description: The host names it has to cover, exactly. Needed for O(state=present).
        type: list
        elements: str
        default: []
      challenge:
        description: How the authority is convinced.
        type: str
        choices: [http-01, dns-01]
        default: http-01
      key_type:
        description: The kind of key.
        type: str
        choices: [ecdsa, rsa]
        default: ecdsa
      hosts:
        description: The server names of the sites that are served with it.
        type: list
        elements: str
        default: []
  state:
    description:
      - V(prepared) has what the release needs before it is live; where nginx reads nothing of use, the certificate is ordered, or, as
        long as that cannot be, a self-signed placeholder is put there. An order that fails is told by RV(failed_certificates), and
        fails the task only where nginx could not serve the release without it.
      - V(present) has each certificate, and archives those that are not in O(certificates). The task fails if one cannot be had.
      - V(renewed) renews each certificate there is that is due, as the timer does.
      - V(restored) brings back those of O(certificates) that were archived and are missing now.
      - V(absent) archives all of them, so that nothing renews them. What nginx reads stays.
    type: str
    choices: [prepared, present, renewed, restored, absent]
    default: present
  force:
    description: Names of certificates to order anew with V(present) and V(renewed), also if they are as they should be.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    description: Tells what would be ordered and why, and fails where a name does not lead to this server.
  diff_mode:
    support: full
    description: Shows serial, names and end of each certificate that nginx reads, or in check mode why it would be ordered.
seealso:
  - module: rarebooks.platform.certificate_files
  - module: rarebooks.platform.certificate_info
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Obtain the certificates
  rarebooks.platform.certbot_certificates:
    settings: "{{ settings }}"
    certificates:
      - name: rare-books.ru
        names: [rare-books.ru, www.rare-books.ru]
        hosts: [rare-books.ru, www.rare-books.ru]
      - name: wildcard.rare-books.ru
        names: ["*.rare-books.ru"]
        challenge: dns-01
        hosts: [messenger.rare-books.ru]
"""

RETURN = r"""
orders:
  description: Why each certificate was ordered, or would be, by its name.
  returned: always
  type: dict
  sample: {rare-books.ru: there is none yet}
installed:
  description: Certificates that nginx reads and did not read before.
  returned: always
  type: list
  elements: str
placeholders:
  description: Certificates in whose place a self-signed one was put.
  returned: always
  type: list
  elements: str
restored:
  description: Certificates that had been archived and were brought back.
  returned: always
  type: list
  elements: str
inherited:
  description:
    - Certificates that the server's own certbot had as they are wanted. They were taken over without an order, and its renewal of them
      ended.
  returned: always
  type: list
  elements: str
  version_added: 0.4.0
archived:
  description: Certificates that were archived.
  returned: always
  type: list
  elements: str
deferred:
  description: Certificates that cannot be ordered before the proxy runs.
  returned: always
  type: list
  elements: str
unusable:
  description:
    - Those of O(certificates) with which nginx cannot serve their O(certificates[].hosts), as they are in the end or, in check mode, now.
      They are missing, have expired, lack a name, or are placeholders. Empty with other states than V(prepared) and V(present).
  returned: always
  type: list
  elements: str
failed_certificates:
  description: Why a certificate could not be had, by its name.
  returned: always
  type: dict
diff:
  description: What nginx reads before and after, in diff mode; otherwise empty.
  returned: always
  type: list
  elements: dict
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._base import libraries
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot import archive, ensure, install, renewal
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.ensure import CertificateChanges
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.orders import Orders
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.settings import Settings, Wanted
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates import trial
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import Installed
from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease

ARGUMENT_SPEC: dict[str, Any] = {
    "settings": {"type": "dict", "required": True},
    "certificates": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "names": {"type": "list", "elements": "str", "default": []},
            "challenge": {"type": "str", "choices": ["http-01", "dns-01"], "default": "http-01"},
            "key_type": {"type": "str", "choices": ["ecdsa", "rsa"], "default": "ecdsa", "no_log": False},
            "hosts": {"type": "list", "elements": "str", "default": []},
        },
    },
    "state": {"type": "str", "choices": ["prepared", "present", "renewed", "restored", "absent"], "default": "present"},
    "force": {"type": "list", "elements": "str", "default": []},
}


def described(settings: Settings, names: set[str]) -> dict[str, str]:
    """Return what nginx reads, as diffs show it."""
    found = {}
    for name in sorted(names):
        leaf = trial.usable(Installed(name, settings.live).pair())
        if leaf:
            found[name] = f"{name}: serial {leaf.serial_hex}, {', '.join(leaf.subject_names)}, until {leaf.not_after:%Y-%m-%d %H:%M} UTC\n"
    return found


def previewed(before: dict[str, str], done: CertificateChanges, state: str) -> dict[str, str]:
    """Return what diffs show in check mode in place of certificates that nobody has yet."""
    orders = {name: f"{name}: to be ordered, because {why}\n" for name, why in done.orders.items()}
    archived = dict.fromkeys(done.archived if state == "present" else [], "")
    return {**before, **archived, **orders}


def renewed(module: AnsibleModule, orders: Orders, settings: Settings) -> CertificateChanges:
    if module.check_mode:
        return CertificateChanges(orders={name: "it was asked for" for name in orders.certbot.names() if name in module.params["force"]})
    done = renewal.renew(orders, settings, forced=module.params["force"])
    return CertificateChanges(orders=dict.fromkeys(done.renewed, "renewal"), installed=done.installed, failed=done.failed)


def restored(module: AnsibleModule, _orders: Orders, settings: Settings) -> CertificateChanges:
    done = CertificateChanges()
    for one in module.params["certificates"]:
        name = one["name"]
        if Installed(name, settings.live).pair() or not archive.newest(settings, name):
            continue
        if not module.check_mode:
            archive.restore(settings, name)
        done.restored.append(name)
    return done


def absent(module: AnsibleModule, orders: Orders, settings: Settings) -> CertificateChanges:
    done = CertificateChanges(archived=orders.certbot.names())
    if not module.check_mode:
        for name in done.archived:
            archive.put(settings, name, served=False)
    return done


def ensured(module: AnsibleModule, orders: Orders, settings: Settings) -> CertificateChanges:
    wanted = [Wanted.from_dict(one) for one in module.params["certificates"]]
    forced = module.params["force"]
    preparing = module.params["state"] == "prepared"
    if module.check_mode:
        done = ensure.preview(orders, settings, wanted, forced, module.run_command)
        first = set(unusable(settings, wanted))
        done = done.only(first if preparing else {*(one.name for one in wanted), *done.archived} - first)
    elif preparing:
        done = ensure.prepare(orders, settings, wanted)
    else:
        done = ensure.ensure(orders, settings, wanted, forced)
        if not done.failed:
            ensure.archive_rest(orders, settings, wanted, done)
    return replace(done, unusable=unusable(settings, wanted))


def unusable(settings: Settings, wanted: Sequence[Wanted]) -> list[str]:
    # Nothing that is there can be read without the library, which then is about to be installed.
    return [one.name for one in wanted if libraries.CRYPTOGRAPHY.is_missing or not ensure.serves(settings, one)]


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    settings = Settings.from_dict(module.params["settings"])
    state = module.params["state"]
    # Archiving and restoring needs none of them, and in check mode the server may be bare.
    if not module.check_mode and state not in ("restored", "absent"):
        libraries.require(module, libraries.CRYPTOGRAPHY, libraries.DOCKER, libraries.REQUESTS)
    if not module.check_mode and settings.stack_path:
        # An order takes minutes and goes on without its controller: nobody else may begin meanwhile.
        lease.join(lease.Place(settings.stack_path))
    orders = Orders(settings, module.run_command)
    names = set(orders.certbot.names()) | {one["name"] for one in module.params["certificates"]}
    diff = module._diff and not libraries.CRYPTOGRAPHY.is_missing
    before = described(settings, names) if diff else {}
    act = {"renewed": renewed, "restored": restored, "absent": absent}.get(state, ensured)
    try:
        done = act(module, orders, settings)
        # In check mode of those alone that nobody is about to order.
        unchanged = sorted(names - done.orders.keys()) if state in ("present", "renewed") and not libraries.CRYPTOGRAPHY.is_missing else []
        ending = install.ending(settings, unchanged)
    except (*ensure.CERTIFICATE_ERRORS, ensure.NotServable) as error:
        module.fail_json(msg=str(error))
    after = previewed(before, done, state) if module.check_mode else described(settings, names) if diff else {}
    result = asdict(done)
    failed = result.pop("failed")
    result |= {
        "changed": done.changed,
        "failed_certificates": failed,
        "diff": [
            {"before_header": name, "after_header": name, "before": before.get(name, ""), "after": after.get(name, "")}
            for name in sorted(names)
            if module._diff and before.get(name) != after.get(name)
        ],
    }
    for text in ending:
        module.warn(text)
    if failed and state != "prepared":
        module.fail_json(msg="\n\n".join(failed.values()), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
