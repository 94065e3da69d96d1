#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_info
version_added: 0.3.0
short_description: Read which certificates nginx has, how long they last, and how their renewal goes
description:
  - Reads the certificates on disk, what certbot keeps of them, and the systemd timer that renews them.
requirements:
  - cryptography for Python on the server
extends_documentation_fragment:
  - rarebooks.platform.attributes.info_module
  - rarebooks.platform.attributes.posix
options:
  path:
    description: Directory of the release that is served.
    type: path
    default: /opt/rarebooks
  letsencrypt_path:
    description: Directory of certbot and the renewals, as the role certificates has it.
    type: path
    default: /opt/rarebooks/letsencrypt
  live:
    description: The directory that holds the certificates.
    type: path
    default: /etc/letsencrypt/live
  warn_days:
    description: Days left below which a certificate that somebody has to renew by hand or by a deploy is warned of.
    type: int
    default: 21
  fail_days:
    description: Days left below which it counts as a failure.
    type: int
    default: 7
  timer:
    description: The systemd timer that renews.
    type: str
    default: rarebooks-certificates.timer
seealso:
  - module: rarebooks.platform.certbot_certificates
  - module: rarebooks.platform.health
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Read the certificates
  rarebooks.platform.certificate_info:
  register: found

- name: Prove that they are served
  rarebooks.platform.health:
    tls: "{{ found.probes }}"
    ca_file: "{{ found.ca_file or omit }}"
"""

RETURN = r"""
certificates:
  description: The certificates, by name.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The directory below O(live).
      type: str
      sample: rare-books.ru
    names:
      description: The host names it covers.
      type: list
      elements: str
    hosts:
      description: The server names of the sites that are served with it.
      type: list
      elements: str
    issuer:
      description: Who issued it.
      type: str
      sample: E7
    serial:
      description: Its serial number, hexadecimal.
      type: str
    key_type:
      description: The kind of its key.
      type: str
      sample: ecdsa
    not_after:
      description: When it ends, UTC.
      type: str
      sample: "2027-02-22T08:30:00Z"
    days_left:
      description: Days until then.
      type: float
      sample: 89.9
    source:
      description:
        - V(letsencrypt) if our certbot renews it, V(placeholder) until there is a real one, V(selfsigned) if the local CA issued it,
          V(existing) where others put the certificates of the release in place, otherwise V(provided).
      type: str
    reissue:
      description: From when on a deploy issues one of the local CA anew, UTC; empty for others.
      type: str
      sample: "2027-11-27T08:30:00Z"
    renewed_by:
      description: Who renews a certificate that others put in place; empty for others.
      type: str
      sample: certbot with the authenticator webroot, started by certbot.timer
    warnings:
      description: Why that renewal will not happen, or fail, one sentence each.
      type: list
      elements: str
    state:
      description:
        - V(ok), V(warn), V(fail) or V(expired), by the days left. Of a certificate that is renewed by itself and lives for days only, a
          quarter of its life takes the place of the limits.
      type: str
    renewal:
      description: How the renewal goes; empty unless certbot renews it.
      type: dict
      contains:
        due:
          description: From when on certbot 4 renews it, at a third of its life before the end, UTC.
          type: str
        tried:
          description: When it was last tried, UTC.
          type: str
        result:
          description: How that ended, V(issued), V(not due), V(not reached), V(not ordered) or V(failed).
          type: str
        error:
          description: Why it failed, in one line.
          type: str
        not_before:
          description: When an order may be placed again after one that failed, UTC.
          type: str
timer:
  description: The timer, whether it is C(enabled) and C(active), and its C(next) run.
  returned: always
  type: dict
  sample: {enabled: enabled, active: active, next: "Tue 2026-11-24 23:11:05 UTC"}
unreadable:
  description: Files that are no certificates, and why.
  returned: always
  type: list
  elements: str
probes:
  description: What O(rarebooks.platform.health#module:tls) of M(rarebooks.platform.health) has to prove for each host.
  returned: always
  type: list
  elements: dict
ca_file:
  description: The authorities to trust, empty for the system's.
  returned: always
  type: str
settings:
  description: How the server orders and renews, as M(rarebooks.platform.certbot_certificates) takes it; empty where it does not.
  returned: always
  type: dict
trusted:
  description: Certificates to trust besides, since nobody else would.
  returned: always
  type: list
  elements: str
"""

import os
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._base import libraries
from ansible_collections.rarebooks.platform.plugins.module_utils._base import state as base_state
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.client import Certbot
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.plan import due, threshold
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.records import Records, text
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.renewers import Renewers, warnings
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.settings import Settings, release_of, stored
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates import certificate
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import chain_files, is_placeholder
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.local_ca import RENEW_DAYS
from ansible_collections.rarebooks.platform.plugins.module_utils._health.tls import days_shown
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import Release

TIMER = {"UnitFileState": "enabled", "ActiveState": "active", "NextElapseUSecRealtime": "next"}


def stored_settings(params: dict[str, Any]) -> dict[str, Any]:
    return stored(os.path.join(params["letsencrypt_path"], "settings.json"))


def settings_of(params: dict[str, Any]) -> Settings:
    """Return the server's settings; where nothing is ordered, those of which only the places matter."""
    places = {"path": params["letsencrypt_path"], "stack_path": params["path"], "live": params["live"]}
    return Settings.from_dict({**stored_settings(params), **places})


@dataclass(frozen=True)
class Limits:
    """Days left below which a certificate is warned of, and below which it counts as a failure."""

    warn_days: int
    fail_days: int

    def state(self, leaf: certificate.Certificate) -> str:
        left = leaf.days_left(datetime.now(timezone.utc))
        return "expired" if left <= 0 else "fail" if left < self.fail_days else "warn" if left < self.warn_days else "ok"


def limits(leaf: certificate.Certificate, source: str, settings: Settings, params: dict[str, Any]) -> Limits:
    """Return the limits of a certificate; one that a person has to renew needs them whole, however short its life."""
    if source in ("letsencrypt", "placeholder"):
        return Limits(int(threshold(leaf, settings.warn_days)), int(threshold(leaf, settings.fail_days)))
    return Limits(params["warn_days"], params["fail_days"])


def source_of(name: str, leaf: certificate.Certificate, settings: Settings, release: Release) -> str:
    """Return where a certificate comes from."""
    if is_placeholder(leaf):
        return "placeholder"
    if name in Certbot(settings).names():
        return "letsencrypt"
    try:
        own = bool(release.ca_file) and certificate.read_chain(release.ca_file)[0].issuer == leaf.issuer
    except certificate.CertificateError:
        own = False
    return "selfsigned" if own else "existing" if release.certificates_existing else "provided"


def described(path: str, settings: Settings, params: dict[str, Any], known: Renewers | None) -> tuple[dict[str, Any], Limits]:
    """Return what is known of a certificate."""
    name, leaf = os.path.basename(os.path.dirname(path)), certificate.read_chain(path)[0]
    source = source_of(name, leaf, settings, release_of(settings.stack_path))
    allowed = limits(leaf, source, settings, params)
    renewer = known.of(name) if known and source == "existing" else None
    record = Records(settings).read(name)
    renewal = {
        "due": text(due(leaf)),
        "tried": record.tried,
        "result": record.result,
        "error": " ".join(record.error.split()),
        "not_before": record.not_before,
    }
    return {
        "name": name,
        "names": leaf.subject_names,
        "hosts": settings.sites().get(name, []),
        "issuer": leaf.issuer,
        "serial": leaf.serial_hex,
        "key_type": leaf.key_type,
        "not_after": text(leaf.not_after),
        "days_left": days_shown(leaf.days_left(datetime.now(timezone.utc))),
        "source": source,
        "reissue": text(leaf.not_after - timedelta(days=RENEW_DAYS)) if source == "selfsigned" else "",
        "renewed_by": str(renewer or ""),
        "warnings": warnings(name, renewer) if renewer else [],
        "state": allowed.state(leaf),
        "renewal": renewal if source == "letsencrypt" or record.tried else {},
    }, allowed


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "default": "/opt/rarebooks"},
            "letsencrypt_path": {"type": "path", "default": "/opt/rarebooks/letsencrypt"},
            "live": {"type": "path", "default": "/etc/letsencrypt/live"},
            "warn_days": {"type": "int", "default": 21},
            "fail_days": {"type": "int", "default": 7},
            "timer": {"type": "str", "default": "rarebooks-certificates.timer"},
        },
        supports_check_mode=True,
    )
    libraries.require(module, libraries.CRYPTOGRAPHY)
    try:
        settings, release = settings_of(module.params), release_of(module.params["path"])
    except base_state.StateError as error:
        module.fail_json(msg=str(error))
    certificates: list[dict[str, Any]] = []
    probes, unreadable, trusted = [], [], []
    known = Renewers(module.run_command) if release.certificates_existing else None
    for path in chain_files(settings.live):
        try:
            found, allowed = described(path, settings, module.params, known)
        except certificate.CertificateError as error:
            unreadable.append(str(error))
            continue
        certificates.append(found)
        if settings.untrusted:
            trusted.append(path)
        common = {"port": release.https_port, "certificate": path, **asdict(allowed)}
        probes += [{"host": host, **common} for host in found["hosts"]]
    _code, output, _error = module.run_command(["systemctl", "show", "--property=" + ",".join(TIMER), module.params["timer"]])
    said = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
    module.exit_json(
        changed=False,
        certificates=certificates,
        timer={ours: said.get(theirs, "") for theirs, ours in TIMER.items()},
        unreadable=unreadable,
        probes=probes,
        ca_file=release.ca_file or (settings.ca_file if release.certificates_on_disk else ""),
        trusted=trusted,
        settings=stored_settings(module.params) if Certbot(settings).names() else {},
    )


if __name__ == "__main__":
    main()
