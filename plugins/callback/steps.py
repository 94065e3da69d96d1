# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Shows a run to the person who waits for it; see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
name: steps
type: stdout
short_description: One line a step, and a failure once
version_added: 0.4.0
author: RareBooks platform developers (@rarebooks)
description:
  - Prints one line for each step on each host with its result and the seconds it took, nothing for what was skipped or only computed on the
    controller, and a sign of life during long steps.
  - A failure is printed once, as the sentences it consists of. One that the play itself deals with is a line.
  - The counts of each host stand last.
  - With C(-v) everything is printed as P(ansible.builtin.default#callback) prints it.
  - From the first play on Python's garbage collector leaves alone what Ansible has loaded before. Each task runs in a fork of the process
    that has loaded it, and walking through all of that there again and again took a third of the time that a deploy computes.
extends_documentation_fragment:
  - default_callback
  - result_format_callback
options:
  heartbeat:
    description:
      - After how many seconds of a step, and each so many again, a line tells that it still goes on. V(0) prints none.
      - While M(rarebooks.platform.release) is at work, it says what that is at, such as which containers it waits for and since when, as
        the heartbeat of M(rarebooks.platform.lease) brought it along within the last seconds.
    type: int
    default: 15
    env: [{name: RAREBOOKS_STEPS_HEARTBEAT}]
    ini: [{section: callback_steps, key: heartbeat}]
seealso:
  - plugin: ansible.builtin.default
    plugin_type: callback
"""

EXAMPLES = r"""
- name: In ansible.cfg
  ansible.builtin.debug:
    msg: |
      [defaults]
      stdout_callback = rarebooks.platform.steps

- name: Ansible's own, for one run
  ansible.builtin.debug:
    msg: ANSIBLE_STDOUT_CALLBACK=ansible.builtin.default ansible-playbook deploy.yml
"""

import functools
import gc
import os
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible import constants
from ansible.playbook.task_include import TaskInclude
from ansible.plugins.callback.default import CallbackModule as Default
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _progress

# What only computes on the controller, or prints by itself: no step.
SILENT = {
    *("add_host", "assert", "debug", "fail", "group_by", "include_vars", "meta", "set_fact", "set_stats", "validate_argument_spec"),
    *("preconditions", "report", "variables"),
}
# Of what a program printed before it failed, only its end tells why.
LAST_LINES = 15

Method = Callable[..., None]


def briefly(method: Method) -> Method:
    """Leave what a method prints to Ansible's own callback where somebody asked for more."""

    @functools.wraps(method)
    def chosen(self: CallbackModule, *arguments: Any, **options: Any) -> None:
        shown = getattr(super(CallbackModule, self), method.__name__) if self._display.verbosity else functools.partial(method, self)
        shown(*arguments, **options)

    return chosen


def step_name(task: Any) -> str:
    """Return what a task does, without the role it belongs to."""
    return str(task.get_name()).rpartition(" : ")[2].strip()


def is_silent(task: Any) -> bool:
    return isinstance(task, TaskInclude) or task.action.rpartition(".")[2] in SILENT or task.action.rpartition(".")[2].startswith("import_")


def is_dealt_with(task: Any) -> bool:
    """Tell whether the play goes on after a failure of this task, in the rescue of a block around it."""
    block, inner = task._parent, task
    while block is not None:
        if getattr(block, "rescue", None) and any(one._uuid == inner._uuid for one in block.block):
            return True
        block, inner = getattr(block, "_parent", None), block
    return False


def reasons(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield why a task failed, as text for a person."""
    failed = [one for one in result.get("results", ()) if one.get("failed") or one.get("unreachable")]
    if failed:
        for one in failed:
            yield from (f"{one.get('_ansible_item_label', one.get('item'))}: {reason}" for reason in reasons(one))
        return
    yield str(result.get("msg") or "The task failed and says nothing of it. With -v everything is shown that it returned.").strip("\n")
    said = next((str(result[key]) for key in ("stderr", "module_stderr", "stdout", "module_stdout") if result.get(key)), "")
    if said.strip() and said.strip() not in str(result.get("msg")):
        yield "\n".join(said.strip("\n").splitlines()[-LAST_LINES:])


# Python's own are 700. Measured with an unchanged deploy: 6.1 s of computing, 4.5 with all frozen, 4.0 with this many as well.
OBJECTS_BETWEEN_COLLECTIONS = 100_000


class CallbackModule(Default):  # type: ignore[misc]
    """Prints steps."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "rarebooks.platform.steps"

    def __init__(self) -> None:
        super().__init__()
        self._began: dict[tuple[str, str], float] = {}
        self._going_on: dict[tuple[str, str], str] = {}
        self._width = 0
        self._word_width = 0
        self._ended = threading.Event()
        self._heart: threading.Thread | None = None

    # --- what begins

    def v2_playbook_on_start(self, playbook: Any) -> None:
        super().v2_playbook_on_start(playbook)
        gc.freeze()
        gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)

    @briefly
    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._play = play
        self._word_width = len("would change" if play.check_mode else "changed")
        name = f"{play.get_name().strip()} (check mode)" if play.check_mode else play.get_name().strip()
        self._display.display(name, color=constants.COLOR_HIGHLIGHT)

    @briefly
    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        pass

    @briefly
    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        pass

    @briefly
    def v2_playbook_on_include(self, included_file: Any) -> None:
        pass

    @briefly
    def v2_playbook_on_no_hosts_remaining(self) -> None:
        pass

    @briefly
    def v2_runner_retry(self, result: Any) -> None:
        pass

    @briefly
    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        key = (host.get_name(), task._uuid)
        self._began[key] = time.monotonic()
        self._width = max(self._width, len(host.get_name()))
        if not is_silent(task):
            self._going_on[key] = step_name(task)
            self._start_heart()

    # --- what ended

    @briefly
    def v2_runner_on_ok(self, result: Any) -> None:
        changed = result.result.get("changed", False)
        took = self._end(result)
        self._handle_warnings(result.result)
        if not is_silent(result.task) or changed:
            word = ("would change" if result.task.check_mode else "changed") if changed else "ok"
            self._step(result, word, took, constants.COLOR_CHANGED if changed else constants.COLOR_OK)
        # What a play prints on purpose, as debug does.
        for one in result.result.get("results", [result.result]):
            if one.get("_ansible_verbose_always"):
                text = one["msg"] if isinstance(one.get("msg"), str) else self._dump_results(one, indent=4).strip("\n")
                self._display.display(f"{result.host.get_name()}:\n{textwrap.indent(textwrap.dedent(text), '    ')}")

    @briefly
    def v2_runner_on_skipped(self, result: Any) -> None:
        self._end(result)
        self._handle_warnings(result.result)

    @briefly
    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        took = self._end(result)
        self._handle_warnings(result.result)
        if ignore_errors or is_dealt_with(result.task):
            self._step(result, "failed", took, constants.COLOR_WARN)
            return
        self._step(result, "FAILED", took, constants.COLOR_ERROR)
        self._explain(result)

    @briefly
    def v2_runner_on_unreachable(self, result: Any) -> None:
        took = self._end(result)
        if result.task.ignore_unreachable:
            self._step(result, "failed", took, constants.COLOR_WARN)
            return
        self._step(result, "UNREACHABLE", took, constants.COLOR_UNREACHABLE)
        self._explain(result)

    @briefly
    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._handle_warnings(result.result)

    @briefly
    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._handle_warnings(result.result)

    @briefly
    def v2_runner_item_on_skipped(self, result: Any) -> None:
        pass

    @briefly
    def v2_on_file_diff(self, result: Any) -> None:
        for one in result.result.get("results", [result.result]) if result.task.loop else [result.result]:
            text = self._get_diff(one["diff"]) if one.get("diff") and one.get("changed") else ""
            if text:
                self._display.display(text)

    @briefly
    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._ended.set()
        for name, values in sorted(stats.custom.items()) if self.get_option("show_custom_stats") else ():
            self._display.display(f"{name}: {self._dump_results(values, indent=1)}")
        for host in sorted(stats.processed):
            counts = stats.summarize(host)
            bad = counts["failures"] or counts["unreachable"]
            told = {"ok": counts["ok"], "changed": counts["changed"], "unreachable": counts["unreachable"], "failed": counts["failures"]}
            told |= {key: counts[key] for key in ("skipped", "rescued", "ignored")}
            color = constants.COLOR_ERROR if bad else constants.COLOR_CHANGED if counts["changed"] else constants.COLOR_OK
            line = " ".join(f"{key}={value}" for key, value in told.items())
            self._display.display(f"{host:<{self._width}} : {line}", color=color)

    # --- how it is written

    def _end(self, result: Any) -> float:
        key = (result.host.get_name(), result.task._uuid)
        self._going_on.pop(key, None)
        return time.monotonic() - self._began.pop(key, time.monotonic())

    def _step(self, result: Any, word: str, took: float, color: str) -> None:
        self._line(result.host.get_name(), word, took, step_name(result.task), color)

    def _line(self, host: str, word: str, took: float, name: str, color: str) -> None:
        self._display.display(f"{host:<{self._width}}  {word:<{self._word_width}} {took:5.1f} s  {name}", color=color)

    def _explain(self, result: Any) -> None:
        for reason in reasons(result.result):
            self._display.display(textwrap.indent(reason, "    "), color=constants.COLOR_ERROR)
        if "exception" in result.result and "msg" not in result.result:
            self._handle_exception(result.result)

    def _start_heart(self) -> None:
        beat = self.get_option("heartbeat")
        if self._heart is None and beat > 0:
            self._heart = threading.Thread(target=self._tell_what_goes_on, args=(beat,), daemon=True)
            self._heart.start()

    def _tell_what_goes_on(self, beat: int) -> None:
        told: dict[tuple[str, str], int] = {}
        process = os.getpid()
        while not self._ended.wait(min(beat, 1)) and os.getpid() == process:
            for key, name in list(self._going_on.items()):
                took = time.monotonic() - self._began.get(key, time.monotonic())
                if int(took / beat) > told.get(key, 0):
                    told[key] = int(took / beat)
                    known = _progress.latest(key[0], since=time.time() - took)
                    self._line(key[0], "...", took, known or name, constants.COLOR_VERBOSE)
