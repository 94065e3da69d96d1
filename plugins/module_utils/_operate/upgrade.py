# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Taking the databases of an app to another major version of PostgreSQL, each into a new volume beside the old one.

It is one switch of the live release, whose image and volume become others: the app is stopped, what it wrote last is dumped, restored
with the new image and counted, and the gate proves the app on it. The old volume is left as it was. So wherever this is cut off, the files
that are live say which of the two serves, and going back is a switch to the sealed release.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .._base import secret_store
from .._engine.client import connect
from .._engine.compose import Definition
from .._engine.containers import containers_of
from .._postgres.carry_over import left_behind
from .._postgres.client import DatabaseError
from .._postgres.start import ensure_running
from .._release import stopped
from .._release.description import App, Release
from .._run import lease as run_lease
from .._switch import clusters as switch_clusters
from .._switch.options import Invocation
from .._switch.server import Server
from .._switch.transaction import SwitchRequest
from .._tree import diff as tree_diff
from .._tree.plan import LiveTree
from .._tree.validate import Validators
from . import obstacles, reindexing, standing, waiting
from .carrying import Carrying, Move
from .moves import moves_of
from .options import Options
from .standing import OperationError

with suppress(ImportError):  # See _base.libraries.
    pass

if TYPE_CHECKING:
    from docker import DockerClient

STEP = "upgrading databases"
UNCHANGED = "Nothing has been changed."


def upgrade(options: Options, invocation: Invocation, name: str, to: int, image: str) -> dict[str, Any]:
    """Take the databases of an app to a major version, or foretell it, and return the result."""
    release = standing.release_of(options.path)
    standing.refuse_cut_off(options.path)
    app = standing.app_named(release, name)
    if not app.databases:
        raise OperationError(f"app: expected one with a database, got {app.name}, which has none. {UNCHANGED}")
    client = connect()
    stored = secret_store.load(options.secrets_file)
    server = standing.server_for(options, client, invocation.run_command, release, app, stored)
    moves, done = moves_of(client, server, options, app, to, image, invocation.check_mode)
    reindexed, unseen = reindexing.wanted(client, done)
    result: dict[str, Any] = {
        "app": app.name,
        "title": app.title,
        "to": to,
        "databases": [move.facts for move in moves],
        "already": [one.name for one in done],
        "reindexed": [one.facts for one in reindexed],
        "inventory": [switch_clusters.lines(app, moves[0].image, moves[0].volume)] if moves else [],
        "rows": 0,
        "started": [],
        "release": "",
        "seconds": 0.0,
        "notes": unseen,
        "diff": [],
    }
    if not moves:
        if reindexed and not invocation.check_mode:
            result |= reindexing.alone(options, server, reindexed)
        return {"changed": bool(reindexed), **result}
    waiting.refuse(waiting.edits(options.path, proxy=True), app.containers)
    standing.require_not_stopped(app, stopped.read(options.path, containers_of(client, options.project)), f"PostgreSQL {to}")
    target, wanted = standing.target_for(release, app, LiveTree(options.path), {}, stored, _edits(moves))
    target = replace(target, release=_moved(target.release, moves), apps=tuple(_moved_app(one, moves) for one in target.apps))
    require = _require_that_only(server, moves)
    if invocation.diff:
        result["diff"] = tree_diff.report(wanted, {}, stored, True)["diff"]
    if invocation.check_mode:
        Validators(invocation.run_command, options.path, [], stored).validate_copy(target.files, invocation.tmpdir, require)
        return {"changed": True, **result, "started": sorted(app.containers), "notes": unseen + _foretold(client, options.project, moves)}
    run_lease.begin_step(options.place, options.run.token, STEP, process=True)
    notes = unseen + standing.prepare(server) + ensure_running(client, server.compose, [move.database for move in moves], {})
    for move in moves:
        notes += left_behind(client, move.database, move.to, move.environment)
    obstacles.refuse(client, options.project, moves)
    reindexing.rebuild(client, reindexed)
    carrying = Carrying(client, options, server.compose, release, moves)
    steps: dict[str, Any] = {"begin": carrying.carry, "between": carrying.settle, "prove": carrying.require_version}
    request = SwitchRequest(target, options.run.to_dict(), options.backup, require, **steps)
    try:
        switched, live, told = standing.carry_through(options, server, request, wanted)
    finally:
        shutil.rmtree(carrying.directory, ignore_errors=True)
    started = sorted({*switched.started, *(move.database.container for move in moves)})
    changed = {"started": started, "release": live, "seconds": switched.seconds, "rows": carrying.rows}
    return {"changed": True, **result, **changed, "notes": [*notes, *told]}


def _foretold(client: DockerClient, project: str, moves: list[Move]) -> list[str]:
    """Say what would stay in the old volumes, or refuse what could not be taken along, of databases that run."""
    notes = []
    for move in moves:
        try:
            notes += left_behind(client, move.database, move.to, move.environment)
        except DatabaseError as error:
            notes.append(f"What else is in the server of {move.database} is not known. {error}")
    with suppress(DatabaseError):  # Told above.
        obstacles.refuse(client, project, moves)
    return notes


def _edits(moves: Iterable[Move]) -> standing.Edit:
    def edit(path: str, text: str) -> str:
        for move in moves:
            text = move.retarget.edited(path, text)
        return text

    return edit


def _moved_app(app: App, moves: Iterable[Move]) -> App:
    renamed = {move.before.volume: move.volume for move in moves}
    databases = tuple(replace(one, volume=renamed.get(one.volume, one.volume)) for one in app.databases)
    volumes, unprefixed = (tuple(renamed.get(one, one) for one in names) for names in (app.volumes, app.unprefixed_volumes))
    return replace(app, databases=databases, volumes=volumes, unprefixed_volumes=unprefixed)


def _moved(release: Release, moves: Iterable[Move]) -> Release:
    return replace(release, apps=tuple(_moved_app(app, moves) for app in release.apps))


def _require_that_only(server: Server, moves: Iterable[Move]) -> Callable[[str], None]:
    """Return what requires of a staged tree that Compose finds image and volume of the databases changed in it, and nothing else."""
    known = list(moves)

    def check(tree: str) -> None:
        now = server.compose.document()
        got = json.loads(json.dumps(Definition(server.run_command, tree, server.project).document()).replace(tree, server.root))
        for move in known:
            _apply(now, move)
        if got != now:
            raise OperationError(
                f"{server.root}: expected image and volume of {', '.join(move.database.container for move in known)} in one place each of "
                f"the live Compose files, got them written in a way that cannot be changed by itself. {UNCHANGED}"
            )

    return check


def _apply(document: dict[str, Any], move: Move) -> None:
    service = document["services"][move.service]
    service["image"] = move.image
    for mount in service["volumes"]:
        if mount.get("source") == move.before.volume:
            mount.update(source=move.volume, target=move.target)
    definition = document["volumes"].pop(move.before.volume)
    document["volumes"][move.volume] = {**(definition or {}), "name": move.name}
