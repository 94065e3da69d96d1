# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The live release as the goal of a switch that is about one of its apps, and about no other.

So what changes a standing app is the transaction that a deploy is: with a journal, proven by the gate, undone where it fails.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from .._backup.kept import KeptFile
from .._base import secret_store
from .._base.command import RunCommand
from .._base.errors import PlatformError, describe, facts_of
from .._base.files import sha256
from .._engine.compose import Definition, Project
from .._engine.containers import containers_of
from .._release import journal, live
from .._release.description import App, Release
from .._release.stopped import Stopped
from .._secrets import kept
from .._switch import target as switch_target
from .._switch.recorder import Recorder
from .._switch.server import Server
from .._switch.switch import Switched
from .._switch.target import Target
from .._switch.transaction import Failed, SwitchRequest, carry_out, end_proven
from .._tree import desired, plan, promote
from .._tree.edited import edited_of
from .._tree.plan import LiveTree, Owned, Plan
from .options import Options

if TYPE_CHECKING:
    from docker import DockerClient

START = "ansible-playbook manage.yml -e operation=start -e app={app}"
# Returns the text that a file is to have, by its path and the text it has, in which secrets are references.
Edit = Callable[[str, str], str]


class OperationError(PlatformError):
    """It was not done; facts become keys of the failed task's result."""


def release_of(root: str) -> Release:
    """Return what the live release says of itself."""
    release = live.stated(root)
    if not release.apps:
        raise OperationError(
            f"{root}: expected a release that says what it consists of, got none. Nothing has been changed. Deploy first: "
            "ansible-playbook deploy.yml"
        )
    return release


def refuse_cut_off(root: str) -> None:
    """Refuse to change one app of what may be neither release: its end would be taken for that of the whole."""
    if journal.unfinished(root) or promote.interrupted(root):
        raise OperationError(
            f"{root}: expected one release, got a switch that was cut off. Nothing has been changed. The next deploy or rollback ends it: "
            "ansible-playbook deploy.yml"
        )


def app_named(release: Release, name: str) -> App:
    """Return an app by its name."""
    for app in release.apps:
        if app.name == name:
            return app
    names = ", ".join(app.name for app in release.apps)
    raise OperationError(f"app: expected one of {names}, got {name or 'none'}. Nothing has been changed.")


def require_not_stopped(app: App, found: Mapping[str, Stopped], new: str) -> None:
    """Refuse to start what somebody stopped on purpose: that an app serves with something new is proven by starting it."""
    for name in app.containers:
        if name in found:
            raise OperationError(
                f"{name}: expected it to run, since the app is proven to serve with {new}, got it {found[name]}. Nothing has "
                f"been changed. To start it: {START.format(app=app.name)}"
            )


def server_for(
    options: Options, client: DockerClient, run_command: RunCommand, release: Release, app: App, secrets: dict[str, str]
) -> Server:
    """Return the server as a switch uses it that is about this app alone."""
    services = Project(client, run_command, options.path, options.project).services()
    return Server(
        client,
        run_command,
        options.path,
        options.project,
        options.proxy_paths,
        options.proxy_record,
        release.ca_file or None,
        release.certificates_on_disk,
        options.deadline,
        kept.live_masks(options.path, secrets),
        services=tuple(sorted(one["service"] for one in services if one["container_name"] in app.containers)),
    )


def target_for(
    release: Release, app: App, tree: LiveTree, given: Mapping[str, str], stored: Mapping[str, str], edit: Edit = lambda _path, text: text
) -> tuple[Target, Plan]:
    """Return the live release with other secrets or texts, or, where none are given, as it is: also what somebody edited stays then."""
    owned = {path: _owned(path, one, tree, given, stored, edit) for path, one in tree.owned.items()}
    files: list[desired.File] = []
    for path, (one, data) in owned.items():
        existing = tree.read(path)
        if existing is None:
            continue
        private = one.source is None and existing.mode & 0o077 == 0 and existing.target is None
        source = data.decode(errors="replace") if one.source is None else one.source
        files.append(KeptFile(path, source, data, private, existing.mode, existing.uid, existing.gid, existing.target))
    written = {path: one for path, (one, _data) in owned.items()}
    apps = (app,)
    wanted = Target(files, release, apps, owned=written, uncovered=switch_target.uncovered_hosts(apps))
    return wanted, plan.make(files, tree, written)


def _owned(path: str, owned: Owned, tree: LiveTree, given: Mapping[str, str], stored: Mapping[str, str], edit: Edit) -> tuple[Owned, bytes]:
    """Return a file with other secrets or another text, and what to remember of it."""
    existing = tree.read(path)
    data = b"" if existing is None else existing.data
    before = data.decode(errors="surrogateescape") if owned.source is None else owned.source
    source = edit(path, before)
    if source == before and (owned.source is None or not secret_store.referenced(owned.source) & given.keys()):
        return owned, data
    if sha256(data) != owned.sha256:
        raise OperationError(
            f"{os.path.join(tree.root, path)}: expected it as the last deploy wrote it, got it edited by hand, which writing it anew "
            "would undo. Nothing has been changed. Deploy first, which shows the edit and what becomes of it: "
            "ansible-playbook deploy.yml"
        )
    if owned.source is None:
        changed = source.encode(errors="surrogateescape")
        return replace(owned, sha256=sha256(changed)), changed
    # After a rollback to before a rotation a file has the secrets of then, as its database has; only those that are given change.
    now = kept.values(path, owned.source, data.decode(errors="replace"))
    changed = desired.resolve(path, source, {**stored, **now, **given}).encode()
    return replace(owned, sha256=sha256(changed), source=source), changed


def prepare(server: Server) -> list[str]:
    """Complete what a run that was cut off once it had ended well left to tidy up; return what to tell."""
    notes = end_proven(server)
    server.compose.settle()
    return notes


def validate(server: Server) -> Callable[[str], None]:
    """Return what validates a staged tree: what Compose refuses is refused before anything changes."""

    def check(tree: str) -> None:
        Definition(server.run_command, tree, server.project).document()

    return check


def proven(server: Server) -> str:
    """Return the digest of the live release; nothing where a part of it does not serve, or somebody has edited it.

    What is recorded as proven a rollback may choose by itself, and an edit is not in force before a deploy has decided about it.
    """
    present = containers_of(server.client, server.project)
    if edited_of(LiveTree(server.root)) or not all(
        name in present and live.is_serving(present[name]) for name in live.stated(server.root).containers
    ):
        return ""
    return live.read(server.root, server.project, server.client).digest


def carry_through(options: Options, server: Server, request: SwitchRequest, wanted: Plan) -> tuple[Switched, str, list[str]]:
    """Bring it about, or bring back what was live; return what was done, the release that is live now, and what to tell."""
    recorder = Recorder(options.place, options.run, server, options.backup)

    def record(result: str, error: str, reasons: Mapping[str, str]) -> None:
        if proven(server):
            recorder.proven(result or "done", error, reasons)
        else:
            recorder.record(result or "done", "", error, reasons)

    try:
        done = carry_out(server, request, wanted, record)
    except Failed as failure:
        if not failure.restored:
            recorder.record(failure.result, "", failure.message)
        back = recorder.backup if failure.restored else ""
        raise OperationError(failure.message, **failure.facts, result=failure.result, restored=back) from failure
    except Exception as error:
        recorder.record("refused", "", describe(error))
        raise OperationError(describe(error), **facts_of(error), result="refused", restored="") from error
    return done, recorder.release, [*done.expiring, *done.notes, *recorder.notes]
