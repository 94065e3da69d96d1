#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: lease
short_description: Let one deploy or rollback at a time work on a server, and record how it ended
description:
  - A run takes the lease before it changes anything and gives it back at the end, also when it fails. Meanwhile every other run is
    refused, with a message that says who is at work, since when, with what, and what to do.
  - Nobody ever has to remove a lock. A process on the controller renews the lease through the connection every 5 seconds for as long as
    C(ansible-playbook) lives, and ends it within seconds when that is killed. If the controller or the connection dies, the lease ends by
    itself O(stale_after) seconds after the last heartbeat, and when the server is restarted it ends with it.
  - A module that goes on without its controller, as M(rarebooks.platform.release) does, is waited for.
  - A run that was cut off for longer than that and comes back finds another run's lease, and stops at its next O(state=held).
  - What killed runs left of files and backups that they were writing, and of a restore to a moment, is removed by whoever takes the
    lease next.
  - When a run ends, one line is appended to C(ledger.jsonl) in the stack's directory; see M(rarebooks.platform.ledger_info). A run
    that was interrupted gets it from the next one.
version_added: 0.2.0
author:
  - RareBooks platform developers (@rarebooks)
options:
  path:
    description: The stack's directory. It need not exist yet; where it is missing nothing is recorded.
    type: path
    required: true
  state:
    description:
      - V(taken) takes the lease, or fails.
      - V(held) begins a step, or fails if another run took over.
      - V(released) gives the lease back and records how the run ended. It does not fail if the lease was lost, so that it can stand in
        C(always).
    type: str
    choices: [taken, held, released]
    required: true
  directory:
    description: Where leases lie. It must be on a file system that a restart empties, and is created with mode C(0700).
    type: path
    default: /run/rarebooks.platform
  run:
    description:
      - Who holds the lease, as RV(run) of O(state=taken) returned it. Required for V(held) and V(released) of O(state).
      - Set by the action plugin for O(state=taken).
    type: dict
  action:
    description:
      - What the run does, for O(state=taken), as the ledger and whoever is refused meanwhile are told, such as V(deploy), V(rollback),
        V(renewal) or C(restart maymessenger).
    type: str
    default: deploy
  step:
    description: What the run does from now on, for V(taken) and V(held) of O(state). Shown to whoever is refused meanwhile.
    type: str
    default: ""
  stale_after:
    description: Seconds after the last heartbeat at which the lease ends by itself.
    type: int
    default: 20
  wait:
    description:
      - How many seconds O(state=taken) waits for what an interrupted run left at work on the server.
      - A run whose controller is alive is not waited for.
    type: int
    default: 900
  result:
    description:
      - How the run ended. Required for O(state=released); see RV(rarebooks.platform.ledger_info#module:entries[].result).
    type: str
    choices: [deployed, rolled back, renewed, unchanged, done, refused, failed, restored, broken, interrupted]
  error:
    description:
      - The error's message, of which the first line is recorded, with the server's secrets masked.
      - Where it is empty, the action plugin gives that of the task which failed, if that registered how it ended. Output that is
        censored is not recorded.
    type: str
    default: ""
  release:
    description: Digest of the release that serves at the end.
    type: str
    default: ""
  backup:
    description: The backup that the run sealed.
    type: str
    default: ""
  to:
    description: The backup that a rollback went to.
    type: str
    default: ""
  dead_token:
    description: RV(run) whose controller has ended. Set by the action plugin, not to be used in a task.
    type: str
    default: ""
attributes:
  check_mode:
    support: full
    description: Nothing is taken, begun or recorded. Where another run is at work, V(taken) says so in RV(notes) and succeeds.
  diff_mode:
    support: N/A
    description: The lease is no part of what is managed, so there is no difference to show.
notes:
  - RV(ignore:changed) is always V(false), since the lease and the ledger are the run's own bookkeeping.
seealso:
  - module: rarebooks.platform.ledger_info
"""

EXAMPLES = r"""
- name: Work on the server alone
  block:
    - name: Take the lease
      rarebooks.platform.lease:
        path: /opt/rarebooks
        state: taken
        step: images
      register: lease

    - name: Go on with the tree
      rarebooks.platform.lease:
        path: /opt/rarebooks
        state: held
        run: "{{ lease.run }}"
        step: tree
  rescue:
    - name: Keep what went wrong
      ansible.builtin.set_fact:
        problem: "{{ ansible_failed_result.msg }}"
  always:
    - name: Give the lease back
      rarebooks.platform.lease:
        path: /opt/rarebooks
        state: released
        run: "{{ lease.run }}"
        result: "{{ 'failed' if problem is defined else 'deployed' }}"
        error: "{{ problem | default('') }}"
      when: lease is not failed
"""

RETURN = r"""
run:
  description: Who holds the lease, to be given to V(held) and V(released) of O(state). Empty if it was not taken.
  returned: always
  type: dict
  contains:
    token:
      description: What identifies the run.
      type: str
    action:
      description: As given in O(action).
      type: str
    by:
      description: User and host name of the controller.
      type: str
      sample: alice@laptop
    controller:
      description: What identifies the machine or container of the controller since its start. Empty where that is unknown.
      type: str
    pid:
      description: Number of the C(ansible-playbook) process.
      type: int
    pid_start:
      description: When that was started, in ticks since the boot.
      type: int
    commit:
      description: Commit of the playbooks, followed by V(+changes) if some were not committed. Empty where there is no git checkout.
      type: str
    started:
      description: When the lease was taken, in UTC, by the controller's clock.
      type: str
      sample: "2026-07-01T12:00:00Z"
step:
  description: What the run does now; for O(state=released) what it did last.
  returned: always
  type: str
  sample: images
interrupted:
  description: The interrupted run from which the lease was taken over, like RV(run) and with its C(step), or V(null).
  returned: always
  type: dict
recorded:
  description: Whether the ledger has an entry of this run.
  returned: always
  type: bool
lost:
  description: Whether another run took over, or the server was restarted meanwhile.
  returned: always
  type: bool
heartbeat:
  description: The file that the controller renews. Empty unless the lease was taken.
  returned: always
  type: str
holder:
  description: The run that has the lease, like RV(run), with its C(step), the C(age) of its last heartbeat in seconds, and C(busy),
    whether it goes on without its controller.
  returned: if another run has it and O(state=taken)
  type: dict
notes:
  description:
    - For O(state=taken), what to tell people. In check mode that another run is at work; that the server ended by itself what a killed
      run had begun, and how.
  returned: always
  type: list
  elements: str
"""

import os
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._base import leftovers, secret_store, state
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import PlatformError
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous import leftovers as restores
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous import settings as continuous
from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease as run_lease
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger, new_secrets, restoring
from ansible_collections.rarebooks.platform.plugins.module_utils._run.finished import finished

POLL = 0.2
OPTIONS: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["taken", "held", "released"], "required": True},
    "directory": {"type": "path", "default": run_lease.DIRECTORY},
    "run": {"type": "dict"},
    "action": {"type": "str", "default": "deploy"},
    "step": {"type": "str", "default": ""},
    "stale_after": {"type": "int", "default": run_lease.STALE_AFTER},
    "wait": {"type": "int", "default": 900},
    "result": {"type": "str", "choices": list(ledger.RESULTS)},
    "error": {"type": "str", "default": ""},
    "release": {"type": "str", "default": ""},
    "backup": {"type": "str", "default": ""},
    "to": {"type": "str", "default": ""},
    "dead_token": {"type": "str", "default": "", "no_log": False},
}


def answer(run: dict[str, Any], step: str, **facts: Any) -> dict[str, Any]:
    """Return the result: the same keys whatever was asked."""
    same: dict[str, Any] = {"interrupted": None, "recorded": False, "lost": False, "heartbeat": "", "notes": []}
    return {"changed": False, "run": run, "step": step, **same, **facts}


def record(module: AnsibleModule, entry: dict[str, Any]) -> bool:
    """Append a run's entry unless it has one, and return whether it has one then.

    A run that lost its lease and the successor both write it, and either may have been first.
    """
    path = module.params["path"]
    try:
        return ledger.has(path, entry["run"]) or ledger.append(path, entry)
    except OSError as error:
        # In always: an error here would hide the one that matters.
        module.warn(f"{entry['action']} by {entry['by']} ({entry['result']}) could not be recorded in {path}/{ledger.FILE}: {error}")
        return False


def await_lease(module: AnsibleModule, place: run_lease.Place, run: ledger.Run) -> run_lease.Lease | None:
    """Take the lease, once an interrupted run's process has ended, or fail."""
    step, dead_token, wait = (module.params[name] for name in ("step", "dead_token", "wait"))
    deadline = time.monotonic() + wait
    while True:
        try:
            return run_lease.inspect(place, dead_token) if module.check_mode else run_lease.take(place, run, step, dead_token)
        except run_lease.LeaseHeld as held:
            if module.check_mode:
                raise  # It takes nothing, so that it need not wait.
            busy = isinstance(held, run_lease.LeaseBusy)
            if busy and time.monotonic() < deadline:
                time.sleep(POLL)
                continue
            message = f"{held} It was waited for {wait} s." if busy else str(held)
            holder = told(held)
        module.fail_json(msg=message, **answer({}, "", holder=holder))


def told(held: run_lease.LeaseHeld) -> dict[str, Any]:
    """Return who holds the lease, for the action plugin."""
    return {**held.holder.to_dict(), "step": held.step, "age": held.age, "busy": isinstance(held, run_lease.LeaseBusy)}


def taken(module: AnsibleModule, place: run_lease.Place, run: ledger.Run) -> dict[str, Any]:
    """Take the lease, and record the interrupted run that is left behind by it."""
    if refusal := restoring.refusal(place.path, run.action):
        module.fail_json(msg=refusal, **answer({}, ""))
    try:
        orphan = await_lease(module, place, run)
    except run_lease.LeaseHeld as held:
        return answer(run.to_dict(), module.params["step"], holder=told(held), notes=[at_work(held)])
    interrupted = {**orphan.run.to_dict(), "step": orphan.step} if orphan else None
    if orphan and not orphan.recorded and not module.check_mode:
        # Nobody knows when it died, which may be days ago: its last step had begun then.
        lasted = max(0.0, orphan.reached - orphan.since)
        facts = {name: str(orphan.facts.get(name, "")) for name in ("release", "backup", "to")}
        record(module, ledger.entry(orphan.run.to_dict(), "interrupted", lasted, step=orphan.step, **facts))
    if not module.check_mode:
        tidy_up(module)
    heartbeat = "" if module.check_mode else place.file(run.token)
    notes = list(filter(None, [finished(place.path, orphan)]))
    return answer(run.to_dict(), module.params["step"], interrupted=interrupted, heartbeat=heartbeat, notes=notes)


def at_work(held: run_lease.LeaseHeld) -> str:
    """Tell a run in check mode, which reads beside another one, what its answers are worth."""
    return (
        f"Another run is at work on this server: {held.holder}, now at: {held.step}. What follows is how things are meanwhile, and may be "
        "otherwise when that one has ended: then run again."
    )


def tidy_up(module: AnsibleModule) -> None:
    """Remove what killed runs left of what they were writing."""
    try:
        leftovers.remove(module.params["path"])
    except OSError as error:
        module.warn(f"What a killed run left in {module.params['path']} could not be removed, and may hold secrets: {error}")
    try:
        restores.remove(continuous.DIRECTORY)
    except (OSError, PlatformError) as error:
        module.warn(f"What a killed restore to a moment left below {continuous.DIRECTORY} could not be removed: {error}")
    try:
        new_secrets.settle(module.params["path"])
    except (OSError, state.StateError) as error:
        module.warn(f"Secrets that the run before this one gave the apps could not be stored: {error}")


def shown(module: AnsibleModule, error: str) -> str:
    """Return an error without the secrets of the server."""
    try:
        return secret_store.mask(error, secret_store.load(os.path.join(module.params["path"], secret_store.FILE)))
    except state.StateError:
        return error


def held(module: AnsibleModule, place: run_lease.Place, run: ledger.Run) -> dict[str, Any]:
    """Begin a step."""
    step, recorded = module.params["step"], False
    if not module.check_mode:
        try:
            recorded = run_lease.begin_step(place, run.token, step).recorded
        except run_lease.LeaseLost as lost:
            module.fail_json(msg=str(lost), **answer(run.to_dict(), step, lost=True))
    return answer(run.to_dict(), step, recorded=recorded)


def released(module: AnsibleModule, place: run_lease.Place, run: ledger.Run) -> dict[str, Any]:
    """Record how the run ended, then let the next one begin."""
    options = module.params
    if module.check_mode:
        return answer(run.to_dict(), options["step"])
    try:
        lease = run_lease.mine(place, run.token)
        step, duration, recorded, known = lease.step, lease.duration, lease.recorded, lease.facts
    except run_lease.LeaseLost:
        step, duration, recorded, known = options["step"], ledger.seconds_since(run.started), False, {}
    if not recorded:
        facts = {name: options[name] or str(known.get(name, "")) for name in ("release", "backup", "to")}
        failed = "" if options["result"] in ledger.SUCCESSES else step
        entry = ledger.entry(run.to_dict(), options["result"], duration, step=failed, error=shown(module, options["error"]), **facts)
        recorded = record(module, entry)
    lost = run_lease.give_back(place, run.token) is None
    return answer(run.to_dict(), step, recorded=recorded, lost=lost)


def main() -> None:
    module = AnsibleModule(
        argument_spec=OPTIONS,
        supports_check_mode=True,
        required_if=[("state", "held", ["run"]), ("state", "released", ["run", "result"])],
    )
    options = module.params
    run = ledger.Run.from_dict(options["run"] or {})
    if not run.token:
        module.fail_json(
            msg="run: expected what state=taken returned as run, got nothing with a token. Register that task and give run: "
            '"{{ the_registered.run }}".',
            **answer({}, ""),
        )
    place = run_lease.Place(options["path"], options["directory"], options["stale_after"])
    states = {"taken": taken, "held": held, "released": released}
    module.exit_json(**states[options["state"]](module, place, run))


if __name__ == "__main__":
    main()
