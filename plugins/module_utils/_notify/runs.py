# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is said of a run when the ledger has its entry: whoever wrote it, the run itself, its successor, a timer or the boot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._base.sentence import Sentence, say
from .._run import ledger
from .._run.finished import RECOVERY
from .message import Message

# Of these nobody is told: nothing has changed, and who typed the command has read why.
SILENT = ("unchanged", "refused")
TITLES = {
    "deployed": say("deployed, and the new release serves"),
    "rolled back": say("rolled back, and the release of the backup serves"),
    "renewed": say("certificates were renewed"),
    "restored": say("the new release failed, and the one before it serves again"),
    "broken": say("LOOK NOW: a release failed, and nothing proves that the one before it serves"),
    "failed": say("a run failed"),
    "interrupted": say("a run died before its end"),
}
# Where the server was restarted in the middle of a switch, and has ended that by itself.
AT_BOOT = {
    "deployed": say("restarted in the middle of a deploy, which was then completed"),
    "restored": say("restarted in the middle of a switch, and the release before it serves again"),
}
# Of commands that bring no release about, the action says what they did.
RESULTS = {"done": say("done")}
ACTIONS = {
    "deploy": say("deploy"),
    "rollback": say("rollback"),
    "renewal": say("renewal"),
    RECOVERY: say("recovery"),
    "snapshot": say("snapshot"),
    "repository check": say("repository check"),
    "repository prune": say("repository prune"),
    "repository unlock": say("repository unlock"),
    "drill": say("drill"),
    "reboot": say("restart of the server"),
    "harden": say("hardening of the server"),
    "undo hardening": say("undoing the hardening of the server"),
}


def message_of(entry: Mapping[str, Any]) -> Message | None:
    """Return what to tell of a run, None where nothing has happened."""
    result, name = entry["result"], entry["action"]
    if result in SILENT:
        return None
    well = result in ledger.SUCCESSES
    action = ACTIONS.get(name, name)
    titles = {**TITLES, **AT_BOOT} if name == RECOVERY else TITLES
    title = titles.get(result) or say("{action}: {result}", action=action, result=RESULTS.get(result, result))
    lines = [say("{action} by {by}, after {seconds} s", action=action, by=entry["by"], seconds=f"{entry['duration']:g}")]
    if entry["to"]:
        lines.append(say("Backup: {backup}", backup=entry["to"]))
    return Message("success" if well else "warning" if result == "restored" else "failure", title, (*lines, *_failure(entry, well)))


def _failure(entry: Mapping[str, Any], well: bool) -> list[Sentence]:
    if well:
        return []
    lines = [say("Next: {command}", command="ansible-playbook verify.yml")]
    if entry["error"]:
        lines.insert(0, say("Error: {error}", error=entry["error"]))
    if entry["step"]:
        lines.insert(0, say("It had come as far as: {step}", step=entry["step"]))
    return lines
