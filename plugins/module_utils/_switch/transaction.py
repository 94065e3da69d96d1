# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One transaction: it ends with the target proven serving, or with the sealed release proven serving, or it says so loudly.

It runs on the server in one piece, so that a controller that dies or loses its connection does not end it half-way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from .._backup import integrity, listing
from .._backup import manifest as backup_manifest
from .._base.errors import PlatformError, describe, facts_of
from .._certificates import exchange as certificates_exchange
from .._engine.containers import containers_of
from .._postgres.client import DatabaseError
from .._release import journal as release_journal
from .._release import live as release_live
from .._release.journal import Journal
from .._run import new_secrets
from .._tree import plan as tree_plan
from .._tree import promote
from . import clusters
from . import databases as switch_databases
from . import target as switch_target
from .databases import Exchange, Replacement
from .reasons import of_way_back
from .report import kept_logs_report, restored_report
from .server import Server
from .switch import Switched, switch
from .target import Target


@dataclass(frozen=True)
class SwitchRequest:
    """What a run wants. Backup is the one it sealed of what is live, empty where nothing was."""

    target: Target
    run: dict[str, Any]
    backup: str = ""
    validate: Callable[[str], None] = lambda _tree: None
    # Called when the switch has begun, so that whoever finds it cut off finds the journal as well.
    begin: Callable[[], None] = lambda: None
    # Called before the sealed release is brought back.
    give_back: Callable[[], None] = lambda: None
    exchange: Replacement | None = None
    # Called when the files are those of the target, before its containers are started; returns what to tell.
    between: Callable[[], list[str]] = list
    # Whether going back restores the databases as well.
    restore_database: bool = False
    # What else to tell where the sealed release could not be brought back.
    ways: Sequence[str] = ()
    # What is stored once the target has been proven.
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    # What else has to hold for the target to be proven.
    prove: Callable[[], None] = lambda: None


class Failed(PlatformError):
    """The target does not serve. Result is the ledger's word for what is live now."""

    def __init__(self, message: str, result: str, restored: Switched | None = None, facts: Mapping[str, Any] | None = None) -> None:
        super().__init__(message, **(facts or {}))
        self.message, self.result, self.restored = message, result, restored


# Records how a run ended: the ledger's word for it, empty for success; of a run that went back the error, and why containers were started.
Proven = Callable[[str, str, Mapping[str, str]], None]


def recover_tree(root: str) -> dict[str, str] | None:
    """Complete or forget a promotion that was cut off; return its changes, None where there was none."""
    if not promote.interrupted(root):
        return None
    completed = tree_plan.read_journal(root) or {}
    promote.recover(root)
    return completed


def carry_out(server: Server, request: SwitchRequest, plan: tree_plan.Plan, proven: Proven) -> Switched:
    """Make the target live. On any failure after the first change the sealed release is brought back and proven.

    Proven records how it ended, once that is certain and before what only tidies up: a run that is cut off in between has ended.
    """
    pending = release_journal.unfinished(server.root)
    live = release_live.read_description(release_live.read_files(server.root))
    known = live.containers | set(pending.containers if pending else [])
    containers = sorted(known | request.target.every_container)
    backup = request.backup or (pending.backup if pending else "")
    journal = Journal(request.run, backup, containers, pending.swaps if pending else [])
    begun, notes = pending is not None, list[str]()

    def begin() -> None:
        nonlocal begun
        new_secrets.write(server.root, request.run.get("token", ""), request.secrets)
        release_journal.write(server.root, journal)
        begun = True
        request.begin()

    def between() -> None:
        switch_databases.perform(server.client, journal.swaps)
        notes.extend(request.between())

    try:
        if request.exchange:
            # While the apps still run: it takes as long as the data are large.
            server.tell("the databases are restored beside the live ones")
            request.exchange.restore(journal.swaps)
        notes += switch_databases.undo(server.client, journal.swaps)
        swaps = request.exchange.swaps([*live.apps, *request.target.apps]) if request.exchange else []
        journal = replace(journal, swaps=swaps)
        done = switch(
            server,
            request.target,
            plan,
            known,
            request.validate,
            begin,
            between=between,
        )
        request.prove()
    except Exception as error:
        if begun:
            raise go_back(server, request, journal, error, proven) from error
        with suppress(DatabaseError):
            if request.exchange:
                request.exchange.discard()
        raise  # Nothing has been changed, and the error says what was wanted.
    proven("", "", {})
    done.notes = notes + done.notes + end(server, journal)
    return done


def end(server: Server, journal: Journal) -> list[str]:
    """Tidy up after a switch whose release has been proven, also one that was cut off right then; return what to tell."""
    certificates_exchange.settle()
    new_secrets.store(server.root)
    notes = switch_databases.finish(server.client, journal.swaps, sealed_databases(server, journal)) if journal.swaps else []
    release_journal.clear(server.root)
    return notes


def end_proven(server: Server) -> list[str]:
    """Tidy up after a switch that had ended well when its run was cut off; return what to tell."""
    pending = release_journal.read(server.root)
    return end(server, pending) if pending and pending.is_proven(server.root) else []


def sealed_databases(server: Server, journal: Journal) -> dict[str, dict[str, Any]]:
    """Return what the run's own backup says of the databases; nothing where it cannot be read, so that all of them are kept."""
    found = {one.id: one.manifest for one in listing.find_all(server.root)}
    manifest = found.get(journal.backup)
    return manifest.databases if manifest else {}


def go_back(server: Server, request: SwitchRequest, journal: Journal, error: Exception, proven: Proven) -> Failed:
    """Bring the sealed release back; return what to tell."""
    message, facts = describe(error), facts_of(error)
    stays = "so it stays for you to look at. Deploy again when the cause is removed."
    if not journal.backup:
        return stay(server, journal, f"{message}\n\nThere was no release before this one to go back to, {stays}", facts)
    tell = server.tell
    server = replace(server, tell=lambda line: tell(f"going back: {line}"))
    server.tell("the new release does not serve")
    kept: list[str] = []
    before = len(server.logs.kept)
    try:
        backup = listing.get(server.root, journal.backup)
        manifest = load(backup)
        if not manifest.any_serving:
            return stay(server, journal, f"{message}\n\nNothing served before this release either (backup {backup.id}), {stays}", facts)
        restored, journal = restore(server, request, journal, backup, manifest, kept)
        proven("restored", message, restored.reasons)
        restored.notes += kept + end(server, journal)
        logs = server.logs.kept[before:]
        notes = "\n".join([restored_report(server, manifest, restored), *restored.notes, *kept_logs_report(server, logs)])
    except Exception as second:
        logs = server.logs.kept[before:]
        return Failed(
            f"{message}\n\nTHE RELEASE THAT RAN BEFORE COULD NOT BE BROUGHT BACK: {describe(second)}\n"
            f"It is sealed as backup {journal.backup} on the server. When the cause is removed, run: ansible-playbook rollback.yml "
            f"-e rollback_to={journal.backup}" + "".join(f"\n{note}" for note in [*request.ways, *kept, *kept_logs_report(server, logs)]),
            "broken",
            facts={**facts, "logs": logs},
        )
    return Failed(f"{message}\n\n{notes}", "restored", restored, {**facts, "logs": logs})


def stay(server: Server, journal: Journal, message: str, facts: dict[str, Any]) -> Failed:
    """Leave the failed release as it is, with the databases and the secrets that it uses."""
    new_secrets.store(server.root)
    release_journal.clear(server.root)
    return Failed("\n".join([message, *switch_databases.kept(journal.swaps)]), "failed", facts=facts)


def load(backup: listing.Found) -> backup_manifest.Manifest:
    """Return the manifest of a backup whose files, though not its dumps, have been verified."""
    if backup.manifest is None:
        raise backup_manifest.BackupError(backup.damage or f"Backup {backup.id} is not a sealed one")
    integrity.verify(backup.directory, backup.manifest, integrity.Dumps.IGNORED)
    return backup.manifest


def restore(
    server: Server, request: SwitchRequest, journal: Journal, backup: listing.Found, manifest: backup_manifest.Manifest, kept: list[str]
) -> tuple[Switched, Journal]:
    """Switch to the sealed release, of whose apps those must serve that did when it was sealed; return that, and the journal of it.

    Kept gets what is to be told of databases, also where the switch fails. The certificates that were exchanged for the failed release
    go back first. Those of today are what is proven, whoever issued them.
    """
    certificates = certificates_exchange.restore()
    server = replace(server, ca_file=None, certificates_on_disk=True)
    target = switch_target.from_backup(backup, manifest, only_what_served=True)
    if server.services:
        ours = {app.name for app in request.target.apps}
        target = replace(target, apps=tuple(app for app in target.apps if app.name in ours))
    recover_tree(server.root)
    kept += clusters.left_behind(server, manifest.described)
    exchanged = bool(journal.swaps)
    kept += switch_databases.undo(server.client, journal.swaps)
    journal = replace(journal, swaps=[])
    new_secrets.forget(server.root)
    if request.restore_database and not exchanged and any(entry["dump"] for entry in manifest.databases.values()):
        exchange = Exchange(server.client, backup.directory, manifest, request.run["token"])
        exchange.restore()
        journal = replace(journal, swaps=exchange.swaps([*manifest.apps, *request.target.apps]))
    release_journal.write(server.root, journal)
    request.give_back()
    plan = tree_plan.make(target.files, tree_plan.LiveTree(server.root), target.owned)
    before = containers_of(server.client, server.project)
    # What the failed release added to the sealed one must not stay.
    done = switch(
        server.way_back,
        target,
        plan,
        set(journal.containers),
        between=lambda: switch_databases.perform(server.client, journal.swaps),
    )
    return replace(done, certificates=certificates, reasons=of_way_back(before, containers_of(server.client, server.project))), journal
