#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: engine_config
version_added: 0.4.0
short_description: Configure Docker Engine, and keep it running
description:
  - Writes C(daemon.json) and has the engine run with it, in one step that goes on by itself when its controller dies.
  - The file is first checked by the engine's own program, with the flags that the unit C(docker.service) gives it. Of what the engine
    takes while it runs it is told; for anything else it is restarted, after C(live-restore) has come into effect where the file asks for
    it, so that no container stops.
  - An engine that does not answer with the new file gets the old one back and is started again, with its containers left running, and the
    task fails.
  - A change that was cut off by the end of the server is completed by the next run.
options:
  config:
    description: Everything the file is to hold.
    type: dict
    required: true
  path:
    description: The file.
    type: path
    default: /etc/docker/daemon.json
  timeout:
    description: Seconds within which the engine must have restarted.
    type: int
    default: 120
attributes:
  check_mode:
    support: full
    description: Tells whether the file would change, and has the engine's own program check it.
  diff_mode:
    support: full
    description: Shows the options that change.
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Keep containers running while the engine restarts
  rarebooks.platform.engine_config:
    config:
      live-restore: true
"""

RETURN = r"""
restarted:
  description: Whether the engine was restarted, or would be in check mode, rather than told to reload.
  returned: success
  type: bool
diff:
  description: The options that differ, in diff mode, otherwise empty.
  returned: success
  type: dict
"""

import os
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import daemon_config
from ansible_collections.rarebooks.platform.plugins.module_utils._server import engine as docker


def check(change: daemon_config.Change, engine: daemon_config.Engine) -> None:
    """Have a copy of the file checked, where there is an engine to do so."""
    if not engine.installed():
        return
    with tempfile.NamedTemporaryFile() as copy:
        copy.write(change.after)
        copy.flush()
        engine.validate(copy.name)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "config": {"type": "dict", "required": True},
            "path": {"type": "path", "default": docker.DAEMON_CONFIG},
            "timeout": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    path = os.path.realpath(module.params["path"])
    change = daemon_config.Change(path, path + docker.BEFORE_ENDING, module.params["config"])
    engine = daemon_config.Engine(module.run_command, module.params["timeout"])
    result = {"changed": change.needed, "restarted": change.restarts, "diff": change.diff() if module._diff else {}}
    try:
        if change.needed and module.check_mode:
            check(change, engine)
        elif change.needed:
            change.make(engine)
    except daemon_config.EngineError as error:
        module.fail_json(
            msg=f"{path}: {error}\nCorrect docker_daemon_options, or what stands in the file or in the flags of docker.service, "
            "and deploy again."
        )
    module.exit_json(**result)


if __name__ == "__main__":
    main()
