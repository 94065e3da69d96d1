# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# The work is done by the action plugin of the same name; this file holds its documentation.

from __future__ import annotations

DOCUMENTATION = r"""
module: proxy_adoption_info
short_description: Read what a running nginx serves that a release would not, and write it as the release can carry it
description:
  - Compares the configuration of an nginx that was set up by hand with the one that roles have for it.
  - Hand-written files in which a server passes requests on to services of Compose are understood, and so are includes, upstreams and
    variables. Lua blocks are refused.
  - A location is claimed where the release has one of the same modifier and path, unless that one refuses what the other one serves,
    or the other way round. It is also claimed where a wider location of the release passes requests on to the same container, and the one
    on the server did nothing but that.
  - Runs on the controller and never connects to the server.
version_added: 0.4.0
extends_documentation_fragment:
  - rarebooks.platform.attributes.info_module
author:
  - RareBooks platform developers (@rarebooks)
options:
  configuration:
    description: What C(nginx -T) prints in the container of the running nginx.
    type: str
    required: true
  roles:
    description: The roles whose trees make up the release, that of the proxy included, as for M(rarebooks.platform.config_tree).
    type: list
    elements: str
    required: true
  apps:
    description: The descriptions of the release's apps. Used are the keys C(name) and C(server_names).
    type: list
    elements: dict
    required: true
  services:
    description:
      - The names of the containers that the running Compose project has, by its services. Hand-written configurations name services.
      - "A service whose container has the same name needs no entry."
    type: dict
    default: {}
  let_go:
    description: Ids of RV(unclaimed) that are meant to be lost, and so are not written into RV(adopted_sites) and RV(adopted_locations).
    type: list
    elements: str
    default: []
seealso:
  - module: rarebooks.platform.proxy_compare
"""

EXAMPLES = r"""
- name: Read the configuration that nginx has loaded
  ansible.builtin.command:
    argv: [docker, exec, nginx_container, nginx, -T]
  register: nginx
  changed_when: false

- name: Compare it with that of the release
  rarebooks.platform.proxy_adoption_info:
    configuration: "{{ nginx.stdout }}"
    roles: [rarebooks.platform.proxy, rarebooks.platform.rarebooks]
    apps: ["{{ rarebooks_app }}"]
    services:
      backend: rarebooks_backend
      frontend: rarebooks_frontend
  register: adoption
"""

RETURN = r"""
unclaimed:
  description: >-
    Sites, locations and statements that the release does not have, with what C(proxy_adopted_sites) and C(proxy_adopted_locations) hold
    now.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: >-
        C(site HOST); C(location HOST PATH) with the location's modifier before its path; or C(statement HOST WORDS) of an C(if) or
        C(rewrite) that a server block does to every request.
      type: str
      sample: location messenger.rare-books.ru /web/
    kind:
      description: V(site), V(location) or V(statement).
      type: str
      sample: location
    text:
      description: The blocks as they stand in their files, with includes replaced by what they include.
      type: str
      sample: "location /web/ { proxy_pass http://web_client/; }"
    needs:
      description: >-
        What the text needs beside itself, such as C(upstream NAME), C(variable $NAME), C(zone NAME), C(file PATH) and C(port NUMBER).
      type: list
      elements: str
      sample: [upstream web_client]
adopted_sites:
  description:
    - A value for C(proxy_adopted_sites) that has all of it, whatever that variable holds now; empty where there is none.
    - "Taken out of the text are V(default_server) and addresses of IPv6, and names that apps claim. Added is what held in a block from
      around it. Names that the proxy has for something else get the prefix C(adopted_)."
  returned: success
  type: str
  sample: "upstream web_client { server maymessenger_web_client:80; }\n"
adopted_locations:
  description: A value for C(proxy_adopted_locations) likewise.
  returned: success
  type: dict
  sample:
    maymessenger: "location /web/ {\n    proxy_pass http://web_client/; }\n"
notes:
  description:
    - One sentence for each thing that a person has to know of what is carried over.
    - Where O(configuration) cannot be read, why, and everything else is empty.
  returned: success
  type: list
  elements: str
  sample:
    - "The site archive.example.org listens on port 8443, which the proxy does not publish."
refused:
  description: What cannot be carried over.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: As in RV(unclaimed).
      type: str
      sample: site _
    reason:
      description: Why, and what to do.
      type: str
      sample: no app of the release has the host chat.example.org among its server names.
requests:
  description:
    - Requests that show whether the two configurations answer alike, for M(rarebooks.platform.proxy_compare); the most telling first.
  returned: success
  type: list
  elements: dict
  contains:
    method:
      description: V(GET), V(HEAD) or V(OPTIONS).
      type: str
      sample: GET
    scheme:
      description: V(http) or V(https).
      type: str
      sample: https
    host:
      description: The host.
      type: str
      sample: rare-books.ru
    path:
      description: The path.
      type: str
      sample: /api/
"""
