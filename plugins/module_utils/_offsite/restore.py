# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bringing a whole server back from a repository onto a bare one: all but its release, which a rollback then makes live.

Each part is complete before it is where it belongs, and noted then, so that a run that was killed goes on where it was.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Container
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from .._backup import seal
from .._backup.manifest import BackupError
from .._base.files import make_directory, read_if_exists, sync_directory, write_durably
from .._engine.containers import containers_of
from .._release import description
from .._run import ledger, restoring
from .._run.restoring import Restoring
from . import fetch
from .contents import Contents, Volume
from .fetch import Offsite
from .refresh import refresh
from .repository import UNLISTED
from .settings import Settings
from .staging import CERTIFICATES, KEPT

with suppress(ImportError):  # See _base.libraries.
    import docker.errors

if TYPE_CHECKING:
    from docker import DockerClient

# Below the directory of the stack, on whose disk the small things lie in the end.
WORK = ".restoring"
# Beside a volume's content, on the same disk.
INCOMING = ".rarebooks-incoming"


@dataclass
class Restore:
    """One run of it. Brought is what came, for people; log is whether what came after the snapshot is wanted as well, and ahead says that
    another run will take what is newer then.
    """

    settings: Settings
    client: DockerClient
    one: Offsite
    certificates: str = CERTIFICATES
    log: bool = True
    brought: list[str] = field(default_factory=list)
    ahead: bool = False

    def look(self) -> Contents:
        """Say what would come, and refuse what cannot; change nothing."""
        told, note = self._begin()
        self.brought = [name for name in self._parts(told) if name not in note.done]
        return told

    def run(self) -> Contents:
        """Bring back what is not there yet, and return what the snapshot says of itself."""
        told, note = self._begin()
        self._start_over(told)
        restoring.write(self.settings.path, note)
        fetch.fetch(self.client, self.settings.path, self.one, self.settings.staging)
        for name, bring in self._parts(told).items():
            if name not in note.done:
                bring()
                os.sync()  # What is noted as done is never brought again, and restic leaves to the system when it is on the disk.
                note.done.append(name)
                self.brought.append(name)
                restoring.write(self.settings.path, note)
        return told

    def _parts(self, told: Contents) -> dict[str, Callable[[], None]]:
        """Return what comes, beside the backup, by the name under which it is noted."""
        volumes = {f"volume {one.name}": partial(self._bring_volume, one) for one in told.volumes}
        return {"files": partial(self._bring_files, told), **volumes}

    def _begin(self) -> tuple[Contents, Restoring]:
        """Return what the snapshot says of itself and what of it has come, and refuse what would not fit or go over something."""
        told = fetch.contents_of(self.one, self.settings.staging)
        require_same(self.settings, told, self.one)
        note = restoring.read(self.settings.path)
        this = Restoring(
            self.one.backup,
            self.one.snapshot.id,
            self.one.repository.shown,
            volumes=[one.name for one in told.volumes],
            log=self.log,
            prepared=self.ahead,
        )
        if note is None:
            require_bare(self.settings, self.client, told)
        elif note.backup == self.one.backup:
            this.done, this.newer, this.log = note.done, note.newer, note.log and self.log
        else:
            require_no_release(self.settings, self.client, told, note)
        note = this
        missing = [one for one in told.volumes if f"volume {one.name}" not in note.done]
        if missing:
            size = fetch.size_of(self.one, *(one.location for one in missing)) - sum(map(self._brought_before, missing))
            seal.require_space({self.client.info()["DockerRootDir"]: max(size, 0)})
        return told, note

    def _start_over(self, told: Contents) -> None:
        """Remove the volumes that another backup has brought and this one does not have: its databases would start on them."""
        note = restoring.read(self.settings.path)
        if note is None or note.backup == self.one.backup:
            return
        note.done = []  # Before they go, so that a run that is killed here leaves nothing noted that is not there.
        restoring.write(self.settings.path, note)
        kept = {one.name for one in told.volumes}  # Of these comes what differs.
        for volume in self.client.volumes.list():
            if is_of(self.settings, volume.name, note.volumes) and volume.name not in kept:
                volume.remove()

    def _bring_files(self, told: Contents) -> None:
        """Bring what is small: secrets, certificates with their renewal, ledger, and files that outlive their containers."""
        settings, work = self.settings, os.path.join(self.settings.path, WORK)
        places = {
            "secrets": settings.secrets_file,
            "letsencrypt": settings.letsencrypt_path,
            "certificates": self.certificates,
            "ca": settings.ca_path,
            "kept": os.path.join(settings.path, KEPT),
        }
        shutil.rmtree(work, ignore_errors=True)
        make_directory(work, seal.PRIVATE_DIRECTORY)
        try:
            self.one.repository.restore(self.one.snapshot.id, told.files.values(), work)
            for name, location in told.files.items():
                source = os.path.join(work, location.lstrip("/"))
                if name == "ledger":
                    carry_on(source, os.path.join(settings.path, ledger.FILE))
                elif name in places:  # What the engine is told, the inventory says.
                    put(source, places[name])
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _brought_before(self, volume: Volume) -> int:
        """Return the bytes of the files in a volume."""
        try:
            place = str(self.client.volumes.get(volume.name).attrs["Mountpoint"])
        except docker.errors.NotFound:
            return 0
        return sum(os.lstat(os.path.join(parent, name)).st_size for parent, _folders, names in os.walk(place) for name in names)

    def _bring_volume(self, volume: Volume) -> None:
        """Make a volume, and bring its content beside it first: a name that an app finds has all of it. One that has content already has it
        of another snapshot, or of this one from a run that was killed: of that comes what differs.
        """
        try:
            made = self.client.volumes.get(volume.name)
        except docker.errors.NotFound:
            made = self.client.volumes.create(volume.name, labels=dict(volume.labels))
        place = str(made.attrs["Mountpoint"])
        incoming = os.path.join(os.path.dirname(place), INCOMING)
        shutil.rmtree(incoming, ignore_errors=True)
        make_directory(incoming, seal.PRIVATE_DIRECTORY)
        if os.path.isdir(place) and os.listdir(place):
            listed = {str(entry["path"]): entry for entry in self.one.repository.files(self.one.snapshot.id, volume.location)}
            # What has a name that restic cannot list, comes with the whole alone.
            if not any(UNLISTED in path for path in listed):
                refresh(listed, volume.location, place, incoming, partial(self.one.repository.restore, self.one.snapshot.id))
                sync_directory(place)
                shutil.rmtree(incoming, ignore_errors=True)
                return
        self.one.repository.restore(self.one.snapshot.id, [volume.location], incoming)
        source = os.path.join(incoming, volume.location.lstrip("/"))
        if os.path.isdir(source):  # An empty one has nothing to bring.
            os.sync()
            if os.path.lexists(place):  # Not where a run was killed right here.
                shutil.rmtree(place)
            os.rename(source, place)
            sync_directory(os.path.dirname(place))
        shutil.rmtree(incoming, ignore_errors=True)


def require_same(settings: Settings, told: Contents, one: Offsite) -> None:
    """Refuse a snapshot of a server that keeps its things elsewhere: names of volumes and paths in its files would lead nowhere."""
    wrong = [
        f"{name}: expected {theirs}, as the server had it, got {ours}"
        for name, ours, theirs in (("stack_path", settings.path, told.path), ("stack_project", settings.project, told.project))
        if ours != theirs
    ]
    if wrong:
        raise BackupError(f"{one}: {'; '.join(wrong)}. Nothing has been changed. Set it in the inventory, then run again.")


def require_bare(settings: Settings, client: DockerClient, told: Contents) -> None:
    """Refuse a server on which there is something already that a restore would go over."""
    found = [f"container {name}" for name in sorted(containers_of(client, settings.project))]
    known = {one.name for one in told.volumes}
    found += [f"volume {one.name}" for one in client.volumes.list() if is_of(settings, one.name, known)]
    found += [path for path in [os.path.join(settings.path, description.FILE), settings.secrets_file] if os.path.exists(path)]
    if found:
        raise BackupError(
            f"{settings.host}: expected a server on which nothing of project {settings.project} is, got {', '.join(found)}. Nothing has "
            "been changed. To go back to a backup on a server that serves: ansible-playbook rollback.yml -e rollback_to="
            f"{told.backup}. Where it was restored and only the deploy after it failed: ansible-playbook deploy.yml"
        )


def is_of(settings: Settings, volume: str, known: Container[str]) -> bool:
    """Say whether a volume is the project's own, or one of some others that are known to be."""
    return volume in known or volume.startswith(f"{settings.project}_")


def require_no_release(settings: Settings, client: DockerClient, told: Contents, note: Restoring) -> None:
    """Refuse to begin with another backup where the release of the first one was made live: somebody may have written to it since."""
    containers, release = sorted(containers_of(client, settings.project)), os.path.join(settings.path, description.FILE)
    there = [one.name for one in client.volumes.list()]
    ours = [name for name in there if is_of(settings, name, note.volumes)]
    found = [f"container {name}" for name in containers] + [release] * os.path.exists(release)
    found += [f"volume {one.name}" for one in told.volumes if one.name in there and one.name not in ours]
    if found:
        remove = [f"docker rm -f {' '.join(containers)}"] * bool(containers) + [f"docker volume rm {' '.join(ours)}"] * bool(ours)
        remove += [f"rm -f {' '.join([release, os.path.join(settings.path, restoring.FILE), settings.secrets_file])}"]
        raise BackupError(
            f"{settings.path}: expected to go on with the restore of backup {note.backup}, since there is more than it has brought "
            f"({', '.join(found)}), got {told.backup}. Nothing has been changed. To go on, run ansible-playbook restore_server.yml without "
            f"restore_backup. To begin with {told.backup} nevertheless, remove on the server what came, with all that was written since, "
            f"then run again: {'; '.join(remove)}"
        )


def carry_on(source: str, place: str) -> None:
    """Let a ledger begin with what the other server has written, and go on with what this one has since."""
    theirs, ours = read_if_exists(source) or b"", read_if_exists(place) or b""
    known = set(theirs.splitlines())
    more = [line for line in ours.splitlines() if line and line not in known]
    whole = theirs if not theirs or theirs.endswith(b"\n") else theirs + b"\n"
    make_directory(os.path.dirname(place), 0o755)
    write_durably(place, whole + b"".join(line + b"\n" for line in more), 0o600)


def put(source: str, place: str) -> None:
    """Bring a file, a link or a directory to where it belongs, over what lies there, with modes and owners."""
    found = os.lstat(source)
    if os.path.isdir(source) and not os.path.islink(source):
        os.makedirs(place, exist_ok=True)
        for name in sorted(os.listdir(source)):
            put(os.path.join(source, name), os.path.join(place, name))
        shutil.copystat(source, place)
        os.chown(place, found.st_uid, found.st_gid)
        sync_directory(place)
        return
    make_directory(os.path.dirname(place), 0o755)
    incoming = f"{place}{INCOMING}"
    with suppress(FileNotFoundError):
        os.unlink(incoming)
    shutil.copy2(source, incoming, follow_symlinks=False)
    os.chown(incoming, found.st_uid, found.st_gid, follow_symlinks=False)
    os.replace(incoming, place)
