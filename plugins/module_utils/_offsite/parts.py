# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bringing one file or one folder of a snapshot back: beside what is there today, or in its place, while everything goes on serving.

Whoever writes to a volume could put a link where a folder is meant, so that no link is followed on the way to where something belongs.
"""

from __future__ import annotations

import ctypes
import errno
import os
import posixpath
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._backup import seal
from .._backup.manifest import BackupError
from .._base.errors import describe
from .._base.files import make_directory
from . import fetch
from .contents import Contents
from .fetch import Offsite
from .settings import Settings
from .staging import KEPT

with suppress(ImportError):  # See _base.libraries.
    import docker.errors

if TYPE_CHECKING:
    from docker import DockerClient

INCOMING = ".rarebooks-fetching"
UNCHANGED = "Nothing has been changed."
# What a disk says that cannot exchange two names, as some that lie on the network.
CANNOT_EXCHANGE = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
_RENAME_EXCHANGE = 2


class HalfBroughtError(BackupError):
    """Part of it is in its place already: no other repository may go on with that."""


@dataclass(frozen=True)
class Part:
    """A file, a folder or all of a volume: where it lies in the snapshot, and below which directory of this server it belongs."""

    source: str
    root: str
    relative: str

    @property
    def place(self) -> str:
        return posixpath.join(self.root, self.relative).rstrip("/")


@dataclass
class Bringing:
    """One run of it. Places is where it came to, kept what was there before, under the name that it has now."""

    settings: Settings
    client: DockerClient
    one: Offsite
    moment: str
    in_place: bool = False
    files: int = 0
    size: int = 0
    places: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def look(self, typed: str) -> Part:
        """Say what would come, and refuse what cannot."""
        part = self._named(fetch.contents_of(self.one, self.settings.staging), typed)
        listed = list(self.one.repository.files(self.one.snapshot.id, part.source))
        if not listed:
            raise BackupError(f"{self.one}: expected {part.source} in it, got nothing of that name. {UNCHANGED} Choose another snapshot.")
        found = [entry for entry in listed if entry["type"] == "file"]
        self.files, self.size = len(found), sum(int(entry.get("size", 0)) for entry in found)
        # All of a volume is each thing in it: its own directory is what containers have mounted.
        below = {str(entry["path"])[len(part.source) :].lstrip("/").split("/")[0] for entry in listed}
        names = [part.relative] if part.relative else sorted(below - {""})
        self.places = [posixpath.join(part.root, name if self.in_place else self._beside(name)) for name in names]
        if there := [place for place in self.places if not self.in_place and os.path.lexists(place)]:
            raise BackupError(f"{there[0]}: expected nothing there yet, got what was brought before. {UNCHANGED} Move it away first.")
        existing = part.root
        while not os.path.isdir(existing):  # That of files that outlive their containers may be what is gone.
            existing = os.path.dirname(existing)
        seal.require_space({existing: self.size})
        return part

    def run(self, typed: str) -> None:
        """Bring it."""
        part = self.look(typed)
        self.places = []
        make_directory(part.root)
        with working_directory(part.root) as work:
            self.one.repository.restore(self.one.snapshot.id, [part.source], work)
            os.sync()  # restic leaves that to the system.
            whole = os.path.join(work, part.source.lstrip("/"))
            names = [part.relative] if part.relative else sorted(os.listdir(whole))
            for name in names:
                try:
                    self._put(whole if part.relative else os.path.join(whole, name), part.root, name)
                except (OSError, BackupError) as error:
                    if not self.places:
                        raise
                    raise HalfBroughtError(
                        f"{posixpath.join(part.root, name)}: expected to bring it, got: {describe(error)} {', '.join(self.places)} came "
                        f"before it and stay{f', what was there is kept as {chr(44).join(self.kept)}' if self.kept else ''}. Mend what "
                        "hinders, then fetch the rest by its name."
                    ) from None

    def _named(self, told: Contents, typed: str) -> Part:
        """Return what somebody means: a path of the server as it was, or a volume and a path in it."""
        roots = {volume.location: volume.name for volume in told.volumes}
        kept = told.files.get("kept")
        if typed.startswith("/"):
            path = posixpath.normpath(typed)
            root = next((one for one in [*roots, *([kept] if kept else [])] if path == one or path.startswith(f"{one}/")), "")
            relative = path[len(root) :].lstrip("/")
        else:
            name, _slash, relative = posixpath.normpath(typed).partition("/")
            root = next((location for location, volume in roots.items() if volume == name), "")
        if not root:
            names = ", ".join([*roots.values(), *([kept] if kept else [])]) or "none"
            raise BackupError(f"{self.one}: expected a path in one of {names}, got {typed or 'none'}. {UNCHANGED}")
        return Part(posixpath.join(root, relative).rstrip("/"), self._root_here(roots.get(root, "")), relative)

    def _root_here(self, volume: str) -> str:
        """Return the directory of a volume on this server, or that of files that outlive their containers."""
        if not volume:
            return os.path.join(self.settings.path, KEPT)
        try:
            return str(self.client.volumes.get(volume).attrs["Mountpoint"])
        except docker.errors.NotFound:
            raise BackupError(
                f"Volume {volume}: expected it on {self.settings.host}, got none. {UNCHANGED} To bring back the server that had it: "
                "ansible-playbook restore_server.yml"
            ) from None

    def _beside(self, path: str) -> str:
        return f"{path}.from_{self.one.backup}"

    def _put(self, source: str, root: str, relative: str) -> None:
        """Bring what has come to where it belongs, in one step each, so that nobody meets half of it, or nothing at all."""
        parent, name = posixpath.split(relative)
        with opened(root, parent, os.path.dirname(source)) as directory:
            target = name if self.in_place else self._beside(name)
            if exists(target, directory):
                kept = f"{target}.before_{self.moment}"
                os.rename(source, kept, dst_dir_fd=directory)
                exchange(kept, target, directory)
                self.kept.append(posixpath.join(root, parent, kept))
            else:
                os.rename(source, target, dst_dir_fd=directory)
            os.fsync(directory)
        self.places.append(posixpath.join(root, parent, target))


def exchange(one: str, other: str, directory: int) -> None:
    """Exchange two names in a directory, files or folders, at once where the disk can do that."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.renameat2(directory, os.fsencode(one), directory, os.fsencode(other), _RENAME_EXCHANGE) == 0:
            return
        failed = ctypes.get_errno()
    except AttributeError:  # A library of before 2018.
        failed = errno.ENOSYS
    if failed not in CANNOT_EXCHANGE:
        raise OSError(failed, os.strerror(failed), other)
    # Cut off in between, what was there is under this name.
    spare = f"{other}.exchanged"
    os.rename(other, spare, src_dir_fd=directory, dst_dir_fd=directory)
    os.rename(one, other, src_dir_fd=directory, dst_dir_fd=directory)
    os.rename(spare, one, src_dir_fd=directory, dst_dir_fd=directory)


def exists(name: str, directory: int) -> bool:
    """Say whether there is anything of a name in a directory, be it a link that leads nowhere."""
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


@contextmanager
def working_directory(root: str) -> Iterator[str]:
    """Yield an empty directory on the same disk, where apps do not see it; within, should something be mounted there."""
    parent = os.path.dirname(root)
    work = os.path.join(parent if os.stat(parent).st_dev == os.stat(root).st_dev else root, INCOMING)
    shutil.rmtree(work, ignore_errors=True)
    make_directory(work, seal.PRIVATE_DIRECTORY)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def opened(root: str, relative: str, like: str) -> Iterator[int]:
    """Yield a directory below another, each one on the way made as it was where it is missing; a link on the way is refused."""
    names = [name for name in relative.split("/") if name]
    models = [like] * len(names)
    for at in range(len(names) - 2, -1, -1):
        models[at] = os.path.dirname(models[at + 1])
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name, model in zip(names, models, strict=True):
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=descriptor)
                found = os.stat(model)
                os.chown(name, found.st_uid, found.st_gid, dir_fd=descriptor)
                os.chmod(name, stat.S_IMODE(found.st_mode), dir_fd=descriptor)
            try:
                below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=descriptor)
            except OSError as error:
                place = os.path.join(root, *names[: names.index(name) + 1])
                raise BackupError(f"{place}: expected a folder, got: {error.strerror}. {UNCHANGED} Fetch it without in_place.") from None
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)
