#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: takeover_info
version_added: 0.4.0
short_description: Read what a deploy over a project set up by hand would replace, and what would be lost
description:
  - Looks at every container of a Compose project that this collection did not deploy, and compares it with the release that is to
    be deployed.
  - Needs nothing on the server but Python and Docker's command line.
options:
  path:
    description: Absolute path of the directory to deploy to.
    type: path
    required: true
  project:
    description: The Compose project.
    type: str
    required: true
  containers:
    description: The containers of the release.
    type: list
    elements: str
    required: true
  volumes:
    description: The volumes of the release, without the project's prefix.
    type: list
    elements: str
    required: true
  existing_volumes:
    description: The volumes that the server has, as M(rarebooks.platform.server_info) returns them.
    type: list
    elements: str
    default: []
  server_names:
    description: The host names that the release serves.
    type: list
    elements: str
    required: true
  secrets_file:
    description: The server's store of secrets, which need not exist.
    type: path
    required: true
  secrets:
    description: The secrets of the release.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the secret.
        type: str
        required: true
      value:
        description: The given value, empty where none is.
        type: str
        default: ""
      fixed:
        description: Whether data exists that only this value opens.
        type: bool
        default: false
      database:
        description: Of a fixed secret, the container of the database in O(databases) whose password it is.
        type: str
        default: ""
      taken_from:
        description: The environment variable whose value is taken where nobody gave the secret.
        type: dict
        suboptions:
          container:
            description: Name of the container, which need not exist.
            type: str
            required: true
          variable:
            description: Name of the variable.
            type: str
            required: true
      length:
        description: Not used here.
        type: int
        default: 32
  databases:
    description: The databases of the release.
    type: list
    elements: dict
    default: []
    suboptions:
      container:
        description: Name of the container.
        type: str
        required: true
      name:
        description: Name of the database.
        type: str
        required: true
      user:
        description: User with which the app logs in.
        type: str
        required: true
      volume:
        description: The volume with its data, without the project's prefix.
        type: str
        default: ""
  allow_published:
    description: Whether secrets that were printed in the public deployment guide are taken from what runs.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Reads only, so check mode is the same as a run.
  diff_mode:
    support: none
    description: Nothing is changed.
seealso:
  - module: rarebooks.platform.server_info
  - module: rarebooks.platform.secret_store
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Look what a take-over would cost
  rarebooks.platform.takeover_info:
    path: /root/RareBooksDokploy
    project: rarebooksdokploy
    containers: [rarebooks_backend, nginx_container]
    volumes: [collection_images]
    server_names: [www.rare-books.ru]
    secrets_file: /root/RareBooksDokploy/.secrets.json
  register: takeover
"""

RETURN = r"""
report:
  description: One line for each kind of thing that would not be as before.
  returned: always
  type: list
  elements: str
  sample: ["No longer served: archive.rare-books.ru."]
problems:
  description: One sentence for each thing that must be put right before.
  returned: always
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._base import secret_store, state
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import Database, Secret
from ansible_collections.rarebooks.platform.plugins.module_utils._secrets import environment, fixed
from ansible_collections.rarebooks.platform.plugins.module_utils._takeover import facts as takeover_facts
from ansible_collections.rarebooks.platform.plugins.module_utils._takeover import report


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "project": {"type": "str", "required": True},
            "containers": {"type": "list", "elements": "str", "required": True},
            "volumes": {"type": "list", "elements": "str", "required": True},
            "existing_volumes": {"type": "list", "elements": "str", "default": []},
            "server_names": {"type": "list", "elements": "str", "required": True},
            "secrets_file": {"type": "path", "required": True, "no_log": False},
            "secrets": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "no_log": False,
                "options": fixed.SECRET_OPTIONS,
            },
            "databases": {"type": "list", "elements": "dict", "default": [], "options": fixed.DATABASE_OPTIONS},
            "allow_published": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    params, project = module.params, module.params["project"]
    try:
        store = secret_store.load(params["secrets_file"])
    except state.StateError:
        store = {}  # secret_store says what is wrong with it.
    wanted = takeover_facts.Wanted(
        frozenset(params["containers"]), frozenset(f"{project}_{name}" for name in params["volumes"]), frozenset(params["server_names"])
    )
    facts = takeover_facts.facts(module.run_command, project, wanted)
    secrets = [state.fit(one, Secret) for one in params["secrets"]]
    locked = fixed.locked(secrets, [Database(**one) for one in params["databases"]], project, store, {}, {})
    taken, problems = fixed.prove(module.run_command, locked, params["existing_volumes"], params["allow_published"])
    kept = {one.name for one in locked if one.volume in params["existing_volumes"]}
    # What is stored beside a tree that is not ours was never live, or is no longer.
    open_ones = [one for one in secrets if not one.value and one.name not in kept]
    running = environment.in_force(module.run_command, project, open_ones, params["allow_published"])
    others = [one.name for one in open_ones if one.name not in running.values]
    places = {one.name: one.container for one in locked if one.name in taken} | running.containers
    module.exit_json(
        changed=False,
        report=report.lines(facts, others, places),
        problems=[*report.misplaced(facts, params["path"]), *problems, *running.problems],
    )


if __name__ == "__main__":
    main()
