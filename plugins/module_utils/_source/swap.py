# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Exchanging a live directory for the content of an archive, so that no crash leaves a mixture of two sources."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .._base.files import make_directory, sync_directory
from .entries import CHUNK, Limits
from .names import ArchiveError
from .read import Archive, digest_of, inspect, unpack

_FOLDER_MODE = 0o755
_RERUN = "Run the deploy again; if it happens again, look for another process that writes there."


@dataclass(frozen=True)
class Place:
    """A live directory and the two names beside it, on its filesystem, that exist only while it is exchanged."""

    live: str

    @classmethod
    def at(cls, dest: str) -> Place:
        """Return the place of an absolute path; refuse what is there and is no directory."""
        live = os.path.normpath(dest)
        if not os.path.isabs(dest) or live.strip("/") == "":
            raise ArchiveError(dest, "not a place for a source", "an absolute path below /", ascii(dest), "Set dest.")
        if os.path.lexists(live) and (os.path.islink(live) or not os.path.isdir(live)):
            got = "a symbolic link" if os.path.islink(live) else "a file"
            raise ArchiveError(live, "dest is in use", "a directory, or nothing yet", got, "Move it away.")
        return cls(live)

    @property
    def parent(self) -> str:
        """Return the directory of all three."""
        return os.path.dirname(self.live)

    @property
    def staged(self) -> str:
        """Return where the new source is prepared."""
        return os.path.join(self.parent, f".{os.path.basename(self.live)}.staged")

    @property
    def previous(self) -> str:
        """Return where the old source is until the new one is live."""
        return os.path.join(self.parent, f".{os.path.basename(self.live)}.previous")

    @property
    def interrupted(self) -> bool:
        """Tell whether an exchange was cut off here."""
        return os.path.lexists(self.staged) or os.path.lexists(self.previous)

    def manifest(self) -> dict[str, str]:
        """Return what is live, or would be after recover(): "mode sha256" of each real file."""
        live = self.live if os.path.lexists(self.live) else self.previous
        return dict(_scan(live, "")) if os.path.lexists(live) else {}

    def recover(self) -> None:
        """Bring an interrupted exchange back to one whole source: the new one if it is live, else the old one."""
        if os.path.lexists(self.previous) and not os.path.lexists(self.live):
            os.rename(self.previous, self.live)
            sync_directory(self.parent)
        for leftover in (self.staged, self.previous):
            if os.path.lexists(leftover):
                shutil.rmtree(leftover)


def install(place: Place, src: str, checksum: str | None, digest: str, required: Sequence[str], limits: Limits) -> None:
    """Check an archive again where it arrived, and put its files in the place of the live ones."""
    archive = inspect(src, checksum, required, limits)
    if archive.digest != digest:
        raise ArchiveError(src, "the archive that arrived is another one", digest, archive.digest, _RERUN)
    place.recover()
    try:
        make_directory(place.parent, _FOLDER_MODE)
        _stage(place, src, archive, required, limits)
        if os.path.lexists(place.live):
            os.rename(place.live, place.previous)
            sync_directory(place.parent)
        os.rename(place.staged, place.live)
        sync_directory(place.parent)
    finally:
        # After an error this puts back the old source; after success it removes it.
        place.recover()


def _stage(place: Place, src: str, archive: Archive, required: Sequence[str], limits: Limits) -> None:
    try:
        os.mkdir(place.staged)
        unpack(src, place.staged, required, limits)
        for folder, _folders, _files in os.walk(place.staged):
            # Explicitly, since mkdir obeys a umask that is not ours.
            os.chmod(folder, _FOLDER_MODE)
            sync_directory(folder)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        free = shutil.disk_usage(place.parent).free
        raise ArchiveError(
            place.parent,
            f"cannot unpack the source: {error.strerror}",
            f"{archive.size} bytes for the files and some more for their directories",
            f"{free} bytes free before the unpacked part is removed",
            "Free space there; the live source is untouched.",
        ) from error
    unpacked = digest_of(dict(_scan(place.staged, "")))
    if unpacked != archive.digest:
        raise ArchiveError(place.staged, "the files on disk are not the archive's", archive.digest, unpacked, _RERUN)


def _scan(directory: str, prefix: str) -> Iterator[tuple[str, str]]:
    with os.scandir(directory) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            # A name that is no text must be shown too; with its backslash it equals no name of an archive.
            path = prefix + os.fsencode(entry.name).decode("utf-8", "backslashreplace")
            if entry.is_dir(follow_symlinks=False):
                yield from _scan(entry.path, f"{path}/")
            elif entry.is_file(follow_symlinks=False):
                mode = stat.S_IMODE(entry.stat(follow_symlinks=False).st_mode)
                yield path, f"{mode:04o} {_sha256(entry.path)}"
            else:
                yield path, "not a regular file"


def _sha256(path: str) -> str:
    content = hashlib.sha256()
    with open(path, "rb") as stream:
        while block := stream.read(CHUNK):
            content.update(block)
    return content.hexdigest()
