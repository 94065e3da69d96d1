#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: adoption_info
version_added: 0.4.0
short_description: Read a server that somebody set up by hand, beside the release that is to take its place
description:
  - Reads containers, volumes, networks, environments, published ports, nginx as it is loaded, certificates and who renews them, old
    backups, what runs by the clock, and what containers wrote outside of volumes, and compares it with the release of an inventory.
  - Sorts what it finds into five classes, of which RV(undecided) is what a deploy would lose. Each of these has a text by which
    C(stack_let_go) of the role stack lets it go.
  - Needs nothing on the server but Python and Docker's command line with Compose 2. No value of an environment leaves the server. nginx's
    configuration does, in RV(facts), since it is read on the controller.
extends_documentation_fragment:
  - rarebooks.platform.attributes.info_module
  - rarebooks.platform.release_options.secrets
  - rarebooks.platform.release_options.databases
  - rarebooks.platform.release_options.files
options:
  roles:
    description: The roles whose trees make up the release. They are rendered on the controller.
    type: list
    elements: str
    default: []
  proxy_containers:
    description: Those of them that are the proxy's.
    type: list
    elements: str
    default: []
  path:
    description: Absolute path of the directory to deploy to.
    type: path
    required: true
  project:
    description: The Compose project. One of another name that has the release's containers is read in its place.
    type: str
    required: true
  network:
    description: The network of the release.
    type: str
    required: true
  let_go:
    description: What may be lost, each by its text in RV(undecided).
    type: list
    elements: str
    default: []
  setups:
    description: Where apps say whether their first set-up is open.
    type: list
    elements: dict
    default: []
    suboptions:
      container:
        description: Name of the container.
        type: str
        required: true
      port:
        description: The port it listens on, in its network.
        type: int
        default: 80
      path:
        description: The path that answers with JSON.
        type: str
        required: true
      key:
        description: The key that is true as long as the set-up is open.
        type: str
        required: true
      hosts:
        description: The host names of its site, by which the proxy is asked for the same.
        type: list
        elements: str
        default: []
  adoptions:
    description: What roles ask for, to make an inventory of it (docs/apps.md).
    type: list
    elements: dict
    default: []
  secrets_file:
    description: The server's store of secrets, which need not exist.
    type: path
    required: true
  unprefixed_volumes:
    description: Those of the databases' volumes that have no such prefix, by their whole names.
    type: list
    elements: str
    default: []
  allow_published:
    description: Whether secrets that were printed in the public deployment guide stay in force.
    type: bool
    default: false
seealso:
  - module: rarebooks.platform.server_info
  - module: rarebooks.platform.secret_store
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Look what an adoption would find
  rarebooks.platform.adoption_info:
    roles: [rarebooks.platform.rarebooks]
    path: /root/RareBooksDokploy
    project: rarebooksdokploy
    network: rarebooksdokploy_rarebooks_network
    secrets_file: /root/RareBooksDokploy/.secrets.json
    secrets: "{{ rarebooks_app.secrets }}"
    databases: "{{ rarebooks_app.databases }}"
  register: adoption
"""

RETURN = r"""
findings:
  description: Everything that was found, in the order of the report.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: V(kept), V(different), V(dangerous), V(undecided) or V(broken).
      type: str
    text:
      description: What it is.
      type: str
    id:
      description: Of what would be lost, the text for C(stack_let_go); else empty.
      type: str
  sample:
    - kind: undecided
      text: written outside of volumes, and gone with its container
      id: file rarebooks_backend /app/appsettings.json
titles:
  description: The classes of findings in their order, with their headings.
  returned: always
  type: dict
  sample: {kept: Taken over as it is}
report:
  description: The lines of the report, class by class.
  returned: always
  type: list
  elements: str
  sample: ["1. Taken over as it is", "- Containers: rarebooks_backend, rarebooks_frontend"]
undecided:
  description: One line for each thing that would be lost and that O(let_go) does not name.
  returned: always
  type: list
  elements: str
  sample: ["site archive.rare-books.ru: no app of the release serves it"]
replaced:
  description: The containers of the project that the release has as well.
  returned: always
  type: list
  elements: str
  sample: [rarebooks_backend]
problems:
  description: One sentence for each thing that must be put right before a deploy.
  returned: always
  type: list
  elements: str
  sample: []
facts:
  description: What was read, without values of environments.
  returned: always
  type: dict
  sample: {}
"""

from ansible_collections.rarebooks.platform.plugins.module_utils._adoption import (
    comparison,
    dangers,
    engine,
    finding,
    in_force,
    losses,
    reading,
    wanted,
)
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import PlatformError, describe, facts_of
from ansible_collections.rarebooks.platform.plugins.module_utils._base.unlogged import UnloggedModule
from ansible_collections.rarebooks.platform.plugins.module_utils._secrets import fixed
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import desired

SETUP_OPTIONS = {
    "container": {"type": "str", "required": True},
    "port": {"type": "int", "default": 80},
    "path": {"type": "str", "required": True},
    "key": {"type": "str", "required": True, "no_log": False},
    "hosts": {"type": "list", "elements": "str", "default": []},
}
OPTIONS = {
    "roles": {"type": "list", "elements": "str", "default": []},
    "files": desired.OPTION,
    "proxy_containers": {"type": "list", "elements": "str", "default": []},
    "path": {"type": "path", "required": True},
    "project": {"type": "str", "required": True},
    "network": {"type": "str", "required": True},
    "let_go": {"type": "list", "elements": "str", "default": []},
    "setups": {"type": "list", "elements": "dict", "default": [], "options": SETUP_OPTIONS},
    "adoptions": {"type": "list", "elements": "dict", "default": []},
    "secrets_file": {"type": "path", "required": True, "no_log": False},
    "secrets": {"type": "list", "elements": "dict", "required": True, "no_log": False, "options": fixed.SECRET_OPTIONS},
    "allow_published": {"type": "bool", "default": False},
    "unprefixed_volumes": {"type": "list", "elements": "str", "default": []},
    "databases": {"type": "list", "elements": "dict", "default": [], "options": fixed.DATABASE_OPTIONS},
}


def main() -> None:
    module = UnloggedModule(argument_spec=OPTIONS, supports_check_mode=True)
    params = module.params
    everything = engine.inspect(module.run_command)
    try:
        files, _hidden = desired.read(params["path"], params["files"], None, check_mode=True)
        of = (params["path"], params["project"], params["proxy_containers"])
        release = wanted.read(module.run_command, files, *of, lambda: module.tmpdir, bare=not everything)
    except PlatformError as error:
        module.fail_json(msg=describe(error), **facts_of(error))
    project = reading.project_of(everything, release, params["project"])
    secrets = in_force.read(module.run_command, params, project)
    asked = (params["setups"], params["adoptions"])
    facts = reading.read(module.run_command, everything, release.with_secrets(secrets.values), project, params["path"], *asked)
    expected = {name: params[name] for name in ("project", "path", "network")}
    findings = [
        *comparison.kept(facts, secrets.taken),
        *comparison.differences(facts, expected, release.containers),
        *dangers.dangers(facts),
        *losses.find(facts),
        *dangers.breakages(facts),
    ]
    module.exit_json(
        changed=False,
        findings=[{"kind": one.kind, "text": one.text, "id": one.id} for one in findings],
        titles=finding.TITLES,
        report=[],
        undecided=[],
        replaced=[one["name"] for one in facts["containers"] if one["wanted"]],
        problems=[*comparison.misplaced(facts, params["path"]), *secrets.problems],
        facts=facts,
    )


if __name__ == "__main__":
    main()
