# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading a source archive, wherever and however it was packed, into one normal form with one digest.

The normal form: forward slashes, no wrapping folder, no UTF-8 BOM at the start of text, regular files only (empty
folders, ``__MACOSX/``, ``.DS_Store`` and what builds leave, such as ``bin/`` and ``obj/``, are dropped). A file is
executable (0755) if its name ends in ``.sh`` or its content begins like a program; modes stored in an archive are not
looked at, because Windows stores none, and the same source must have the same digest wherever it was packed. Line ends
are content: a checkout with CRLF is another source.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

from .entries import CHUNK, Limits, read_files
from .names import ArchiveError

REQUIRED = ("Dockerfile", "MayMessenger.sln", "src/")
DEFAULT_LIMITS = Limits()
# The options of source_archive, which its action plugin validates before the module does.
OPTIONS: dict[str, dict[str, Any]] = {
    "src": {"type": "path", "required": True},
    "checksum": {"type": "str"},
    "dest": {"type": "str", "required": True},
    "required": {"type": "list", "elements": "str", "default": list(REQUIRED)},
    **{limit: {"type": "int", "default": default} for limit, default in asdict(DEFAULT_LIMITS).items()},
}


@dataclass(frozen=True)
class Archive:
    """A sound archive: the sha256 of its file, its unpacked size in bytes, and "mode sha256" of each path's content.

    Windows_scripts are the scripts whose lines end as Windows ends them, so that Linux does not start them.
    """

    sha256: str
    size: int
    manifest: dict[str, str]
    windows_scripts: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Return the identity of the source itself."""
        return digest_of(self.manifest)


def limits_of(params: dict[str, Any]) -> Limits:
    """Return the limits among a module's options."""
    return Limits(**{limit: params[limit] for limit in asdict(DEFAULT_LIMITS)})


def digest_of(manifest: dict[str, str]) -> str:
    """Return one sha256 over sorted paths, modes and contents; nothing of how they were packed enters it."""
    lines = sorted(f"{path}\0{value}\n".encode() for path, value in manifest.items())
    return hashlib.sha256(b"".join(lines)).hexdigest()


def listing(manifest: dict[str, str]) -> str:
    """Return one line for each file, for a diff."""
    return "".join(f"{path} {value}\n" for path, value in sorted(manifest.items()))


def mode_of(path: str, head: bytes) -> int:
    """Return 0755 for what is a program by its name or its first bytes, else 0644."""
    program = head.startswith((b"#!/", b"#! /", b"\x7fELF"))
    return 0o755 if program or path.endswith(".sh") else 0o644


def has_windows_start(path: str, head: bytes) -> bool:
    """Say whether a script's first line ends in CRLF: the kernel then looks for an interpreter whose name ends in CR."""
    is_script = head.startswith(b"#!") or path.endswith(".sh")
    return is_script and head.partition(b"\n")[0].endswith(b"\r")


def inspect(path: str, checksum: str | None = None, required: Sequence[str] = REQUIRED, limits: Limits = DEFAULT_LIMITS) -> Archive:
    """Read a whole archive and return what it holds, or raise ArchiveError; nothing is written."""
    try:
        with open(path, "rb") as stream:
            return inspect_stream(stream, path, checksum, required, limits)
    except OSError as error:
        advice = "Check the path and its permissions."
        got = error.strerror or str(error)
        raise ArchiveError(path, "cannot read the archive", "a readable zip file", got, advice) from error


def inspect_stream(stream: BinaryIO, where: str, checksum: str | None, required: Sequence[str], limits: Limits) -> Archive:
    """Do the same for an archive that is open already; where names it in messages."""
    whole = hashlib.sha256()
    while block := stream.read(CHUNK):
        whole.update(block)
    _check_sum(where, checksum, whole.hexdigest())
    size = 0
    manifest: dict[str, str] = {}
    windows_scripts = []
    for path, chunks in read_files(stream, where, required, limits):
        content, head = hashlib.sha256(), b""
        for chunk in chunks:
            head = head or chunk
            content.update(chunk)
            size += len(chunk)
        manifest[path] = f"{mode_of(path, head):04o} {content.hexdigest()}"
        if has_windows_start(path, head):
            windows_scripts.append(path)
    return Archive(whole.hexdigest(), size, manifest, tuple(windows_scripts))


def unpack(path: str, destination: str, required: Sequence[str], limits: Limits) -> None:
    """Write an archive's files into an empty folder, durably; every check is made again on the way."""
    with open(path, "rb") as stream:
        for name, chunks in read_files(stream, path, required, limits):
            target = os.path.join(destination, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "xb") as out:
                head = b""
                for chunk in chunks:
                    head = head or chunk
                    out.write(chunk)
                os.fchmod(out.fileno(), mode_of(name, head))
                out.flush()
                os.fsync(out.fileno())


def _check_sum(where: str, expected: str | None, actual: str) -> None:
    if not expected:
        return
    if not re.fullmatch(r"[0-9a-fA-F]{64}", expected):
        advice = "Give what sha256sum prints, or no checksum."
        raise ArchiveError(where, "the checksum given is no sha256", "64 hexadecimal digits", ascii(expected), advice)
    if expected.lower() != actual:
        advice = "Copy the archive again, or give the sha256 of this one if it is the right one."
        raise ArchiveError(where, "the archive's sha256 is not the one given", expected.lower(), actual, advice)
