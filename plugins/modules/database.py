#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: database
version_added: 0.4.0
short_description: Restore, make anew or prove a database of the live release
description:
  - Puts a dump, or an empty database that the app fills when it starts, in the place of a live one. The app is stopped, the databases are
    exchanged by name, and the gate proves the app. Where it does not serve, what was live before is live again. Other apps are not touched.
  - What was live before is dropped only where the dump of O(backup) holds every row that was written to it, and never with O(keep).
  - Restores a dump beside the live database, or into an empty PostgreSQL to prove it.
requirements:
  - docker (Python library) on the server
  - requests (Python library) on the server
attributes:
  check_mode:
    support: full
    description: Finds database and dump, verifies that, and changes nothing.
  diff_mode:
    support: none
    description: Rows are not shown.
extends_documentation_fragment:
  - rarebooks.platform.attributes.posix
options:
  state:
    description:
      - V(restored) puts a dump in the place of the live database, V(recreated) an empty one.
      - V(beside) restores a dump beside the live one, under another name.
      - V(proven) restores dumps into an empty PostgreSQL of the same image, compares every table, and leaves nothing behind.
    type: str
    choices: [restored, recreated, beside, proven]
    required: true
  database:
    description: The database, by its name or that of its container. Empty for the only one, with O(state=proven) for all.
    type: str
    default: ""
  source:
    description: The backup whose dump it is. Empty for the newest that has one.
    type: str
    default: ""
  keep:
    description: Whether what was live before is kept beside, under another name, and not even looked at. For one too damaged to be dumped.
    type: bool
    default: false
  restore_time:
    description:
      - The moment whose rows are restored, with its time zone, in place of a dump. With O(state=beside) and O(state=restored).
      - It is reached from a base and the write-ahead log in a repository.
    type: str
    default: ""
  path:
    description: Absolute path of the directory that holds the release.
    type: path
    required: true
  project:
    description: The Compose project.
    type: str
    required: true
  secrets_file:
    description: The server's file of secrets.
    type: path
    required: true
  proxy_paths:
    description: Files and directories that nginx reads.
    type: list
    elements: path
    required: true
  proxy_record:
    description: The file that remembers what nginx has read.
    type: path
    required: true
  deadline:
    description: Seconds the gate waits. V(0) derives it from the health checks of what was started.
    type: int
    default: 0
  backup:
    description: The backup that this run sealed, with a dump of this database.
    type: str
    default: ""
  run:
    description: The run that holds the lease, as M(rarebooks.platform.lease) returned it.
    type: dict
    default: {}
  lease_directory:
    description: Where leases lie.
    type: path
    default: /run/rarebooks.platform
seealso:
  - module: rarebooks.platform.database_info
  - module: rarebooks.platform.backup
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Prove that the newest dumps restore
  rarebooks.platform.database:
    path: /opt/rarebooks
    project: rarebooksdokploy
    state: proven
    secrets_file: /opt/rarebooks/.secrets.json
    proxy_paths: [/opt/rarebooks/nginx, /etc/letsencrypt/live]
    proxy_record: /opt/rarebooks/.proxy_loaded.json
    run: "{{ lease.run }}"
"""

RETURN = r"""
app:
  description: The app whose database it is.
  returned: success, but for O(state=proven)
  type: str
  sample: maymessenger
database:
  description: The database.
  returned: success, but for O(state=proven)
  type: str
  sample: maymessenger
container:
  description: Its container.
  returned: success, but for O(state=proven)
  type: str
  sample: db_maymessenger
source:
  description: The backup whose dump was restored.
  returned: success, but for O(state=proven)
  type: str
  sample: "20261124_083000"
rows:
  description: Rows in all tables.
  returned: success, but for O(state=proven)
  type: int
moment:
  description: The moment that was restored, in UTC.
  returned: with O(restore_time)
  type: str
  sample: "2026-11-25 18:14:30+00"
tables:
  description: Rows of each table in the live database and at that moment; null where there is no such table.
  returned: with O(restore_time) and O(state=beside)
  type: list
  elements: dict
beside:
  description: Name of the database that was restored beside the live one.
  returned: with O(state=beside)
  type: str
proofs:
  description: Each dump that was restored and compared.
  returned: with O(state=proven)
  type: list
  elements: dict
started:
  description: Containers that were started.
  returned: with O(state=restored) and O(state=recreated), outside of check mode
  type: list
  elements: str
release:
  description: Identity of the release that is live.
  returned: with O(state=restored) and O(state=recreated), outside of check mode
  type: str
seconds:
  description: Seconds from the first change until everything was proven.
  returned: with O(state=restored) and O(state=recreated), outside of check mode
  type: float
notes:
  description: What else a person should know, such as a database that was kept.
  returned: success
  type: list
  elements: str
result:
  description: How a failed run ended, V(refused) with nothing changed, V(restored), V(failed) or V(broken).
  returned: failure
  type: str
restored:
  description: The backup that was brought back and proven, empty where none was.
  returned: failure
  type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._operate import as_module, databases, options
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.options import Invocation


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **options.SPEC,
            "state": {"type": "str", "choices": ["restored", "recreated", "beside", "proven"], "required": True},
            "database": {"type": "str", "default": ""},
            "source": {"type": "str", "default": ""},
            "restore_time": {"type": "str", "default": ""},
            "keep": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    state, typed, source, keep, moment = (module.params[name] for name in ("state", "database", "source", "keep", "restore_time"))

    def work(wanted: options.Options, invocation: Invocation) -> dict[str, Any]:
        if state == "proven":
            return databases.drill(wanted, invocation, typed, source)
        if state == "beside":
            return databases.restore_beside(wanted, invocation, typed, source, moment)
        return databases.replace(wanted, invocation, typed, source, state == "recreated", keep, moment)

    as_module.carry_out(module, lambda *how: {"notes": [], **work(*how)})


if __name__ == "__main__":
    main()
