#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: verification_info
version_added: 0.4.0
short_description: Look whether everything on a server is as it should be
description:
  - Looks at what the live release consists of, and at the server below it, all at once. What is right is read on the server, from what the
    release says of itself and what deploys wrote down.
  - Changes nothing and needs no lease, so that it may run beside a deploy.
requirements:
  - docker (Python library) on the server
  - cryptography for Python on the server
extends_documentation_fragment:
  - rarebooks.platform.attributes.info_module
  - rarebooks.platform.attributes.posix
options:
  path:
    description: Absolute path of the directory that holds the release.
    type: path
    required: true
  project:
    description: The Compose project.
    type: str
    required: true
  secrets_file:
    description: The server's file of secrets, whose values are masked in what is said.
    type: path
    required: true
  letsencrypt_path:
    description: Directory of certbot and the renewals, as the role certificates has it.
    type: path
    default: /opt/rarebooks/letsencrypt
  live:
    description: The directory that holds the certificates.
    type: path
    default: /etc/letsencrypt/live
  timeout:
    description: Seconds that a single question may take.
    type: int
    default: 5
  log_minutes:
    description: Minutes of log that are looked at for errors.
    type: int
    default: 15
  warn_days:
    description: Days left below which a certificate is warned of. One that is renewed by itself and lives for days only needs fewer.
    type: int
    default: 21
  fail_days:
    description: Days left below which it counts as a failure.
    type: int
    default: 7
  backup_days:
    description: Days after which the newest backup is too old; V(0) for never.
    type: int
    default: 30
  image_days:
    description: Days after which an image lacks too much of what was mended since; V(0) for never.
    type: int
    default: 180
  secret_days:
    description: Days after which a secret is due for another one; V(0) for never.
    type: int
    default: 365
  offsite_days:
    description: Days after which the last snapshot in a repository is too old. V(0) for never.
    type: int
    default: 2
  disk_free:
    description: MiB that must be free on each disk.
    type: int
    default: 1024
  memory_free:
    description: MiB of memory that programs must still be able to have.
    type: int
    default: 64
  now:
    description: What the controller's clock says, in seconds since 1970, to compare the server's with it; V(0) to compare nothing.
    type: float
    default: 0
  public:
    description: Whether the controller asks the sites too, at the addresses that their names have in its DNS, and knocks at ports that
      must not be open.
    type: bool
    default: false
  language:
    description: The language of the sentences.
    type: str
    choices: [en, ru]
    default: en
seealso:
  - module: rarebooks.platform.health
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Look at everything
  rarebooks.platform.verification_info:
    path: /opt/rarebooks
    project: rarebooksdokploy
    secrets_file: /opt/rarebooks/.secrets.json
  register: found
"""

RETURN = r"""
level:
  description: How bad the worst finding is, V(passed), V(warning) or V(failed).
  returned: always
  type: str
findings:
  description: What was looked at, area by area.
  returned: always
  type: list
  elements: dict
  contains:
    area:
      description: What it is about.
      type: str
      sample: endpoints
    subject:
      description: What was looked at.
      type: str
      sample: RareBooks API answers
    level:
      description: V(passed), V(warning) or V(failed).
      type: str
    text:
      description: A sentence on how it is.
      type: str
    next:
      description: What to do about it, a sentence or a command; empty where all is well.
      type: str
    command:
      description: The command in RV(findings[].next), where there is one.
      type: str
outside:
  description: What the controller asks, with O(public); empty without.
  returned: always
  type: dict
began:
  description: When it began, by the server's clock, UTC.
  returned: always
  type: str
  sample: "2026-11-26T11:00:00Z"
seconds:
  description: How long it took.
  returned: always
  type: float
  sample: 1.4
"""

import time
from datetime import datetime, timezone

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._base import libraries
from ansible_collections.rarebooks.platform.plugins.module_utils._base.times import TIME
from ansible_collections.rarebooks.platform.plugins.module_utils._release import live
from ansible_collections.rarebooks.platform.plugins.module_utils._verify.finding import worst
from ansible_collections.rarebooks.platform.plugins.module_utils._verify.outside import to_ask
from ansible_collections.rarebooks.platform.plugins.module_utils._verify.run import run
from ansible_collections.rarebooks.platform.plugins.module_utils._verify.settings import Settings


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "project": {"type": "str", "required": True},
            "secrets_file": {"type": "path", "required": True, "no_log": False},
            "letsencrypt_path": {"type": "path", "default": "/opt/rarebooks/letsencrypt"},
            "live": {"type": "path", "default": "/etc/letsencrypt/live"},
            "timeout": {"type": "int", "default": 5},
            "log_minutes": {"type": "int", "default": 15},
            "warn_days": {"type": "int", "default": 21},
            "fail_days": {"type": "int", "default": 7},
            "backup_days": {"type": "int", "default": 30},
            "image_days": {"type": "int", "default": 180},
            "secret_days": {"type": "int", "default": 365, "no_log": False},
            "offsite_days": {"type": "int", "default": 2},
            "disk_free": {"type": "int", "default": 1024},
            "memory_free": {"type": "int", "default": 64},
            "now": {"type": "float", "default": 0},
            "public": {"type": "bool", "default": False},
            "language": {"type": "str", "choices": ["en", "ru"], "default": "en"},
        },
        supports_check_mode=True,
    )
    # Before libraries that a bare server has not: they are no news then.
    if not live.read_files(module.params["path"]):
        module.fail_json(
            msg=f"{module.params['path']}: expected a release, got none: nothing is deployed here yet. Deploy first: "
            "ansible-playbook deploy.yml"
        )
    libraries.require(module, libraries.DOCKER, libraries.REQUESTS, libraries.CRYPTOGRAPHY)
    params = dict(module.params)
    language, public = params.pop("language"), params.pop("public")
    began, start = datetime.now(timezone.utc).strftime(TIME), time.monotonic()
    settings = Settings(**params)
    findings = run(settings)
    module.exit_json(
        changed=False,
        level=worst(findings),
        findings=[one.said(language) for one in findings],
        began=began,
        seconds=round(time.monotonic() - start, 1),
        outside=to_ask(settings) if public else {},
    )


if __name__ == "__main__":
    main()
