#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: database_info
version_added: 0.4.0
short_description: Read what there is to know of the databases of a server
description:
  - Lists the dumps of the databases of the live release, or reads their sizes, the rows of their tables, or what they are at work on.
  - Changes nothing and needs no lease, so that it may run beside a deploy.
requirements:
  - docker (Python library) on the server, but for O(read=dumps)
extends_documentation_fragment:
  - rarebooks.platform.attributes.info_module
  - rarebooks.platform.attributes.posix
options:
  path:
    description: Absolute path of the directory that holds the release.
    type: path
    required: true
  read:
    description:
      - V(dumps) lists what backups hold. V(sizes) are bytes on disk, V(counts) the rows of each table.
      - V(queries) are statements that run for O(seconds), wait for a lock, or are waited for. What stands in quotes in them is not shown.
    type: str
    choices: [dumps, sizes, counts, queries]
    default: dumps
  database:
    description: The database, by its name or that of its container. Empty for all.
    type: str
    default: ""
  seconds:
    description: How long a statement has to have run to be listed.
    type: float
    default: 5.0
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Read how many rows the tables have
  rarebooks.platform.database_info:
    path: /opt/rarebooks
    read: counts
  register: databases
"""

RETURN = r"""
dumps:
  description: The dumps of all backups, newest first, with O(read=dumps).
  returned: success
  type: list
  elements: dict
databases:
  description: Each database with what was read of it, and in RV(databases[].error) why nothing was; empty with O(read=dumps).
  returned: success
  type: list
  elements: dict
  contains:
    database:
      description: Its name.
      returned: always
      type: str
    container:
      description: Its container.
      returned: always
      type: str
    error:
      description: Why it could not be asked, empty where it was.
      returned: always
      type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._base import libraries
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import describe
from ansible_collections.rarebooks.platform.plugins.module_utils._operate import database_reads, standing


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "read": {"type": "str", "choices": ["dumps", "sizes", "counts", "queries"], "default": "dumps"},
            "database": {"type": "str", "default": ""},
            "seconds": {"type": "float", "default": 5.0},
        },
        supports_check_mode=True,
    )
    path, read, typed = (module.params[name] for name in ("path", "read", "database"))
    questions = {
        "sizes": database_reads.sizes,
        "counts": database_reads.row_counts,
        "queries": database_reads.queries(module.params["seconds"]),
    }
    try:
        if read == "dumps":
            module.exit_json(changed=False, dumps=database_reads.dumps(path, typed), databases=[])
        libraries.require(module, libraries.DOCKER)
        found = database_reads.read_all(standing.release_of(path), typed, questions[read])
    except Exception as error:
        module.fail_json(msg=describe(error))
    module.exit_json(changed=False, dumps=[], databases=found)


if __name__ == "__main__":
    main()
