#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: proxy_compare
short_description: Ask a running proxy and one with the configuration of a release the same, and list each difference
description:
  - Starts a second nginx beside the running one, a candidate, from the same image, in the same networks, with the configuration of a
    release. It publishes no port. It is removed before the module ends, and where the module is killed it ends by itself.
  - Sends requests to both at their addresses in those networks, by methods that change nothing (GET, HEAD and OPTIONS), at most four
    at a time. The apps behind the proxies are so asked up to three times for each request.
  - "Compares the status, where a redirect leads, the headers, the names of cookies, and the body. A header or body in which two answers
    of the running proxy differ says nothing, so that it is left out. Left out are also dates, C(Server), the C(X-Content-Type-Options)
    that a release adds where there was none, what belongs to a single connection, body and headers where the status is another one, and
    what is the same for several methods of one URL after the first."
  - Which container answered behind a proxy is not asked. Another one shows by its headers and its body.
  - Certificates are not verified, so that the candidate can be asked before they are right.
  - Needs nothing on the server but Python and Docker's command line.
version_added: 0.4.0
author:
  - RareBooks platform developers (@rarebooks)
options:
  container:
    description: Name of the running proxy's container.
    type: str
    default: nginx_container
  roles:
    description:
      - Roles whose trees make up the release, as for M(rarebooks.platform.config_tree). Of their files those below C(nginx/) are used.
    type: list
    elements: str
    default: []
  files:
    description: Files of the release besides those of O(roles).
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Path relative to the tree, such as V(nginx/nginx.conf).
        type: str
        required: true
      content:
        description: Text of the file.
        type: str
        required: true
  requests:
    description: The requests, the most telling first. M(rarebooks.platform.proxy_adoption_info) returns such a list.
    type: list
    elements: dict
    required: true
    suboptions:
      method:
        description: The method.
        type: str
        choices: [GET, HEAD, OPTIONS]
        default: GET
      scheme:
        description: Whether it goes to port 80 or to port 443.
        type: str
        choices: [http, https]
        required: true
      host:
        description: The host, for the header and for TLS.
        type: str
        required: true
      path:
        description: The path, with a query if need be.
        type: str
        default: /
  path:
    description:
      - The directory of the stack on the server. Files that lie in its C(nginx/) and do not end in C(.conf), such as lists of
        passwords, are seen by the candidate, as they are by nginx after a deploy.
    type: path
  image:
    description: The candidate's image. Unset means that of the running proxy. It has to be on the server.
    type: str
  mounts:
    description: Directories of the server that the candidate reads, by where it finds them. One that does not exist is left out.
    type: dict
    default:
      /etc/letsencrypt: /etc/letsencrypt
      /var/www/certbot: /var/www/certbot
  limit:
    description: Largest number of requests, from 1 to 400.
    type: int
    default: 400
  timeout:
    description: Seconds to wait for each answer.
    type: int
    default: 5
  deadline:
    description: Seconds after which no further request is sent.
    type: int
    default: 300
attributes:
  check_mode:
    support: full
    description: Does the same, since nothing that stays is changed.
  diff_mode:
    support: none
    description: Nothing is changed.
seealso:
  - module: rarebooks.platform.proxy_adoption_info
"""

EXAMPLES = r"""
- name: Ask both proxies the same
  rarebooks.platform.proxy_compare:
    roles: [rarebooks.platform.proxy, rarebooks.platform.rarebooks]
    requests: "{{ adoption.requests }}"
    path: /root/RareBooksDokploy
  register: comparison

- name: Show in what they differ
  ansible.builtin.debug:
    msg: "{{ item.request }}: {{ item.field }} {{ item.running }} becomes {{ item.candidate }}"
  loop: "{{ comparison.differences }}"
"""

RETURN = r"""
refused:
  description: Why there was nothing to compare, empty where there was. nginx refuses the configuration, or there is no proxy that runs.
  returned: success
  type: str
  sample: ""
differences:
  description: Each difference, in the order of the requests.
  returned: success
  type: list
  elements: dict
  contains:
    request:
      description: Method and URL.
      type: str
      sample: GET https://messenger.rare-books.ru/
    field:
      description: V(status), V(redirect), V(cookies), V(body), or V(header NAME).
      type: str
      sample: redirect
    running:
      description:
        - What the running proxy answers; empty where its answer has no such thing. A status is V(no answer) with the reason
          where there was none.
      type: str
      sample: https://messenger.rare-books.ru/swagger
    candidate:
      description: What the candidate answers, likewise.
      type: str
      sample: https://messenger.rare-books.ru/web/
asked:
  description: How many requests were sent to both.
  returned: success
  type: int
  sample: 57
left_out:
  description: How many requests were beyond O(limit) or O(deadline).
  returned: success
  type: int
  sample: 0
"""

from dataclasses import asdict
from functools import partial
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._adoption import candidate, replay

MOST = 400
# Beyond the deadline: what was begun before it, and the start.
SPARE_SECONDS = 60


def argument_spec() -> dict[str, Any]:
    return {
        "container": {"type": "str", "default": "nginx_container"},
        "roles": {"type": "list", "elements": "str", "default": []},
        "files": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {"path": {"type": "str", "required": True}, "content": {"type": "str", "required": True}},
        },
        "requests": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "method": {"type": "str", "choices": list(replay.METHODS), "default": "GET"},
                "scheme": {"type": "str", "choices": list(replay.PORTS), "required": True},
                "host": {"type": "str", "required": True},
                "path": {"type": "str", "default": "/"},
            },
        },
        "path": {"type": "path"},
        "image": {"type": "str"},
        "mounts": {"type": "dict", "default": {path: path for path in ("/etc/letsencrypt", "/var/www/certbot")}},
        "limit": {"type": "int", "default": MOST},
        "timeout": {"type": "int", "default": 5},
        "deadline": {"type": "int", "default": 300},
    }


def compared(module: AnsibleModule) -> replay.Outcome:
    """Start the candidate, and ask both."""
    params = module.params
    files = {one["path"].removeprefix("nginx/"): one["content"] for one in params["files"] if one["path"].startswith("nginx/")}
    requests = [replay.Request(**one) for one in params["requests"]]
    proxy = candidate.running(module.run_command, params["container"])
    here = candidate.address(proxy, params["container"])
    networks = list(proxy["NetworkSettings"]["Networks"])
    seconds = params["deadline"] + params["timeout"] + SPARE_SECONDS
    with (
        candidate.tree(files, params["path"], module.tmpdir) as tree,
        candidate.started(module.run_command, params["image"] or proxy["Image"], networks, tree, params["mounts"], seconds) as other,
    ):
        there = candidate.address(other, "of the candidate")
        ask = partial(replay.answer, timeout=params["timeout"])
        return replay.compare(
            requests, partial(ask, here), partial(ask, there), limit=min(params["limit"], MOST), seconds=params["deadline"]
        )


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    if module.params["roles"]:
        module.fail_json(msg="roles: they are rendered on the controller; run this module as a task, not by itself")
    for name in ("limit", "timeout", "deadline"):
        if module.params[name] < 1:
            module.fail_json(msg=f"{name}: expected at least 1, got {module.params[name]}. Nothing was asked.")
    refused, outcome = "", replay.Outcome([], 0, len(module.params["requests"]))
    try:
        outcome = compared(module)
    except candidate.CandidateError as error:
        refused = str(error)
    module.exit_json(
        changed=False,
        refused=refused,
        differences=[asdict(one) for one in outcome.differences],
        asked=outcome.asked,
        left_out=outcome.left_out,
    )


if __name__ == "__main__":
    main()
