# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ending a switch that the end of the server cut off: what a unit runs at boot, so that nobody has to be awake.

Usage: python3 -m ansible_collections.rarebooks.platform.plugins.module_utils._switch.recovery SETTINGS

The release that was live before is brought back and proven: it is known to have served, the other one is not. Where nothing served
before, the release that was begun is completed. A switch whose release had been proven is only tidied up after.
"""

from __future__ import annotations

import os
import sys
import uuid
from dataclasses import dataclass

from .._backup import listing
from .._base import state
from .._base.command import run_command
from .._base.errors import PlatformError, describe
from .._engine.client import connect
from .._release import journal
from .._release import live as release_live
from .._release.journal import Journal
from .._run import lease, ledger
from .._secrets import kept
from .._tree import desired
from .._tree import plan as tree_plan
from . import databases
from . import target as switch_target
from .recorder import Recorder
from .server import Server
from .switch import switch
from .transaction import SwitchRequest, end, end_proven, go_back, recover_tree

STEP = "ending the switch that was cut off"
# An operator may be quicker than the boot; whoever holds the lease ends the switch as well.
WAIT_SECONDS = 1800
REMEDY = "Deploy again: that writes it anew."


@dataclass(frozen=True)
class Settings:
    """Where things lie; ``settings.json`` beside the program, as the role stack writes it."""

    host: str
    path: str
    project: str
    secrets_file: str
    proxy_paths: list[str]
    proxy_record: str


class CutOff(PlatformError):
    """Why the release before is brought back."""


def recover(server: Server, pending: Journal, recorder: Recorder) -> tuple[bool, str]:
    """Bring the server to one release; return whether that serves, and what to tell."""
    recover_tree(server.root)
    live = release_live.read_description(release_live.read_files(server.root))
    target = switch_target.from_inventory([], live)
    if not served_before(server, pending):
        return complete(server, target, pending, recorder)
    run = ledger.Run.from_dict(pending.run)
    error = CutOff(f"The server ended while a switch was under way ({run}).")
    failed = go_back(server, SwitchRequest(target, pending.run, pending.backup), pending, error, recorder.proven)
    if not failed.restored:
        recorder.record(failed.result, "", failed.message)
    return failed.restored is not None, failed.message


def served_before(server: Server, pending: Journal) -> bool:
    """Say whether there is a release to go back to."""
    found = {one.id: one.manifest for one in listing.find_all(server.root)}
    manifest = found.get(pending.backup)
    # One that cannot be read is for go_back to report.
    return bool(pending.backup) and (manifest is None or any(manifest.is_serving(app) for app in manifest.apps))


def complete(server: Server, target: switch_target.Target, pending: Journal, recorder: Recorder) -> tuple[bool, str]:
    """Bring the begun release to its end; where it does not serve it stays, and the journal with it."""
    plan = tree_plan.Plan(server.root, [], {}, {}, {}, {}, False)
    try:
        notes = databases.undo(server.client, pending.swaps)
        done = switch(server.way_back, target, plan, set(pending.containers))
    except Exception as error:
        recorder.record("broken", "", describe(error))
        return False, f"The switch that was cut off could not be completed: {describe(error)} Deploy again when the cause is removed."
    recorder.proven("deployed", "", {})
    notes += done.notes + server.logs.problems + end(server, pending)
    return True, "\n".join([f"The switch that was cut off was completed, and the release serves after {done.seconds} s.", *notes])


def report(host: str, text: str, urgent: bool) -> None:
    """Write to systemd's journal; each line carries its priority, sd-daemon(3)."""
    for line in text.splitlines():
        sys.stdout.write(f"<{3 if urgent else 5}>{host}: {line}\n")
    sys.stdout.flush()


def main() -> int:
    """Run once, and return the exit code for the unit."""
    settings = state.load(sys.argv[1], Settings, REMEDY)
    if settings is None or journal.read(settings.path) is None:
        return 0
    place = lease.Place(settings.path)
    this = ledger.Run(uuid.uuid4().hex, "recovery", "the server at boot", settings.host, started=ledger.now())
    try:
        orphan = lease.take_unattended(place, this, STEP, WAIT_SECONDS)
        try:
            serves, text = work(settings, place, this)
        finally:
            lease.give_back(place, this.token, orphan)
    except Exception as error:
        serves, text = False, f"The switch that was cut off could not be ended: {describe(error)} Run deploy.yml or rollback.yml."
    report(settings.host, text, urgent=not serves)
    return 0 if serves else 1


def work(settings: Settings, place: lease.Place, this: ledger.Run) -> tuple[bool, str]:
    """End the switch under the lease; return whether a release serves, and what to tell."""
    os.chdir(settings.path)
    secrets = kept.live_masks(settings.path, desired.load_secrets(settings.secrets_file))
    server = Server(
        connect(), run_command, settings.path, settings.project, settings.proxy_paths, settings.proxy_record, None, True, 0, secrets
    )
    notes = end_proven(server)
    pending = journal.unfinished(settings.path)
    if pending is None:
        return True, "\n".join(["The switch had ended well before the server did.", *notes])
    return recover(server, pending, Recorder(place, this, server, pending.backup))


if __name__ == "__main__":
    raise SystemExit(main())
