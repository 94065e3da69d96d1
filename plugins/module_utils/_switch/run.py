# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the module release does, from its options to its result and the ledger."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from .._backup import databases, listing
from .._backup import images as backup_images
from .._base.errors import describe, facts_of
from .._certificates import exchange as certificates_exchange
from .._engine import carried
from .._engine import containers as engine_containers
from .._engine.client import connect
from .._engine.proxy import Proxy
from .._release import journal, live, stopped
from .._release.by_hand import ByHand
from .._release.description import FILE
from .._run import lease as run_lease
from .._run import restoring
from .._run.progress import Tell, telling
from .._tree import diff as tree_diff
from .._tree import edited, promote
from .._tree import plan as tree_plan
from .._tree.validate import Validators
from . import beside, certificates, clusters, joining, kept_files, preview, switch
from .adoption import Adoption, held, proxy_notes, put_proxy_back, refuse_deaf, refuse_unfound, ways_back
from .options import Invocation, Options
from .reasons import Reasons
from .recorder import STEP, Recorder
from .rehearse import How, Rehearse
from .server import Server
from .switch import Switched
from .target import Target
from .transaction import Failed, SwitchRequest, carry_out, end_proven, recover_tree
from .wanted import ReleaseError, Wanted, is_restoring, read_wanted

if TYPE_CHECKING:
    from docker import DockerClient


def make_live(options: Options, invocation: Invocation) -> dict[str, Any]:
    """Bring the release about, or preview it, and return the result."""
    if not (invocation.check_mode or options.only_unchanged):
        # From here on the run goes on by itself should its controller die, and nobody else may begin meanwhile.
        run_lease.begin_step(options.place, options.run.token, STEP, process=True)
    client = connect()
    containers = engine_containers.containers_of(client, options.project).values()
    manifests = [backup.manifest for backup in listing.find_all(options.path) if backup.manifest]
    named = backup_images.names_in_place(client, containers, manifests, invocation.check_mode, partial(is_busy, options))
    with named as found, telling(options.place, options.run.token) as tell:
        result = carry_through(client, options, invocation, tell)
    return {**result, "notes": [*result["notes"], *found]}


def is_busy(options: Options) -> bool:
    """Say whether another run is at work, beside which this one may only read."""
    try:
        run_lease.inspect(options.place)
    except run_lease.LeaseHeld as held:
        return held.holder.token != options.run.token
    return False


def carry_through(client: DockerClient, options: Options, invocation: Invocation, tell: Tell) -> dict[str, Any]:
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
        # With databases that were exchanged, visitors would write meanwhile what a way back undoes.
        watch=0 if wanted.exchange or wanted.filling else options.watch,
        tell=tell,
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
    changed = bool(recovered or plan.needed or stale or pending or wanted.exchange or wanted.filling)
    containers = engine_containers.containers_of(client, options.project)
    known, purposely = preview.known_containers(root, pending), stopped.read(root, containers)
    why = Reasons(server, wanted.target, plan, containers, known, purposely, stale.drifts)
    result: dict[str, Any] = {
        "changed": changed,
        "started": stale.containers,
        "reasons": {},
        "file_reasons": edited.reasons(plan),
        "overwritten": edited.overwritten(plan, wanted.hidden),
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

    going = clusters.Going(options.to, options.restore_database, options.accept_unsealed, pending is not None)
    sealed = {name: image["id"] for name, image in wanted.target.images.items()}
    images = clusters.Images({name: one["Image"] for name, one in containers.items()}, sealed)
    told: list[str] = []

    def find_data(tree: str) -> None:
        # To Compose a staged tree in which nothing that it reads is changed is the live one.
        asked = tree if why.changed_sources or recovered else root
        kept = adoption.carried if adoption else set(server.compose.carried().values()) - {*why.defined, *stale.containers}
        told[:] = clusters.check(server, wanted.target.release, asked, going, images)
        told.extend(joining.foretold(server, asked, wanted.target.release, kept))

    def look(tree: str) -> None:
        why.look(tree)
        find_data(tree)

    def refuse() -> None:
        proxies = handmade or (adoption.carried if adoption else [])
        waiting = [name for name in wanted.target.proxy if name in proxies and name not in moved]
        started = adoption.started if adoption else [*why.defined, *stale.containers]
        refuse_unfound(waiting, preview.removed(server, wanted.target, pending) if waiting else [])
        refuse_deaf([Proxy(name, options.proxy_paths, options.proxy_record) for name in waiting], set(started) - set(wanted.target.proxy))
        if wanted.exchange:
            wanted.exchange.require_room()

    if check_mode or (previewed and (changed or journal.read(root))):
        if plan.needed:
            # Beside what the files change, `up` also replaces what was not as the files of before say: its databases are to be dumped.
            with ThreadPoolExecutor(1) as pool:  # Compose takes as long to say so as nginx to read its files.
                before = pool.submit(switch.stale, server, wanted.target)
                validators.validate_copy(wanted.target.files, invocation.tmpdir, look)
            result["validated"] = validators.mark(wanted.target.files)
            others = {*why.defined, *stale.containers, *before.result()} - (set(handmade) - set(moved))
            result["started"] = adoption.started if adoption else sorted(others)
            result["containers_removed"] = preview.removed(server, wanted.target, pending)
        else:
            keeping += [one.note for one in kept_files.plan(server, wanted.target)]
            result["changed"] = changed or bool(keeping)
        refuse()
        if stale and not plan.needed:
            find_data(root)
        result["notes"] += told + beside.foretold(wanted.target, result["started"])
        result["reasons"] = why.foretold(result["started"])
        return {**result, **adopted(adoption, result["notes"] + keeping)}
    if previewed:
        # Nothing is left to do but to prove it.
        run_lease.begin_step(options.place, options.run.token, STEP, process=True)
    run = options.run.to_dict()
    ask = validators.validate_unless(options.validated, wanted.target.files)

    how = How("never" if adoption or options.to else options.rehearse, options.rehearse_limit, options.backup)
    rehearse = Rehearse(server, wanted.target, containers, how, invocation.tmpdir)

    def validate(tree: str) -> None:
        ask(tree)
        if adoption:
            adoption.judge(tree)  # What was validated before need not be asked again; what becomes of containers is to be known here.
        look(tree)
        refuse()
        rehearse(tree, {*why.defined, *stale.containers})

    def begin() -> None:
        if adoption:
            adoption.begin()
        if moved:
            carried.drop(root, moved)
        elif handmade:
            carried.reopen(root, handmade)

    def give_back() -> None:
        put_proxy_back(client, run_command, root, options.project, moved)

    def between() -> list[str]:
        return wanted.filling.fill(server.compose, wanted.target.release.apps) if wanted.filling else []

    going_back = (give_back, wanted.exchange, between, options.restore_database, ways_back(root, moved))
    request = SwitchRequest(wanted.target, run, options.backup, validate, begin, *going_back)
    recorder = Recorder(options.place, options.run, server, options.backup, options.to, why.found, rehearse.results)
    if not changed:
        copied, reloaded, expiring = prove(server, wanted.target)
        release = live.read(root, server.project, client).digest
        run_lease.note(options.place, options.run.token, release=release)
        if is_restoring(options):
            restoring.clear(root)
        found = result["notes"] + ended + copied + expiring
        return {**result, "changed": reloaded or bool(copied), "reloaded": reloaded, "proven": True, "release": release, "notes": found}
    try:
        if not plan.needed:
            refuse()
            find_data(root)
            rehearse(root, stale.containers)
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
    stopped.forget(root)
    if is_restoring(options):
        restoring.clear(root)
    found = result["notes"] + told + rehearse.notes + done.expiring + ended + done.notes
    found += recorder.notes + server.logs.problems + notes(server, wanted)
    found += wanted.exchange.notes() if wanted.exchange else []
    did = {**result_of(done), "release": recorder.release, "reasons": why.found(done.started)}
    return {**result, **did, **adopted(adoption, found)}


def adopting(server: Server, options: Options, target: Target) -> Adoption | None:
    """Return what looks at the containers that are to be carried over into the first release, None where a release of ours is live."""
    if not options.adopt or options.to or os.path.exists(os.path.join(server.root, FILE)):
        return None
    return Adoption(server.run_command, server.root, server.project, target.proxy, options.let_go, options.adopt_proxy == "later")


def adopted(adoption: Adoption | None, notes: list[str]) -> dict[str, Any]:
    """Return what an adoption adds to the result."""
    if adoption is None:
        return {"carried": [], "notes": notes}
    return {"carried": adoption.carried, "notes": [*adoption.notes, *notes]}


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


def prove(server: Server, target: Target) -> tuple[list[str], bool, list[str]]:
    """Prove that an unchanged release serves.

    Return which files of containers were copied anew, should somebody replace these by hand, whether the proxy had something to read,
    such as a new certificate, and warnings.
    """
    try:
        copied = kept_files.keep(server, target)
        reloaded = switch.reload(server, target, force=False)
        expiring = switch.wait_until_serving(server, target)
    except Exception as error:
        back = certificates.put_back(server, target)
        raise ReleaseError(describe(error) + back, **facts_of(error), result="failed", restored="") from error
    certificates_exchange.settle()
    return copied, reloaded, expiring


def result_of(done: Switched) -> dict[str, Any]:
    """Return what a switch did, as keys of the result."""
    did = {"started": done.started, "containers_removed": done.removed, "reloaded": done.reloaded, "seconds": done.seconds}
    return {**did, "proven": True}


def notes(server: Server, wanted: Wanted) -> list[str]:
    """Tell of databases that have another schema than the release that was brought back, of hosts without a certificate, and of apps
    that were not asked.
    """
    manifest = wanted.manifest
    if manifest is None:
        return []
    found = [
        f"{host} is served again, but today's certificate does not cover it or has expired, so that browsers refuse it. Deploy with that "
        "name to have a certificate for it."
        for host in sorted(wanted.target.uncovered)
    ]
    found += [
        f"{app.title} did not serve when backup {manifest.id} was sealed, and was not waited for. To see whether it does now: "
        "ansible-playbook status.yml"
        for app in manifest.apps
        if app not in wanted.target.apps
    ]
    running = set(engine_containers.containers_of(server.client, server.project))
    moved = databases.moved_schemas(server.client, manifest.databases, running)
    return found + [
        f"Database {manifest.databases[container]['name']} in {container} is at schema {now or '(none)'}, this release was sealed with "
        f"{then or '(none)'}. If the app does not work with it, run: ansible-playbook rollback.yml "
        f"-e rollback_to={manifest.id} -e rollback_restore_database=true -e rollback_confirm=true"
        for container, (then, now) in moved.items()
    ]
