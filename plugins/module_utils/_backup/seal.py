# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sealing what is live as a backup. Everything is durable under a temporary name before the rename that makes it one."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from .._base.files import make_directory, sync_directory, write_durably
from .._base.times import TIME
from .._certificates import live as certificates_live
from .._engine import containers
from .._release.live import Live, file_entry, release_digest
from . import databases as backup_databases
from . import images as backup_images
from .databases import Dumping
from .integrity import measure
from .manifest import DUMPS, FILES, FORMAT, ID, ID_TIME, MANIFEST, SEAL, SERVED, BackupError, Manifest, dump, seal_of, store

if TYPE_CHECKING:
    from docker import DockerClient

SEALING = ".sealing-"
PRIVATE_DIRECTORY = 0o700
PRIVATE_FILE = 0o600
# Room for manifest and small files beside what is computed.
SPARE_BYTES = 32 << 20
FREE_SPACE = (
    "Free some space (`docker system df` shows what images use), or lower stack_backup_keep, stack_backup_keep_days or "
    "stack_backup_max_size."
)


@dataclass(frozen=True)
class Occasion:
    """Why a backup is sealed, and for whom."""

    reason: str
    project: str
    by: str = ""
    commit: str = ""
    # Containers whose databases are not even looked at, since they may be damaged.
    unread: frozenset[str] = frozenset()


def new_id(directory: str, now: Callable[[], datetime]) -> str:
    """Return an id of this second, or of the next one that no backup has; guide-made backups count as well."""
    taken = {match.group() for name in os.listdir(directory) for match in [ID.search(name)] if match}
    moment = now()
    while (identifier := moment.strftime(ID_TIME)) in taken:
        moment += timedelta(seconds=1)
    return identifier


def remove_unfinished(directory: str) -> None:
    """Remove what runs left that died while they sealed."""
    for name in os.listdir(directory):
        if name.startswith(SEALING):
            shutil.rmtree(os.path.join(directory, name))


def shortage(needs: Mapping[str, int], purpose: str = "the backup, its dumps and their proof") -> str:
    """Return which disk would be full before the end, nothing where none would; needs are bytes by directory."""
    disks: dict[int, tuple[list[str], int]] = {}
    for directory, need in needs.items():
        device = os.stat(directory).st_dev
        names, sum_so_far = disks.get(device, ([], SPARE_BYTES))
        disks[device] = ([*names, directory], sum_so_far + need)
    for names, need in disks.values():
        have = shutil.disk_usage(names[0]).free
        if have < need:
            return f"{' and '.join(names)}: expected {need >> 20} MiB free for {purpose}, got {have >> 20} MiB"
    return ""


def require_space(needs: Mapping[str, int]) -> None:
    """Refuse to begin where a disk would be full before the end."""
    if short := shortage(needs):
        raise BackupError(f"{short}. Nothing has been changed. {FREE_SPACE}")


def needs_of(client: DockerClient, live: Live, dumping: Mapping[str, Dumping], directory: str = "") -> dict[str, int]:
    """Return the bytes that sealing what is live takes, by directory; the backup lies in the one that is given."""
    files_size = sum(len(existing.data) for existing in live.files.values()) + sum(map(len, live.served.values()))
    return {
        directory or store(live.root): files_size + backup_databases.dumps_space(dumping),
        client.info()["DockerRootDir"]: backup_databases.proof_space(dumping),
    }


def write_files(directory: str, live: Live) -> dict[str, dict[str, Any]]:
    """Copy the live files into a directory; return what the manifest says of them."""
    stated = {}
    for path, existing in sorted(live.files.items()):
        stated[path] = file_entry(existing)
        if existing.target is None:
            location = os.path.join(directory, path)
            make_directory(os.path.dirname(location), PRIVATE_DIRECTORY)
            write_durably(location, existing.data, PRIVATE_FILE)
    return stated


def write_served(directory: str, identifier: str, live: Live) -> list[str]:
    """Keep what containers have in the place of files that were replaced; return what to tell."""
    for path, data in sorted(live.served.items()):
        location = os.path.join(directory, path)
        make_directory(os.path.dirname(location), PRIVATE_DIRECTORY)
        write_durably(location, data, PRIVATE_FILE)
    return [
        f"{path} was replaced while it was mounted, so that what is served is the file of before. Backup {identifier} has both: the one "
        f"that lies there, which the way back puts in place, and as {SERVED}/{path} the one that is served."
        for path in sorted(live.served)
    ]


def measured(directory: str) -> dict[str, dict[str, Any]]:
    """Return size and SHA-256 of each file below a directory."""
    found = {}
    for parent, _directories, names in os.walk(directory):
        for name in names:
            path = os.path.join(parent, name)
            size, digest = measure(path)
            found[os.path.relpath(path, directory)] = {"size": size, "sha256": digest}
    return found


def sync_tree(directory: str) -> None:
    """Make every directory below one durable; the files are already."""
    for parent, _directories, _names in os.walk(directory):
        sync_directory(parent)


def fill(
    work: str,
    identifier: str,
    moment: datetime,
    live: Live,
    occasion: Occasion,
    client: DockerClient,
    dumping: Mapping[str, Dumping],
    labels: Mapping[str, str],
) -> tuple[Manifest, list[str]]:
    """Make a directory a sealed backup of the live release; return its manifest and warnings. Labels are those of scratch containers."""
    for part in (FILES, DUMPS):
        make_directory(os.path.join(work, part), PRIVATE_DIRECTORY)
    files = write_files(os.path.join(work, FILES), live)
    replaced = write_served(os.path.join(work, SERVED), identifier, live)
    databases, warnings = backup_databases.dump_all(client, live, dumping, os.path.join(work, DUMPS), labels, occasion.unread)
    images = backup_images.stated(occasion.project, identifier, live.images)
    manifest = Manifest(
        format=FORMAT,
        id=identifier,
        created=moment.strftime(TIME),
        reason=occasion.reason,
        by=occasion.by,
        commit=occasion.commit,
        project=occasion.project,
        release=release_digest(files, {name: image["id"] for name, image in images.items()}),
        files=files,
        images=images,
        databases=databases,
        dumps=measured(os.path.join(work, DUMPS)),
        sources=live.description.sources,
        description=live.description,
        serving=sorted(live.serving),
        certificates=certificates_live.stated(),
    )
    content = dump(manifest)
    write_durably(os.path.join(work, MANIFEST), content, PRIVATE_FILE)
    write_durably(os.path.join(work, SEAL), seal_of(content), PRIVATE_FILE)
    sync_tree(work)
    return manifest, [*replaced, *warnings]


def seal(
    live: Live,
    occasion: Occasion,
    client: DockerClient,
    dumping: Mapping[str, Dumping],
    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
) -> tuple[Manifest, list[str]]:
    """Seal the live release with a dump of each of the given databases (by container); return it and warnings."""
    directory = store(live.root)
    make_directory(directory, PRIVATE_DIRECTORY)
    remove_unfinished(directory)
    require_space(needs_of(client, live, dumping))
    moment = now()
    identifier = new_id(directory, lambda: moment)
    work = os.path.join(directory, f"{SEALING}{identifier}")
    try:
        manifest, warnings = fill(work, identifier, moment, live, occasion, client, dumping, {containers.OWNER_LABEL: occasion.project})
        # A dump that fails leaves nothing behind, names of images neither.
        backup_images.keep(client, backup_images.stated(occasion.project, identifier, live.images))
        os.rename(work, os.path.join(directory, identifier))
        sync_directory(directory)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise BackupError(
                f"{directory}: the disk became full while the backup was written ({error.strerror}). Nothing has been changed. "
                "Free some space, then run again."
            ) from error
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return manifest, warnings
