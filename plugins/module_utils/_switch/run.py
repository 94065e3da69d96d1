# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the module release does, from its options to its result and the ledger."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from .._backup import databases, listing
from .._backup import images as backup_images
from .._backup.integrity import Dumps
from .._backup.manifest import BackupError, Manifest
from .._base.command import RunCommand
from .._base.errors import PlatformError, describe, facts_of
from .._base.state import Misfit
from .._certificates import exchange as certificates_exchange
from .._engine import carried
from .._engine import containers as engine_containers
from .._engine.client import connect
from .._engine.compose import COMPOSE_FILE, Project
from .._release import journal, live
from .._release.by_hand import ByHand
from .._release.description import FILE, Release, parse
from .._run import lease as run_lease
from .._run import ledger
from .._tree import desired, promote
from .._tree import diff as tree_diff
from .._tree import plan as tree_plan
from .._tree.validate import Validators
from . import certificates, kept_files, preview, switch
from . import target as switch_target
from .adoption import Adoption, held, proxy_notes, put_proxy_back
from .databases import Exchange
from .options import Invocation, Options
from .server import Server
from .switch import Switched
from .target import Target
from .transaction import Failed, SwitchRequest, carry_out, end, recover_tree

if TYPE_CHECKING:
    from docker import DockerClient

STEP = "switching to the new release"


class ReleaseError(PlatformError):
    """The release is not live; facts become keys of the failed task's result."""


@dataclass(frozen=True)
class Wanted:
    """The target, and for a backup what it was taken from."""

    target: Target
    hidden: dict[str, str]
    manifest: Manifest | None = None
    exchange: Exchange | None = None


def make_live(options: Options, invocation: Invocation) -> dict[str, Any]:
    """Bring the release about, or preview it, and return the result."""
    if not (invocation.check_mode or options.only_unchanged):
        # From here on the run goes on by itself should its controller die, and nobody else may begin meanwhile.
        run_lease.begin_step(options.place, options.run.token, STEP, process=True)
    client = connect()
    containers = engine_containers.containers_of(client, options.project).values()
    manifests = [backup.manifest for backup in listing.find_all(options.path) if backup.manifest]
    with backup_images.names_in_place(client, containers, manifests, invocation.check_mode, partial(is_busy, options)) as found:
        result = carry_through(client, options, invocation)
    return {**result, "notes": [*result["notes"], *found]}


def is_busy(options: Options) -> bool:
    """Say whether another run is at work, beside which this one may only read."""
    try:
        run_lease.inspect(options.place)
    except run_lease.LeaseHeld as held:
        return held.holder.token != options.run.token
    return False


def carry_through(client: DockerClient, options: Options, invocation: Invocation) -> dict[str, Any]:
    """Compare, and unless in check mode switch to the release, or prove the one that is live; every image has its name."""
    root, check_mode, run_command = options.path, invocation.check_mode, invocation.run_command
    previewed = check_mode or options.only_unchanged
    wanted = read_wanted(client, options, run_command, previewed)
    server = Server(
        client,
        run_command,
        root,
        options.project,
        options.proxy_paths,
        options.proxy_record,
        *trusted(wanted.target),
        options.deadline,
        wanted.hidden,
    )
    adoption = adopting(server, options, wanted.target)
    keeping: list[str] = []
    by_hand = adoption.judge if adoption else by_hand_validator(server, wanted.target)

    def check(tree: str) -> None:
        if by_hand:
            by_hand(tree)
        keeping.extend(kept_files.check(server, wanted.target, tree, previewed))

    validators = Validators(run_command, root, options.validators, wanted.hidden, check if wanted.target.kept_files else by_hand)
    ended = [] if previewed else end_proven(server)
    recovered = promote.interrupted(root)
    completed = (tree_plan.read_journal(root) if previewed else recover_tree(root)) or {}
    if not (previewed or adoption):
        server.compose.settle()  # What a run that was killed had left open stands for the files that are live, and for no later ones.
    plan = tree_plan.make(wanted.target.files, tree_plan.LiveTree(root), wanted.target.owned)
    pending = journal.unfinished(root)
    handmade = [] if adoption or options.to else held(client, root, options.project, wanted.target.proxy)
    moved = [] if options.adopt_proxy == "later" else handmade
    stale = switch.needed(server, wanted.target, plan, moved)
    changed = bool(recovered or plan.needed or stale or pending or wanted.exchange)
    result: dict[str, Any] = {
        "changed": changed,
        "started": stale.containers,
        "containers_removed": [],
        "reloaded": False,
        "proven": False,
        "interrupted": pending is not None,
        "validated": "",
        "release": "",
        "seconds": 0.0,
        "carried": [],
        "notes": [drift.reason for drift in stale.drifts] + proxy_notes(handmade, moved),
        **tree_diff.report(plan, completed, wanted.hidden, invocation.diff),
    }
    result["diff"] += [drift.diff for drift in stale.drifts if invocation.diff]
    if check_mode or (previewed and (changed or journal.read(root))):
        if plan.needed:
            look = preview.Differing(server, wanted.target)
            validators.validate_copy(wanted.target.files, invocation.tmpdir, look)
            result["validated"] = validators.mark(wanted.target.files)
            # Beside what the files change, `up` also replaces what was not as the files of before say: its databases are to be dumped.
            others = {*look.containers, *stale.containers, *switch.stale(server, wanted.target)} - (set(handmade) - set(moved))
            result["started"] = adoption.started if adoption else sorted(others)
            result["containers_removed"] = preview.removed(server, wanted.target, pending)
        return {**result, **adopted(adoption, {"notes": result["notes"] + keeping})}
    if previewed:
        # Nothing is left to do but to prove it.
        run_lease.begin_step(options.place, options.run.token, STEP, process=True)
    run = options.run.to_dict()
    ask = validators.validate_unless(options.validated, wanted.target.files)

    def validate(tree: str) -> None:
        ask(tree)
        if adoption:
            adoption.judge(tree)  # What was validated before need not be asked again; what becomes of containers is to be known here.

    def begin() -> None:
        if adoption:
            adoption.begin()
        if moved:
            carried.drop(root, moved)
        elif handmade:
            carried.reopen(root, handmade)

    def give_back() -> None:
        put_proxy_back(client, run_command, root, options.project, moved)

    request = SwitchRequest(wanted.target, run, options.backup, validate, begin, give_back, wanted.exchange, options.restore_database)
    recorder = Recorder(options.place, options.run, server, options.backup, options.to)
    if not changed:
        reloaded, expiring = prove(server, wanted.target)
        release = live.read(root, server.project, client).digest
        run_lease.note(options.place, options.run.token, release=release)
        found = result["notes"] + ended + expiring
        return {**result, "changed": reloaded, "reloaded": reloaded, "proven": True, "release": release, "notes": found}
    try:
        done = carry_out(server, request, plan, recorder.proven)
    except Failed as failure:
        if not failure.restored:
            recorder.record(failure.result, "", failure.message)
        back = recorder.backup if failure.restored else ""
        raise ReleaseError(failure.message, **failure.facts, result=failure.result, restored=back) from failure
    except Exception as error:
        certificates_exchange.restore()  # nginx has not read the others yet.
        recorder.record("refused", "", describe(error))
        raise ReleaseError(describe(error), **facts_of(error), result="refused", restored="") from error
    found = result["notes"] + done.expiring + ended + done.notes + recorder.notes + notes(server, wanted)
    return {**result, **result_of(done), "release": recorder.release, **adopted(adoption, {"notes": found})}


def end_proven(server: Server) -> list[str]:
    """Tidy up after a switch that had ended well when its run was cut off; return what to tell."""
    pending = journal.read(server.root)
    return end(server, pending) if pending and pending.is_proven(server.root) else []


def adopting(server: Server, options: Options, target: Target) -> Adoption | None:
    """Return what looks at the containers that are to be carried over into the first release, None where a release of ours is live."""
    if not options.adopt or options.to or os.path.exists(os.path.join(server.root, FILE)):
        return None
    return Adoption(server.run_command, server.root, server.project, target.proxy, options.let_go, options.adopt_proxy == "later")


def adopted(adoption: Adoption | None, result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an adoption adds to the result."""
    if adoption is None:
        return {"carried": [], "notes": result["notes"]}
    return {"carried": adoption.carried, "notes": [*adoption.notes, *result["notes"]]}


def by_hand_validator(server: Server, target: Target) -> Callable[[str], None] | None:
    """Return what validates the tree of a release that no deploy made, None for any other."""
    if not target.by_hand:
        return None
    images = {container: image["id"] for container, image in target.images.items()}
    return ByHand(server.client, server.run_command, server.root, server.project, images, server.secrets).validate


def trusted(target: Target) -> tuple[str | None, bool]:
    """Return the file of authorities the gate trusts, and whether it also trusts what is on disk.

    Certificates are no part of a release. A rollback finds those of today, whoever issued them: it proves that they are served.
    """
    if target.owned is not None:
        return None, True
    return target.release.ca_file or None, target.release.certificates_on_disk


def prove(server: Server, target: Target) -> tuple[bool, list[str]]:
    """Prove that an unchanged release serves; return whether the proxy had something to read, such as a new certificate, and warnings."""
    try:
        reloaded = switch.reload(server, target, force=False)
        expiring = switch.wait_until_serving(server, target)
    except Exception as error:
        back = certificates.put_back(server, target)
        raise ReleaseError(describe(error) + back, **facts_of(error), result="failed", restored="") from error
    certificates_exchange.settle()
    return reloaded, expiring


def result_of(done: Switched) -> dict[str, Any]:
    """Return what a switch did, as keys of the result."""
    did = {"started": done.started, "containers_removed": done.removed, "reloaded": done.reloaded, "seconds": done.seconds}
    return {**did, "proven": True}


def notes(server: Server, wanted: Wanted) -> list[str]:
    """Tell of databases that have another schema than the release that was brought back, and of hosts without a certificate."""
    manifest = wanted.manifest
    if manifest is None:
        return []
    hosts = [
        f"{host} is served again, but today's certificate does not cover it, so that browsers refuse it. Deploy with that name to have "
        "a certificate for it."
        for host in sorted(wanted.target.uncovered)
    ]
    running = set(engine_containers.containers_of(server.client, server.project))
    moved = databases.moved_schemas(server.client, manifest.databases, running)
    return hosts + [
        f"Database {manifest.databases[container]['name']} in {container} is at schema {now or '(none)'}, this release was sealed with "
        f"{then or '(none)'}. If the app does not work with it, run: ansible-playbook rollback.yml "
        f"-e rollback_to={manifest.id} -e rollback_restore_database=true -e rollback_confirm=true"
        for container, (then, now) in moved.items()
    ]


def read_wanted(client: DockerClient, options: Options, run_command: RunCommand, preview: bool) -> Wanted:
    """Return what the run wants to be live; a backup is read and verified, its dumps where they are restored."""
    root = options.path
    if not options.to:
        files, hidden = desired.read(root, options.files, options.secrets_file, preview, options.secrets_pending)
        return Wanted(switch_target.from_inventory(files, described(files)), hidden)
    hidden = desired.load_secrets(options.secrets_file)
    backup = listing.get(root, options.to)
    if backup.kind == "legacy":
        if not options.accept_unsealed:
            raise BackupError(f"Backup {backup.id} was made by hand and is not sealed. Nothing has been changed.")
        return Wanted(legacy_target(client, run_command, root, options.project, backup), hidden)
    manifest, _mark = listing.check(backup, Dumps.CONTENTS if options.restore_database else Dumps.SIZES, options.verified)
    backup_images.check(client, manifest)
    exchange = Exchange(client, backup.directory, manifest, options.run.token) if options.restore_database else None
    return Wanted(switch_target.from_backup(backup, manifest, only_what_served=False), hidden, manifest, exchange)


def described(files: Sequence[desired.File]) -> Release:
    """Return what the files of a release say that it consists of."""
    content = next((file.data for file in files if file.path == FILE), None)
    if content is None:
        raise ReleaseError(
            f"The roles of the release: expected {FILE}, which says what the release consists of, among their files, got none. Add the "
            "role rarebooks.platform.stack to roles. Nothing has been changed."
        )
    try:
        return parse(content)
    except Misfit as error:
        raise ReleaseError(f"{FILE} of the release's roles: {error}. Nothing has been changed.") from None


def legacy_target(client: DockerClient, run_command: RunCommand, root: str, project: str, backup: listing.Found) -> Target:
    """Return the release of a backup of the guide, once every image it needs is known to be there."""
    compose_file = (backup.files or {})[COMPOSE_FILE]
    services = Project(client, run_command, root, project, compose_file).services()
    present = {tag for image in client.api.images() for tag in image["RepoTags"] or []}
    missing = sorted({one["image"] for one in services if not {one["image"], f"{one['image']}:latest"} & present})
    if missing:
        raise BackupError(
            f"{compose_file}: image {', '.join(missing)} is not on the server, and an old backup keeps none. Nothing has been "
            "changed. Build or pull it under that name first."
        )
    return switch_target.from_legacy(backup, services, live.read_description(live.read_files(root)))


class Recorder:
    """Writes the run's entry into the ledger, once, and says so in the lease."""

    def __init__(self, place: run_lease.Place, run: ledger.Run, server: Server, backup: str, to: str = "") -> None:
        root, pending = server.root, journal.unfinished(server.root)
        self.backup = backup or (pending.backup if pending else "")
        self.release = ""
        self.notes: list[str] = []
        self._place, self._run, self._server, self._to = place, run, server, to
        if pending and not ledger.has(root, pending.run.get("token", "")):
            # The lease, which tells of a dead controller, does not survive a reboot; the journal does.
            dead = ledger.Run.from_dict(pending.run)
            ledger.append(root, ledger.entry(dead, "interrupted", 0.0, backup=pending.backup, step=STEP))

    def proven(self, result: str, error: str) -> None:
        """Write that a release has been proven to serve, this run's own one where no other result is given."""
        self.release = live.read(self._server.root, self._server.project, self._server.client).digest
        self.record(result or ("rolled back" if self._to else "deployed"), self.release, error)

    def record(self, result: str, release: str, error: str) -> None:
        """Write the entry; step and error are those of a failure."""
        lease = run_lease.mine(self._place, self._run.token)
        facts = {"release": release, "backup": self.backup, "to": self._to, "step": STEP if error else "", "error": error}
        try:
            ledger.append(self._server.root, ledger.entry(self._run, result, lease.duration, **facts))
        except OSError as problem:  # Such as a full disk: what was done is done all the same.
            self.notes.append(f"This run could not be recorded in {self._server.root}/{ledger.FILE}: {problem}")
        run_lease.note(self._place, self._run.token, recorded=True)
