#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: health
short_description: Hold a deploy until containers are healthy, sites answer as they must and certificates are right
version_added: 0.1.0
description:
  - Runs probes of containers, of sites and of their certificates in rounds until all of them hold in the same round, or until a deadline
    passes.
  - Fails B(fast) when waiting cannot help any more, that is when a container is missing, has exited, dies and is
    restarted, is paused, or turns unhealthy, or when a certificate is not trusted, is for another name or has expired.
  - Fails early as well when all that is known says that a container will turn unhealthy, although Docker has not counted enough failed
    probes yet. C(docs/design.md) has the rules. For this the gate may run a container's own health check in it.
  - A container that was unhealthy already when the gate began gets one more result of its own health check, because the
    deploy may just have repaired what it depends on.
  - When the gate does not open, the error shows what was expected and what came instead, the likely cause in one
    sentence, the last output of the container's health check, the end of its log, and commands to look further.
  - TLS is always verified, with TLS 1.2 or newer. Redirects are never followed and proxies of the environment are
    not used.
extends_documentation_fragment:
  - rarebooks.platform.attributes.info_module
  - rarebooks.platform.attributes.posix
author:
  - RareBooks platform developers (@rarebooks)
requirements:
  - requests >= 2.25 for Python on the server (package C(python3-requests) of Debian and Ubuntu) for O(http)
  - cryptography >= 3.4.8 for Python on the server (package C(python3-cryptography) of Debian and Ubuntu) for O(tls)
  - Docker SDK for Python >= 5 on the server (package C(python3-docker) of Debian and Ubuntu) for O(containers)
options:
  containers:
    description:
      - Names of the containers that must be running and, where they have a health check, healthy.
    type: list
    elements: str
    default: []
  http:
    description:
      - Requests to the sites, with the answers they must give.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - What to call the probe in results and errors.
          - Defaults to the method and the URL.
        type: str
      url:
        description:
          - The public URL.
          - Its host is the name sent as SNI and C(Host) and the name the certificate must have.
        type: str
        required: true
      method:
        description: HTTP method. The request has no body.
        type: str
        choices: [GET, HEAD, OPTIONS, POST]
        default: GET
      connect:
        description:
          - Address to connect to in place of the URL's host, so that no DNS is needed.
          - The port is the URL's.
        type: str
        default: 127.0.0.1
      status:
        description: Accepted status codes.
        type: list
        elements: int
        default: [200]
      headers:
        description: Headers the answer must have, with exactly these values. Names are case-insensitive.
        type: dict
        default: {}
      json:
        description:
          - What the JSON object in the body must contain. Objects are compared recursively and may have further keys,
            each item of a list must be found in the list of the body.
          - A body that is not JSON does not hold, whatever its status.
        type: dict
      body_contains:
        description: Text the body must contain. The first MiB of the body is read.
        type: str
  tls:
    description:
      - Certificates that must be served. Each is asked for with a TLS handshake, in which it must be trusted and
        cover the host.
      - TLS 1.0 and 1.1 must be refused. That is asked once, and stays untested where OpenSSL on the server cannot
        offer them.
    type: list
    elements: dict
    default: []
    version_added: 0.3.0
    suboptions:
      host:
        description: Server name, sent as SNI, and the name the certificate must have.
        type: str
        required: true
      port:
        description: Port to connect to.
        type: int
        default: 443
      connect:
        description: Address to connect to in place of the host, so that no DNS is needed.
        type: str
        default: 127.0.0.1
      certificate:
        description:
          - PEM file on the server whose first certificate must be the one that is served.
          - Without it any trusted certificate for the host will do.
        type: path
      warn_days:
        description: With fewer days left until the certificate expires there is a warning, see RV(expiring).
        type: int
        default: 21
      fail_days:
        description: With fewer days left until the certificate expires the probe fails.
        type: int
        default: 7
  ca_file:
    description:
      - PEM file on the server with the only certification authorities to trust, beside O(trusted).
      - Without it the system's are trusted.
    type: path
  trusted:
    description:
      - PEM files on the server with certificates that are trusted as well by O(http) and O(tls).
      - A chain may end in any of them. That need not be an authority, so with the very certificate that a server has on
        disk, such as a self-signed placeholder, the gate proves that this one is served.
    type: list
    elements: path
    default: []
    version_added: 0.3.0
  timeout:
    description: Seconds one attempt of a probe may take.
    type: int
    default: 5
  deadline:
    description:
      - Seconds all probes may take until they hold. The round that runs when it passes is the last one and is finished.
      - V(0) derives it from the health checks of O(containers), as the largest
        C(start period + retries * (interval + timeout)), less what has passed since that container was started, but at
        least 60 seconds. A container that is healthy already counts with its start period alone, one that has been there
        for long does not count.
    type: int
    default: 0
  interval:
    description: Seconds between two rounds.
    type: float
    default: 0.5
  log_lines:
    description: In how many of the last lines of a container's log to look for the cause, and to return. The message shows 20 at most.
    type: int
    default: 50
  secrets_file:
    description:
      - JSON file on the server with secrets by name.
      - Their values are masked in everything the module returns.
    type: path
seealso:
  - module: ansible.builtin.uri
  - module: ansible.builtin.wait_for
"""

EXAMPLES = r"""
- name: Hold the deploy until both apps serve
  rarebooks.platform.health:
    containers:
      - rarebooks_backend
      - maymessenger_backend
    http:
      - name: RareBooks API answers
        url: https://www.rare-books.ru/api/test/setup-status
        json:
          success: true
      - name: Plain HTTP is redirected
        url: http://www.rare-books.ru/
        status: [301]
        headers:
          location: https://www.rare-books.ru/
      - name: Chats need a token
        url: https://messenger.rare-books.ru/api/chats
        status: [401]
    ca_file: /opt/rarebooks/ca/ca.pem
    secrets_file: /opt/rarebooks/.secrets.json

- name: Hold until nginx serves the renewed certificate
  rarebooks.platform.health:
    tls:
      - host: www.rare-books.ru
        certificate: /etc/letsencrypt/live/www.rare-books.ru/fullchain.pem

- name: Accept a placeholder that lasts a week, and nothing else
  rarebooks.platform.health:
    tls:
      - host: messenger.rare-books.ru
        certificate: /etc/letsencrypt/live/messenger.rare-books.ru/fullchain.pem
        warn_days: 0
        fail_days: 0
    trusted:
      - /etc/letsencrypt/live/messenger.rare-books.ru/fullchain.pem

- name: Look once whether the frontend is a page
  rarebooks.platform.health:
    http:
      - url: https://www.rare-books.ru/
        body_contains: "<html"
    deadline: 1
"""

RETURN = r"""
msg:
  description:
    - One line when all probes hold, otherwise all a person needs to see, in several lines.
  returned: always
  type: str
  sample: 5 of 5 probes hold after 12.4 s.
probes:
  description: The probes of containers, then of sites, then of certificates, each in the order given.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the container or of the HTTP probe, or host and port of the certificate.
      type: str
      sample: RareBooks API answers
    kind:
      description: V(container), V(tls), or the type of a probe of a site, such as V(http).
      type: str
      sample: http
    ok:
      description: Whether it held in the last round.
      type: bool
    attempts:
      description: How often it was asked.
      type: int
      sample: 24
    elapsed:
      description: Seconds from the start until it began to hold, or until the last attempt if it does not hold.
      type: float
      sample: 11.9
    last_error:
      description: Why it last did not hold, empty if it always did.
      type: str
      sample: "status 502 instead of 200, body '<html>'"
containers:
  description: The containers as they were seen last.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the container.
      type: str
      sample: rarebooks_backend
    state:
      description: State as the engine calls it, V(missing) if there is no such container.
      type: str
      sample: running
    health:
      description: State of its health check, V(none) if it has none.
      type: str
      sample: healthy
    exit_code:
      description: Exit code of its process, V(0) while it runs, null if there is no such container.
      type: int
      sample: 0
    oom_killed:
      description: Whether the kernel killed it for want of memory.
      type: bool
    restarts:
      description: How often the engine has restarted it.
      type: int
      sample: 0
    image:
      description: The image it was created from.
      type: str
      sample: rarebooks_backend:1.4
    cause:
      description: The likely cause of its trouble in one sentence, empty if it is well.
      type: str
    probe_output:
      description: Output of its last health check, empty if it is well.
      type: str
    logs:
      description: The last lines of its log, empty if it is well.
      type: list
      elements: str
certificates:
  description: The certificates as they were seen last, one for each entry of O(tls) that served a trusted one.
  version_added: 0.3.0
  returned: always
  type: list
  elements: dict
  contains:
    host:
      description: The server name that was asked for.
      type: str
      sample: www.rare-books.ru
    port:
      description: The port that was asked.
      type: int
      sample: 443
    serial:
      description: Serial number in hexadecimal digits.
      type: str
      sample: 04a1c9e07b
    issuer:
      description: Common name of its issuer, or its organization or whole name if it has none.
      type: str
      sample: E7
    names:
      description: Host names it covers.
      type: list
      elements: str
      sample: [www.rare-books.ru, rare-books.ru]
    not_after:
      description: When it expires, in UTC.
      type: str
      sample: "2026-12-24T08:30:00Z"
    days_left:
      description: Days until it expires, rounded down.
      type: float
      sample: 61.4
    protocol:
      description: Version of TLS that was agreed on.
      type: str
      sample: TLSv1.3
expiring:
  description: A sentence for each certificate that has fewer days left than its O(tls[].warn_days).
  version_added: 0.3.0
  returned: always
  type: list
  elements: str
elapsed:
  description: Seconds the gate took.
  returned: always
  type: float
  sample: 12.4
deadline:
  description: Seconds the gate might have taken, derived or given.
  returned: always
  type: float
  sample: 580.0
failed_fast:
  description: Whether the gate gave up before its deadline, because waiting could not help.
  returned: always
  type: bool
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._base import libraries
from ansible_collections.rarebooks.platform.plugins.module_utils._base.secret_store import load
from ansible_collections.rarebooks.platform.plugins.module_utils._base.state import fit
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.client import DockerUnavailable
from ansible_collections.rarebooks.platform.plugins.module_utils._health import run
from ansible_collections.rarebooks.platform.plugins.module_utils._health.answer import HttpCheck
from ansible_collections.rarebooks.platform.plugins.module_utils._health.tls import TlsCheck

ARGUMENT_SPEC: dict[str, Any] = {
    "containers": {"type": "list", "elements": "str", "default": []},
    "http": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str"},
            "url": {"type": "str", "required": True},
            "method": {"type": "str", "choices": ["GET", "HEAD", "OPTIONS", "POST"], "default": "GET"},
            "connect": {"type": "str", "default": "127.0.0.1"},
            "status": {"type": "list", "elements": "int", "default": [200]},
            "headers": {"type": "dict", "default": {}},
            "json": {"type": "dict"},
            "body_contains": {"type": "str"},
        },
    },
    "tls": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "host": {"type": "str", "required": True},
            "port": {"type": "int", "default": 443},
            "connect": {"type": "str", "default": "127.0.0.1"},
            "certificate": {"type": "path"},
            "warn_days": {"type": "int", "default": 21},
            "fail_days": {"type": "int", "default": 7},
        },
    },
    "ca_file": {"type": "path"},
    "trusted": {"type": "list", "elements": "path", "default": []},
    "timeout": {"type": "int", "default": 5},
    "deadline": {"type": "int", "default": 0},
    "interval": {"type": "float", "default": 0.5},
    "log_lines": {"type": "int", "default": 50},
    "secrets_file": {"type": "path"},
}


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a probe that were given."""
    return {name: value for name, value in options.items() if value is not None}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = dict(module.params)
    if not any(params[probes] for probes in ("containers", "http", "tls")):
        module.fail_json(msg="containers, http and tls are all empty: a gate without a probe would always open")
    needed = {"containers": libraries.DOCKER, "tls": libraries.CRYPTOGRAPHY, "http": libraries.REQUESTS}
    libraries.require(module, *(library for option, library in needed.items() if module.params[option]))
    secrets_file, requests, handshakes = params.pop("secrets_file"), params.pop("http"), params.pop("tls")
    try:
        gate = run.Gate(probes=[fit(given(one), HttpCheck) for one in requests], tls=[TlsCheck(**one) for one in handshakes], **params)
        held, result = run.wait_until_healthy(gate, load(secrets_file) if secrets_file else {})
    except ValueError as error:
        module.fail_json(msg=str(error))
    except DockerUnavailable as error:
        module.fail_json(
            msg=f"Docker Engine does not answer on the server: {error}. See `systemctl status docker` and `journalctl -u docker`."
        )
    for text in result["expiring"]:
        module.warn(text)
    if held:
        module.exit_json(changed=False, **result)
    module.fail_json(changed=False, **result)


if __name__ == "__main__":
    main()
