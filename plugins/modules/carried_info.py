#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: carried_info
version_added: 0.4.0
short_description: Tell which containers made by hand a first release carries over
description:
  - Compares each container of a Compose project that somebody made by hand with the release that is to be deployed, as
    M(rarebooks.platform.release) does with its option O(rarebooks.platform.release#module:adopt).
  - Needs nothing on the server but Python and the command line of Docker with Compose 2, so that it can tell before anything has been
    installed there.
  - Fails where a container has what the release does not give it, environment, mounts, command, and O(let_go) does not name it.
extends_documentation_fragment:
  - rarebooks.platform.attributes.info_module
  - rarebooks.platform.attributes.posix
  - rarebooks.platform.release_options.files
options:
  path:
    description: Absolute path of the directory that holds the release.
    type: path
    required: true
  project:
    description: The Compose project.
    type: str
    required: true
  roles:
    description: Roles whose C(templates/tree/) makes the tree, as M(rarebooks.platform.config_tree) describes it.
    type: list
    elements: str
    default: []
  proxy_containers:
    description: Containers of the proxy.
    type: list
    elements: str
    required: true
  adopt_proxy:
    description: Whether the proxy's containers are to be replaced V(now) or V(later).
    type: str
    choices: [now, later]
    default: now
  let_go:
    description: What the next update of a container may lose, each by the line with which the error names it.
    type: list
    elements: str
    default: []
  secrets_file:
    description: JSON file on the server with the values of secrets by name. A secret that is missing there is taken for any value.
    type: path
  secrets_pending:
    description: Names of secrets whose stored values are yet to be replaced, so that they are taken for any value as well.
    type: list
    elements: str
    default: []
seealso:
  - module: rarebooks.platform.release
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Tell what an adopting deploy would replace
  rarebooks.platform.carried_info:
    path: /root/RareBooksDokploy
    project: rarebooksdokploy
    roles: [rarebooks.platform.stack, rarebooks.platform.proxy, rarebooks.platform.rarebooks]
    proxy_containers: [nginx_container]
    secrets_file: /root/RareBooksDokploy/.secrets.json
"""

RETURN = r"""
carried:
  description: Containers that go on running as they are.
  returned: success
  type: list
  elements: str
started:
  description: Containers that would be replaced or made.
  returned: success
  type: list
  elements: str
notes:
  description: The same for people, with the reason of each replacement.
  returned: success
  type: list
  elements: str
"""

from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import describe, facts_of
from ansible_collections.rarebooks.platform.plugins.module_utils._base.unlogged import UnloggedModule
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.adoption import Adoption
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import desired, validate

ARGUMENT_SPEC = {
    "path": {"type": "path", "required": True},
    "project": {"type": "str", "required": True},
    "roles": {"type": "list", "elements": "str", "default": []},
    "files": desired.OPTION,
    "proxy_containers": {"type": "list", "elements": "str", "required": True},
    "adopt_proxy": {"type": "str", "choices": ["now", "later"], "default": "now"},
    "let_go": {"type": "list", "elements": "str", "default": []},
    "secrets_file": {"type": "path", "no_log": False},
    "secrets_pending": {"type": "list", "elements": "str", "default": [], "no_log": False},
}


def main() -> None:
    module = UnloggedModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    later = params["adopt_proxy"] == "later"
    adoption = Adoption(module.run_command, params["path"], params["project"], params["proxy_containers"], params["let_go"], later)
    try:
        files, hidden = desired.read(params["path"], params["files"], params["secrets_file"], True, params["secrets_pending"])
        validate.Validators(module.run_command, params["path"], [], hidden, adoption.judge).validate_copy(files, lambda: module.tmpdir)
    except Exception as error:
        module.fail_json(msg=describe(error), **facts_of(error))
    module.exit_json(carried=adoption.carried, started=adoption.started, notes=adoption.notes)


if __name__ == "__main__":
    main()
