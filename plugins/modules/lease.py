#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: lease
short_description: Let one run at a time change a server
description:
  - A run takes the lease before it does anything, says at which step it is, and gives the lease back in the end. Another run is
    refused at once, and told who holds it, from where, since when and how far that one is.
  - The lease dies with its holder. The controller sends a heartbeat every five seconds; a lease without one, or of an earlier boot
    of the server, is taken over without waiting. On the controller of the dead run itself this is known at once.
  - Every run's end is recorded in the ledger (C(ledger.jsonl) under O(path)), also that of a run that died, by its successor.
version_added: 0.2.0
options:
  path:
    description: Absolute path of the directory whose release may be changed by one run at a time.
    type: path
    required: true
  state:
    description:
      - V(taken) takes the lease, or fails where another run holds it.
      - V(held) says which step begins, and fails where the lease has been lost to another run meanwhile.
      - V(released) gives it back and records the run's end, unless M(rarebooks.platform.release) has done so. It never fails.
    type: str
    choices: [taken, held, released]
    default: taken
  action:
    description: What the run is going to do.
    type: str
    choices: [deploy, rollback]
    default: deploy
  step:
    description: What the run does now, for those who are refused meanwhile.
    type: str
    default: ""
  run:
    description: The run, as RV(run) of V(taken) had it. Required for the other states.
    type: dict
    default: {}
  result:
    description: With V(released), how the run ended.
    type: str
    choices: [unchanged, refused, failed]
    default: failed
  release:
    description: With V(released), identity of the release that is live.
    type: str
    default: ""
  backup:
    description: With V(released), id of the backup that the run sealed.
    type: str
    default: ""
  to:
    description: With V(released), id of the backup that a rollback was to go to.
    type: str
    default: ""
  directory:
    description: Directory on the server for leases, on a file system that a reboot empties.
    type: path
    default: /run/rarebooks.platform
  stale_after:
    description: Seconds after its last heartbeat at which a run counts as dead.
    type: int
    default: 20
  wait:
    description: Seconds to wait for a switch that goes on by itself on the server after its controller has died.
    type: int
    default: 900
  dead_token:
    description: Token of a run that is known to be dead. Set by the action plugin.
    type: str
    default: ""
attributes:
  check_mode:
    support: full
    description: Takes nothing, but fails like a run where another run holds the lease.
  diff_mode:
    support: none
    description: The lease belongs to the run itself and changes nothing of the server, so that the task never counts as a change.
seealso:
  - module: rarebooks.platform.ledger_info
author:
  - RareBooks platform developers (@rarebooks)
"""

EXAMPLES = r"""
- name: Take the lease
  rarebooks.platform.lease:
    path: /opt/rarebooks
    step: checking the server
  register: lease

- name: Say what comes now
  rarebooks.platform.lease:
    path: /opt/rarebooks
    state: held
    step: building images
    run: "{{ lease.run }}"

- name: Give it back
  rarebooks.platform.lease:
    path: /opt/rarebooks
    state: released
    run: "{{ lease.run }}"
    result: unchanged
"""

RETURN = r"""
run:
  description: The run, with C(token), C(action), C(by), C(commit) and C(started).
  returned: success
  type: dict
interrupted:
  description: The run that died and from which the lease was taken over, empty where there was none.
  returned: success
  type: dict
holder:
  description: The run that holds the lease.
  returned: failure because another run holds the lease
  type: dict
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils import _lease, _ledger

POLL_SECONDS = 0.2


def take(module: AnsibleModule, place: _lease.Place, run: _ledger.Run) -> dict[str, Any]:
    """Take the lease; of a run taken over say in the ledger that it was interrupted."""
    params = module.params
    if module.check_mode:
        _lease.inspect(place, params["dead_token"])
        return {}
    deadline = time.monotonic() + params["wait"]
    while True:
        try:
            orphan = _lease.take(place, run, params["step"], params["dead_token"])
            break
        except _lease.LeaseBusy:
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)
    if orphan is None:
        return {}
    if not orphan.recorded and not _ledger.has(params["path"], orphan.run.token):
        lasted = max(0.0, orphan.reached - orphan.since)
        _ledger.append(params["path"], _ledger.entry(orphan.run, "interrupted", lasted, step=orphan.step))
    return {"interrupted": orphan.run.to_dict()}


def release(module: AnsibleModule, place: _lease.Place, run: _ledger.Run) -> None:
    """Give the lease back, and record the run's end unless that has been done."""
    params = module.params
    lease = _lease.give_back(place, run.token)
    if lease is None or lease.recorded:
        return
    facts = {name: params[name] for name in ("release", "backup", "to")}
    step = "" if params["result"] in _ledger.SUCCESSES else lease.step
    _ledger.append(params["path"], _ledger.entry(run, params["result"], lease.duration, step=step, **facts))


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["taken", "held", "released"], "default": "taken"},
            "action": {"type": "str", "choices": ["deploy", "rollback"], "default": "deploy"},
            "step": {"type": "str", "default": ""},
            "run": {"type": "dict", "default": {}},
            "result": {"type": "str", "choices": ["unchanged", "refused", "failed"], "default": "failed"},
            "release": {"type": "str", "default": ""},
            "backup": {"type": "str", "default": ""},
            "to": {"type": "str", "default": ""},
            "directory": {"type": "path", "default": _lease.DIRECTORY},
            "stale_after": {"type": "int", "default": _lease.STALE_AFTER},
            "wait": {"type": "int", "default": 900},
            "dead_token": {"type": "str", "default": "", "no_log": False},
        },
        supports_check_mode=True,
    )
    params = module.params
    if not params["run"]:
        module.fail_json(msg="run is missing: the lease is taken through the action plugin of its name, and the other states need its run")
    place = _lease.Place(params["path"], params["directory"], params["stale_after"])
    run = _ledger.Run.from_dict(params["run"])
    result: dict[str, Any] = {"changed": False, "run": run.to_dict(), "interrupted": {}}
    try:
        if params["state"] == "taken":
            result |= take(module, place, run)
        elif params["state"] == "held" and not module.check_mode:
            _lease.hold(place, run.token, params["step"])
        elif params["state"] == "released" and not module.check_mode:
            release(module, place, run)
    except _lease.LeaseHeld as error:
        module.fail_json(msg=str(error), holder=error.holder.to_dict(), busy=isinstance(error, _lease.LeaseBusy))
    except _lease.LeaseLost as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
