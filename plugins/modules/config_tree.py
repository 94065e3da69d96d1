#!/usr/bin/python

# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: config_tree
version_added: 0.1.0
short_description: Bring a directory of rendered files to the desired state, all or nothing
description:
  - Compares all files of a tree with what stands on the server, and changes nothing where everything is as desired.
  - Otherwise writes the complete new tree beside the live one, runs validators on it, and only then renames the changed
    files into place and removes the stale ones. A crash at any point leaves the old tree, or a run that the next one
    completes.
  - Directories are never renamed, so that a container that has one mounted sees the new files.
  - Only files that this module wrote are ever removed; it lists them in C(.config_tree.json) under O(path).
    Files of others in the same directory are neither touched nor listed.
  - Texts may refer to secrets, see the filter P(rarebooks.platform.secret#filter). A reference becomes the value on the
    server only, when the file is written.
extends_documentation_fragment:
  - rarebooks.platform.attributes.posix
options:
  path:
    description:
      - Absolute path of the tree. Missing directories are created with mode V(0755).
    type: path
    required: true
  roles:
    description:
      - Roles whose C(templates/tree/) is part of the tree, by fully qualified name or as a role's plain name.
      - Files that end in C(.j2) are rendered with the task's variables and lose this ending; all others are taken
        verbatim. A template that renders to nothing but white space is left out of the tree.
      - A template can include and import from its role's C(templates/).
      - Two roles with the same file are refused.
    type: list
    elements: str
    default: []
  files:
    description:
      - Files of the tree besides those of O(roles).
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description:
          - Path relative to the tree, normalised, inside of it, and not beginning with C(.config_tree.).
        type: str
        required: true
      content:
        description:
          - Text of the file. With a reference to a secret the file gets mode V(0600), otherwise V(0644).
        type: str
      private_content:
        description:
          - Text of a file that is secret as a whole, such as a private key. Never shown; the file gets mode V(0600).
          - Exactly one of O(files[].content) and O(files[].private_content) is required.
        type: str
  secrets_file:
    description:
      - Absolute path of a JSON object on the server with the values of secrets by name.
      - A reference to a secret that is not in it is an error, except in check mode, where it may still be generated.
    type: path
  validators:
    description:
      - Commands that validate the complete staged tree, in this order, when anything is to be changed.
      - The first that fails ends the task; the live tree is then untouched.
      - They run in check mode as well, on a copy outside of O(path). Pass none while what they need is not installed.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - What holds when the validator is content, for the message when it is not.
        type: str
        required: true
      argv:
        description:
          - Program and arguments, run without a shell. C({tree}) is replaced by the staged tree's path.
        type: list
        elements: str
        required: true
attributes:
  check_mode:
    description: Reports what a run would change, with the same keys, and writes nothing under O(path).
    support: full
  diff_mode:
    description: Shows each changed file. Values of secrets are masked, old ones too; private files are named only.
    support: full
notes:
  - The files belong to the user that the module runs as. Changed owners and modes are put right and count as a change.
  - A file that stands at a desired path without being ours is replaced, and is ours from then on.
  - "Refused before anything changes: a directory, or anything but a file, at a file's path; a symbolic link, a file or
    a mount of another file system where one of the tree's directories has to be."
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Bring the platform's files to the desired state
  rarebooks.platform.config_tree:
    path: /opt/rarebooks
    roles:
      - rarebooks.platform.proxy
      - rarebooks.platform.rarebooks
    secrets_file: /opt/rarebooks/.secrets.json
    validators:
      - name: Docker Compose accepts the project
        argv: [docker, compose, --project-directory, "{tree}", --file, "{tree}/docker-compose.yml", config, --quiet]

- name: Install a certificate and its key together
  rarebooks.platform.config_tree:
    path: /etc/letsencrypt/live
    files:
      - path: rare-books.ru/fullchain.pem
        content: "{{ certificate_chain }}"
      - path: rare-books.ru/privkey.pem
        private_content: "{{ certificate_key }}"
"""

RETURN = r"""
created:
  description: Paths of the files that were missing, relative to O(path) and sorted.
  returned: success
  type: list
  elements: str
  sample: [nginx/sites/rarebooks.conf]
updated:
  description: Paths of the files whose content, mode or owner differed, relative to O(path) and sorted.
  returned: success
  type: list
  elements: str
  sample: [docker-compose.yml]
removed:
  description: Paths of the stale files that were removed, relative to O(path) and sorted.
  returned: success
  type: list
  elements: str
  sample: [nginx/sites/old.conf]
recovered:
  description:
    - Whether an earlier run had been interrupted here. If it had committed, it was completed first, and its changes are
      listed with this run's; if not, what it had staged was removed.
  returned: success
  type: bool
  sample: false
digest:
  description: SHA-256 over paths, modes and texts of the desired tree. References to secrets enter it unresolved.
  returned: success
  type: str
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
diff:
  description: One difference per changed file in diff mode, otherwise empty.
  returned: success
  type: list
  elements: dict
  sample:
    - before_header: /opt/rarebooks/maymessenger.env
      after_header: /opt/rarebooks/maymessenger.env
      before: "Jwt__Secret=********\n"
      after: "Jwt__Secret=********\nJwt__Issuer=MayMessengerAPI\n"
validator:
  description: Name of the validator that refused the tree.
  returned: failure of a validator
  type: str
  sample: Docker Compose accepts the project
cmd:
  description: What the validator ran.
  returned: failure of a validator
  type: list
  elements: str
rc:
  description: The validator's exit code, V(127) where its program is missing.
  returned: failure of a validator
  type: int
  sample: 1
stdout:
  description: The validator's output, secrets masked.
  returned: failure of a validator
  type: str
stderr:
  description: The validator's error output, secrets masked.
  returned: failure of a validator
  type: str
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._base.unlogged import UnloggedModule
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import desired, diff, promote, validate
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import plan as tree_plan
from ansible_collections.rarebooks.platform.plugins.module_utils._tree.desired import TreeError


def argument_spec() -> dict[str, Any]:
    return {
        "path": {"type": "path", "required": True},
        "roles": {"type": "list", "elements": "str", "default": []},
        "files": desired.OPTION,
        "secrets_file": {"type": "path", "no_log": False},
        "validators": validate.OPTION,
    }


def run(module: AnsibleModule) -> dict[str, Any]:
    """Bring the tree to the desired state, or predict it, and return the result."""
    root = os.path.normpath(module.params["path"])
    files, hidden = desired.read(root, module.params["files"], module.params["secrets_file"], module.check_mode)
    validators = validate.Validators(module.run_command, root, module.params["validators"], hidden)

    recovered = promote.interrupted(root)
    completed = tree_plan.read_journal(root) or {}
    if recovered and not module.check_mode:
        promote.recover(root)
    plan = tree_plan.make(files, tree_plan.LiveTree(root))
    if plan.needed and not module.check_mode:
        promote.apply(plan, validators.validate)
    elif plan.needed:
        validators.validate_copy(files, lambda: module.tmpdir)
    return {
        "changed": recovered or plan.needed,
        "recovered": recovered,
        "digest": desired.digest(files),
        **diff.report(plan, completed, hidden, module._diff),
    }


def main() -> None:
    module = UnloggedModule(argument_spec=argument_spec(), supports_check_mode=True)
    if module.params["roles"]:
        # Ignoring them would remove all their files as stale.
        module.fail_json(msg="roles: they are rendered on the controller; run this module as a task, not by itself")
    try:
        module.exit_json(**run(module))
    except TreeError as error:
        module.fail_json(msg=str(error), **error.facts)
    except OSError as error:
        module.fail_json(msg=f"{module.params['path']}: {error}. Correct this on the server, then run again")


if __name__ == "__main__":
    main()
