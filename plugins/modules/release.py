#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: release
version_added: 0.2.0
short_description: Make a release live, or bring the one before it back
description:
  - Brings a server to a release, which is either rendered from roles or taken from a backup, in one transaction.
  - The tree of files is staged, validated by validators and promoted, containers whose image or configuration differs are
    started, the proxy is reloaded, and the health gate must hold for every container and site of the release.
  - On any failure after the first change the release in O(backup) is brought back and proven to serve in the same way, and
    the task fails with both told. It never ends half-way, also when the controller dies, because all of it runs on the
    server.
  - A switch that was cut off by the end of the server itself is completed or undone by the next run.
  - Where nothing differs, nothing is started, and the gate alone is asked.
  - A run that changed something is recorded in the ledger.
requirements:
  - docker (Python library) on the server
  - requests >= 2.25 for Python on the server
extends_documentation_fragment:
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
    description:
      - Roles whose C(templates/tree/) makes the tree, as M(rarebooks.platform.config_tree) describes it.
      - Its file C(release.json) says which apps the release consists of.
    type: list
    elements: str
    default: []
  to:
    description: Id of the backup whose release is to be made live, in place of O(roles).
    type: str
    default: ""
  backup:
    description:
      - Id of the backup of the live release, which is brought back when the new one fails. Empty where there is none.
    type: str
    default: ""
  restore_database:
    description:
      - With O(to), also put the dumps of that backup in the place of the live databases. Without it, whether a release that is
        brought back after a failure takes its databases along.
      - What was written since the dump is lost.
    type: bool
    default: false
  accept_unsealed:
    description: Whether O(to) may be a backup made by the old guide's commands, which nothing proves to be whole.
    type: bool
    default: false
  verified:
    description:
      - What M(rarebooks.platform.backup_info) returned as C(verified) of the backup O(to). Where nothing was written to the backup since,
        it is not read and hashed again.
    type: str
    default: ""
    version_added: 0.4.0
  validated:
    description:
      - RV(validated) of the call in check mode that compared this release. Where the tree is the same, O(validators) are not asked
        again. To be given where nothing else that they read can have changed since, such as certificates.
    type: str
    default: ""
    version_added: 0.4.0
  secrets_file:
    description: JSON file on the server with the values of secrets by name; they are masked in all output.
    type: path
  secrets_pending:
    description: Names of secrets whose stored values are yet to be replaced, so that a preview takes them for unknown.
    type: list
    elements: str
    default: []
  validators:
    description: Commands that validate the staged tree, as M(rarebooks.platform.config_tree) describes them.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What holds when the validator is content.
        type: str
        required: true
      argv:
        description: Program and arguments. C({tree}) is replaced by the staged tree's path.
        type: list
        elements: str
        required: true
  deadline:
    description: Seconds the gate waits; V(0) derives it from the containers' own health checks.
    type: int
    default: 0
  watch:
    description:
      - Seconds for which containers that were started, and their sites, are watched once the gate has opened. If one ends, turns unhealthy
        or does not answer any more, or visitors get far more errors (5xx) than before, it is a failure like that of the gate.
      - An unchanged release is not watched, nor one whose databases come back with it.
    type: int
    default: 0
  rehearse:
    description:
      - Whether the new version of an app is started on a copy of its data before anything changes. V(auto) does so where the image of one
        of its containers is not the one that runs, V(always) for any container of its own that is started.
      - The copy comes from the dumps in O(backup), and is in a network without a way out. A version that does not become healthy is
        refused. Where there is no dump, or no memory or disk for it, V(auto) says so and goes on, and V(always) refuses.
      - A release of a backup is never tried, nor one that is adopted.
    type: str
    choices: [auto, always, never]
    default: never
  rehearse_limit:
    description: Seconds within which a version has to be healthy on the copy, migrations of its database included.
    type: int
    default: 300
  proxy_paths:
    description: Files and directories on the server that nginx reads, certificates included.
    type: list
    elements: path
    default: []
  proxy_record:
    description: File on the server that remembers the digest of what nginx has read.
    type: path
    required: true
  only_unchanged:
    description:
      - Prove the release only where it is live already. Where anything differs, change nothing, and return what would change, as check
        mode does.
    type: bool
    default: false
  adopt:
    description:
      - Where no release of this collection is live yet, whether containers of the project that somebody made by hand go on running as
        they are, each until its own definition in the release changes. For the proxy see O(adopt_proxy).
      - What such a container has and its service does not give it, environment, mounts, command, must be named in O(let_go). Otherwise the
        task fails before anything is changed.
    type: bool
    default: false
  adopt_proxy:
    description:
      - Whether a container of the proxy that somebody made by hand is replaced V(now), for which time visitors get no answer, or V(later).
      - Until then it goes on with the configuration that was made by hand, as long as no file of the release lies where that does.
    type: str
    choices: [now, later]
    default: now
  let_go:
    description:
      - With O(adopt), what the next update of a container may lose, each by the line with which an error names it, such as
        C(environment shop_backend OLD_KEY), C(volume shop_old_data), C(mount shop_backend /srv), C(command shop_db).
    type: list
    elements: str
    default: []
  run:
    description: The run that holds the lease, as M(rarebooks.platform.lease) returned it. Not needed in check mode.
    type: dict
    default: {}
  lease_directory:
    description: Directory on the server that holds leases.
    type: path
    default: /run/rarebooks.platform
attributes:
  check_mode:
    support: full
    description: Tells what a run would change, and lets the validators validate a copy of the tree.
  diff_mode:
    support: full
    description: Shows each changed file, secrets masked.
seealso:
  - module: rarebooks.platform.backup
  - module: rarebooks.platform.lease
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Make the release of these roles live
  rarebooks.platform.release:
    path: /opt/rarebooks
    project: rarebooksdokploy
    roles: [rarebooks.platform.stack, rarebooks.platform.proxy, rarebooks.platform.rarebooks]
    backup: "{{ sealed.id }}"
    secrets_file: /opt/rarebooks/.secrets.json
    proxy_record: /opt/rarebooks/.proxy_loaded.json
    run: "{{ lease.run }}"

- name: Go back to a backup
  rarebooks.platform.release:
    path: /opt/rarebooks
    project: rarebooksdokploy
    to: "20261124_083000"
    backup: "{{ sealed.id }}"
    proxy_record: /opt/rarebooks/.proxy_loaded.json
    run: "{{ lease.run }}"
"""

RETURN = r"""
created:
  description: Paths of the files that were missing, relative to O(path).
  returned: success
  type: list
  elements: str
updated:
  description: Paths of the files that differed, relative to O(path).
  returned: success
  type: list
  elements: str
removed:
  description: Paths of the stale files that were removed, relative to O(path).
  returned: success
  type: list
  elements: str
roles_changed:
  description: Roles of O(roles) with a file that was missing or differed.
  returned: success
  type: list
  elements: str
services_changed:
  description: Those of RV(roles_changed) with such a file that is not nginx's, so that their containers may be replaced.
  returned: success
  type: list
  elements: str
started:
  description:
    - Containers that were created, replaced or started. In check mode those that are not as the live files say, and those that files which
      differ define otherwise.
  returned: success
  type: list
  elements: str
reasons:
  description:
    - Why each of RV(started) was or would be started, such as C(was stopped), C(image differs), C(edited by hand) and what, or
      C(lost its network). No value of a variable is in it.
  returned: success
  type: dict
  version_added: 0.4.0
  sample: {shop_backend: image differs}
file_reasons:
  description: Why each file of RV(created), RV(updated) and RV(removed) is changed, such as C(edited by hand).
  returned: success
  type: dict
  version_added: 0.4.0
  sample: {compose/shop.yml: edited by hand}
overwritten:
  description: What somebody edited by hand and the release overwrites, as a unified difference, secrets masked. Empty where nothing was.
  returned: success
  type: str
  version_added: 0.4.0
carried:
  description: Containers made by hand that go on running as they are, with O(adopt).
  returned: success
  type: list
  elements: str
containers_removed:
  description: Containers of the release before that the new one does not have, and that were removed.
  returned: success
  type: list
  elements: str
reloaded:
  description: Whether the proxy read its configuration again.
  returned: success
  type: bool
proven:
  description: Whether the release has been proven to serve by this call.
  returned: success
  type: bool
interrupted:
  description: Whether an earlier switch had been cut off and was completed or undone by this one.
  returned: success
  type: bool
validated:
  description:
    - What tells a tree that O(validators) have accepted in check mode from any other, for O(validated). Empty where they were not asked.
  returned: success
  type: str
  version_added: 0.4.0
release:
  description: Identity of the release that is live now.
  returned: success
  type: str
seconds:
  description: Seconds from the first change until everything was proven.
  returned: success
  type: float
notes:
  description:
    - What else a person should know, such as a database whose schema is newer than the release, or a certificate that ends soon.
  returned: success
  type: list
  elements: str
diff:
  description: One difference per changed file in diff mode, otherwise empty.
  returned: success
  type: list
  elements: dict
result:
  description: How a failed run ended, V(refused) with nothing changed, V(restored), V(failed) or V(broken).
  returned: failure
  type: str
restored:
  description: The backup that was brought back and proven, empty where none was.
  returned: failure
  type: str
logs:
  description: The whole logs of the failed release's containers, kept on the server.
  returned: when a release was brought back, or could not be
  type: list
  elements: str
  sample: [/opt/rarebooks/logs/20261126_104400_rarebooks_backend_96d186363354.json.gz]
"""

from ansible_collections.rarebooks.platform.plugins.module_utils._base import libraries
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import describe, facts_of
from ansible_collections.rarebooks.platform.plugins.module_utils._base.unlogged import UnloggedModule
from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import run
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.options import Invocation, Options
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.wanted import ReleaseError
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import desired, validate

ARGUMENT_SPEC = {
    "path": {"type": "path", "required": True},
    "project": {"type": "str", "required": True},
    "roles": {"type": "list", "elements": "str", "default": []},
    "files": desired.OPTION,
    "to": {"type": "str", "default": ""},
    "backup": {"type": "str", "default": ""},
    "restore_database": {"type": "bool", "default": False},
    "accept_unsealed": {"type": "bool", "default": False},
    "verified": {"type": "str", "default": ""},
    "validated": {"type": "str", "default": ""},
    "secrets_file": {"type": "path", "no_log": False},
    "secrets_pending": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "validators": validate.OPTION,
    "deadline": {"type": "int", "default": 0},
    "watch": {"type": "int", "default": 0},
    "rehearse": {"type": "str", "choices": ["auto", "always", "never"], "default": "never"},
    "rehearse_limit": {"type": "int", "default": 300},
    "proxy_paths": {"type": "list", "elements": "path", "default": []},
    "proxy_record": {"type": "path", "required": True},
    "only_unchanged": {"type": "bool", "default": False},
    "adopt": {"type": "bool", "default": False},
    "adopt_proxy": {"type": "str", "choices": ["now", "later"], "default": "now"},
    "let_go": {"type": "list", "elements": "str", "default": []},
    "run": {"type": "dict", "default": {}},
    "lease_directory": {"type": "path", "default": lease.DIRECTORY},
}


def main() -> None:
    module = UnloggedModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if bool(module.params["to"]) == bool(module.params["files"]):
        module.fail_json(msg="release: expected either the roles of a release or the id of a backup in `to`, got both or neither")
    libraries.require(module, libraries.DOCKER, libraries.REQUESTS)
    try:
        invocation = Invocation(module.check_mode, module._diff, lambda: module.tmpdir, module.run_command)
        result = run.make_live(Options.from_params(module.params), invocation)
    except ReleaseError as error:
        module.fail_json(msg=str(error), **error.facts)
    except Exception as error:
        module.fail_json(msg=describe(error), **facts_of(error), result="refused", restored="")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
