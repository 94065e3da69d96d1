#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: log_info
version_added: 0.4.0
short_description: Read the warnings and errors in the logs of a stack, also of containers that are gone
description:
  - Reads the logs of the stack's containers and those that were kept when a deploy, a rollback or a repair replaced containers, as one.
    Several lines of one event, such as a stack trace of ASP.NET or the C(DETAIL) of PostgreSQL, are one event; events of one cause are
    one group, with their number, first and last time, and one example.
  - Requests in nginx's access log that failed (status 500 and above) or were slow are grouped as well.
  - Secrets that the server stores, and what looks like a password, a token or a key, are replaced by asterisks.
  - With O(lines) the last lines are returned as they are, with O(wait) those that come.
requirements:
  - docker (Python library) on the server
extends_documentation_fragment:
  - rarebooks.platform.attributes.info_module
author:
  - RareBooks platform developers (@rarebooks)
options:
  path:
    description: The stack's directory.
    type: path
    required: true
  project:
    description: The Compose project.
    type: str
    required: true
  secrets_file:
    description: The file of the server's secrets, which are masked.
    type: path
    default: ""
  app:
    description: An app, V(proxy), or a database, a service or a container by its name. All where it is empty.
    type: str
    default: ""
  since:
    description:
      - How long ago, such as V(30m), V(1h) or V(2d), or a time in UTC such as V(2026-11-26 10:00). Where it is empty, an hour ago, and
        for O(lines) since ever.
    type: str
    default: ""
  before:
    description: The end of that time, in the same form. Now where it is empty.
    type: str
    default: ""
  slow:
    description: Seconds from which a request counts as slow. V(0) for none.
    type: float
    default: 1
  lines:
    description: How many of the last lines are returned as they are, in the place of groups.
    type: int
    default: 0
  wait:
    description: Seconds to wait at most for lines that come after O(seen).
    type: float
    default: 0
  seen:
    description: By container, the time of the line that was seen last, as RV(seen) of an earlier call. Now where there is none.
    type: dict
    default: {}
  follow:
    description:
      - How long to show lines while they come, such as V(30s) or V(5m), at most an hour; V(true) is a minute. Done on the controller.
        The report is on that time then.
    type: str
    default: ""
  quiet:
    description: Whether O(follow) only returns the lines.
    type: bool
    default: false
seealso:
  - module: rarebooks.platform.health
"""

EXAMPLES = r"""
- name: Read what went wrong today
  rarebooks.platform.log_info:
    path: /opt/rarebooks
    project: rarebooksdokploy
    secrets_file: /opt/rarebooks/.secrets.json
    since: 1d
  register: logs

- name: Refuse to go on after errors
  ansible.builtin.assert:
    that: logs.events | selectattr('level', 'equalto', 'error') | length == 0
"""

RETURN = r"""
containers:
  description: The containers whose logs were read, present and gone.
  returned: success
  type: list
  elements: str
since:
  description: The beginning of the time that was read, in UTC.
  returned: success
  type: str
  sample: "2026-11-26T09:44:00Z"
until:
  description: Its end.
  returned: success
  type: str
events:
  description: Groups of warnings and errors, errors first, the most frequent first.
  returned: success
  type: list
  elements: dict
  contains:
    container:
      description: The container that wrote them.
      type: str
    level:
      description: V(error) or V(warning).
      type: str
    signature:
      description: What they have in common, without numbers, ids, addresses and quoted values.
      type: str
    count:
      description: How many there were.
      type: int
    first:
      description: When the first one was written, in UTC.
      type: str
    last:
      description: When the last one was written.
      type: str
    example:
      description: The lines of the last one.
      type: list
      elements: str
    archives:
      description: The kept logs that hold some of them.
      type: list
      elements: str
requests:
  description: Groups of requests that failed or were slow, those that failed first.
  returned: success
  type: list
  elements: dict
  contains:
    host:
      description: The host that was asked, empty where the log does not say.
      type: str
    method:
      description: The method.
      type: str
    path:
      description: The path, without the query and ids.
      type: str
    status:
      description: The status of the answer.
      type: int
    failed:
      description: Whether it failed.
      type: bool
    count:
      description: How many there were.
      type: int
    first:
      description: When the first one ended, in UTC.
      type: str
    last:
      description: When the last one ended.
      type: str
    slowest:
      description: Seconds that the slowest took.
      type: float
    upstream:
      description: The address that the last one was passed on to.
      type: str
archives:
  description: The kept logs of containers that are gone that were read.
  returned: success
  type: list
  elements: str
problems:
  description: Logs that could not be read, and why.
  returned: success
  type: list
  elements: str
error_count:
  description: How many errors and failed requests there were.
  returned: success
  type: int
warning_count:
  description: How many warnings and slow requests there were.
  returned: success
  type: int
text:
  description: The report for a person.
  returned: success
  type: str
lines:
  description: With O(lines), O(follow) or O(wait), lines with their C(time), C(container) and C(text).
  returned: success
  type: list
  elements: dict
seen:
  description: With O(wait), what the next call gets as O(seen).
  returned: success
  type: dict
"""

import os
from datetime import datetime, timezone

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._base import libraries
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import describe, facts_of
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import client as engine_client
from ansible_collections.rarebooks.platform.plugins.module_utils._logs.query import Query, answer


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "project": {"type": "str", "required": True},
            "secrets_file": {"type": "path", "default": "", "no_log": False},
            "app": {"type": "str", "default": ""},
            "since": {"type": "str", "default": ""},
            "before": {"type": "str", "default": ""},
            "slow": {"type": "float", "default": 1},
            "lines": {"type": "int", "default": 0},
            "wait": {"type": "float", "default": 0},
            "seen": {"type": "dict", "default": {}},
            "follow": {"type": "str", "default": ""},
            "quiet": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    libraries.require(module, libraries.DOCKER)
    params = {**module.params, "path": os.path.normpath(module.params["path"])}
    try:
        result = answer(engine_client.connect(), Query.from_params(params), datetime.now(timezone.utc))
    except Exception as error:
        module.fail_json(msg=describe(error), **facts_of(error))
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
