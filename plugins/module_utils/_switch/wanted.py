# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run wants to be live: the release of an inventory, or that of a backup, which is read and verified before anything changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._backup import images as backup_images
from .._backup import listing
from .._backup.integrity import Dumps
from .._backup.manifest import BackupError, Manifest
from .._base.command import RunCommand
from .._base.errors import PlatformError
from .._base.state import Misfit
from .._engine.compose import COMPOSE_FILE, Project
from .._release import live
from .._release.description import FILE, Release, parse
from .._run import restoring
from .._secrets import kept
from .._tree import desired
from . import target as switch_target
from .databases import Exchange, FirstFill, Newest
from .options import Options
from .target import Target

if TYPE_CHECKING:
    from docker import DockerClient


class ReleaseError(PlatformError):
    """The release is not live; facts become keys of the failed task's result."""


@dataclass(frozen=True)
class Wanted:
    """The target, and for a backup what it was taken from."""

    target: Target
    hidden: dict[str, str]
    manifest: Manifest | None = None
    # Where its databases are to take the place of live ones, or are the first that there are.
    exchange: Exchange | None = None
    filling: FirstFill | None = None


def read_wanted(client: DockerClient, options: Options, run_command: RunCommand, preview: bool) -> Wanted:
    """Return what the run wants to be live; a backup is read and verified, its dumps where they are restored."""
    root = options.path
    if not options.to:
        files, hidden = desired.read(root, options.files, options.secrets_file, preview, options.secrets_pending)
        return Wanted(switch_target.from_inventory(files, described(files)), hidden)
    # Without its databases the backup that comes back would be taken for restored.
    if unfinished := restoring.refusal(root, "rollback" if options.restore_database else "rollback without databases", options.to):
        raise BackupError(unfinished)
    hidden = desired.load_secrets(options.secrets_file)
    backup = listing.get(root, options.to)
    if backup.kind == "legacy":
        if not options.accept_unsealed:
            raise BackupError(f"Backup {backup.id} was made by hand and is not sealed. Nothing has been changed.")
        return Wanted(legacy_target(client, run_command, root, options.project, backup), hidden)
    manifest, _mark = listing.check(backup, Dumps.CONTENTS if options.restore_database else Dumps.SIZES, options.verified)
    backup_images.check(client, manifest)
    # On a server that is being restored, a database that is empty was made by this release's own containers. Without any dump there is
    # nothing to fill: of a static site, or where no database ran and the volumes were taken as they lay.
    first = is_restoring(options)
    filling = options.restore_database and not (first and not any(entry["dump"] for entry in manifest.databases.values()))
    exchange: Exchange | None = None
    if filling:
        what = (client, backup.directory, manifest, options.run.token)
        exchange = Newest(*what, root) if first else Exchange(*what)
    # Who goes back wants all of it to serve; who restores has no choice, and an app that was ill there is no better here.
    target = switch_target.from_backup(backup, manifest, only_what_served=first)
    sources = {path: one.source for path, one in (target.owned or {}).items() if one.source}
    hidden = kept.masks(hidden, ((file.path, sources[file.path], file.data) for file in target.files if file.path in sources))
    hidden = kept.live_masks(root, hidden)
    if exchange and first:
        return Wanted(target, hidden, manifest, filling=FirstFill(client, exchange))
    return Wanted(target, hidden, manifest, exchange)


def is_restoring(options: Options) -> bool:
    """Say whether this very backup is what a bare server is being restored to."""
    note = restoring.read(options.path)
    return note is not None and note.backup == options.to


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
