# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# The work is done by the action plugin of the same name; this file holds its documentation.

from __future__ import annotations

DOCUMENTATION = r"""
module: preconditions
short_description: Refuse a deploy that could not succeed, before it changes anything
description:
  - Validates what M(rarebooks.platform.server_info) read and what the inventory says, and reports all problems at once.
  - Runs on the controller and never connects to the server.
  - Checks the operating system, disk, memory, ports, foreign containers and volumes, lost volumes, the engine with its flags and
    C(daemon.json), server names, variables that exclude one another, values that nginx or Compose would read as something else,
    published or unusable secrets, the files of provided and existing certificates, and each backend source.
  - A server name that does not resolve to the server is a warning only, since NAT or a pending DNS change explain it.
version_added: 0.1.0
extends_documentation_fragment:
  - rarebooks.platform.attributes.info_module
author:
  - RareBooks platform developers (@rarebooks)
options:
  server:
    description: The result of M(rarebooks.platform.server_info), asked for the ports and names in question.
    type: dict
    required: true
  apps:
    description: The apps to deploy, as their roles describe them (see the documentation of apps in C(docs/apps.md)).
    type: list
    elements: dict
    required: true
  project:
    description: The Compose project, which prefixes the names of volumes.
    type: str
    required: true
  path:
    description: The directory deployed to.
    type: path
    required: true
  systems:
    description: Supported versions by the system's id in C(/etc/os-release).
    type: dict
    required: true
  min_disk:
    description: Space in MiB that must be free.
    type: int
    default: 5120
  min_memory:
    description: Memory in MiB the server must have.
    type: int
    default: 900
  ports:
    description: Ports the proxy publishes.
    type: list
    elements: int
    default: [80, 443]
  proxy_containers:
    description: The containers of the proxy; those of the apps are in O(apps).
    type: list
    elements: str
    default: []
  network:
    description: The network of proxy and apps, on which no container of others may answer to a name of theirs.
    type: str
    default: ""
  daemon_options:
    description: Options for C(daemon.json), the role docker's variable C(docker_daemon_options).
    type: dict
    default: {}
  trusted_proxies:
    description: Addresses and networks whose C(X-Forwarded-For) is believed.
    type: list
    elements: str
    default: []
  adopted_sites:
    description: Text at nginx's http level that was carried over from a server set up by hand. No app may have a host of its sites.
    type: str
    default: ""
  allow_foreign_volumes:
    description: Whether volumes that carry another project's prefix are accepted.
    type: bool
    default: false
  allow_empty_volumes:
    description: Whether volumes that a proven release had may be missing or empty.
    type: bool
    default: false
  provided_certificates:
    description: Files on the controller by certificate name, each with C(certificate) and C(key); unset when none are provided.
    type: dict
  existing_certificates:
    description: The result of M(rarebooks.platform.existing_certificate_info); unset when the certificates come from a deploy.
    type: dict
    default: {}
    version_added: 0.4.0
  letsencrypt:
    description:
      - How certificates are to be ordered, with the keys C(declared), C(directory), C(staging), C(ca_bundle), C(dns_plugin) and
        C(dns_credentials), which are the role certificates' variables of these names; unset when none are ordered.
    type: dict
  formats:
    description:
      - Values that must be of a format, besides those of the apps, by format and name of their variable. Formats are those that an
        app's description may use (see C(docs/apps.md)).
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Refuse what cannot succeed
  rarebooks.platform.preconditions:
    server: "{{ server }}"
    apps: "{{ [rarebooks_app, maymessenger_app] }}"
    project: rarebooksdokploy
    path: /opt/rarebooks
    systems:
      debian: ["12", "13"]
"""

RETURN = r"""
msg:
  description: All faults, one on each line, once.
  returned: failure
  type: str
  sample: |-
    Nothing has been changed. Before a deploy can start:
    - Port 80: expected it free, got apache2 (pid 512) listening on it. Stop and disable that program; the proxy needs the port.
sources:
  description: The digest of each app's source on the controller, by the app's name.
  returned: always
  type: dict
  sample: {maymessenger: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae}
"""
