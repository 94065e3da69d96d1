# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of archive entries: one form for all of them, and a refusal for each that could not be unpacked safely."""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from collections.abc import Sequence

from .._base.errors import PlatformError

REPACK = "Pack the source again, for example with 'ansible-playbook package.yml', and point to the new archive."

# Linux allows 255 bytes a name; Windows, where sources come from, 260 characters a path. The depth bounds the memory
# that a hostile archive can claim through its prefixes.
MAX_NAME = 255
MAX_PATH = 512
MAX_DEPTH = 32

# What no source consists of: as in a .gitignore, matched against each name at any depth, a trailing slash asks for a folder.
EXCLUDE = (".git", ".vs/", "bin/", "obj/", "node_modules/", "*.user")

_DRIVE = re.compile(r"[A-Za-z]:")
# Control characters, line and paragraph separators, bytes that are no text at all (surrogates), and what cannot be seen but
# changes how a name looks, such as a turn from right to left.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class ArchiveError(PlatformError):
    """A source is refused; the text says where, what, expected, got, and what to do next."""

    def __init__(self, where: str, what: str, expected: str, got: str, advice: str = REPACK) -> None:
        super().__init__(f"{where}: {what}. Expected {expected}, got {got}. {advice}")


def clean_name(where: str, raw: str) -> str:
    """Return an entry's path with forward slashes and without empty or '.' parts; empty for the archive's own root."""
    shown = ascii(raw)
    if any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in raw):
        raise ArchiveError(where, "a name holds a control or invisible character", "printable names", shown)
    name = raw.replace("\\", "/")
    if name.startswith("/") or _DRIVE.match(name):
        raise ArchiveError(where, "an entry has an absolute path", "paths relative to the archive's top", shown)
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ArchiveError(where, "an entry leaves the archive's folder", "paths without '..'", shown)
    path = "/".join(parts)
    longest = max((len(part.encode()) for part in parts), default=0)
    if longest > MAX_NAME or len(path.encode()) > MAX_PATH or len(parts) > MAX_DEPTH:
        raise ArchiveError(
            where,
            "an entry's path is too long",
            f"at most {MAX_PATH} bytes in {MAX_DEPTH} parts of {MAX_NAME} bytes",
            f"{len(path.encode())} bytes in {len(parts)} parts, beginning {raw[:60]!a}",
        )
    return path


def is_excluded(path: str, is_folder: bool, patterns: Sequence[str] = EXCLUDE) -> bool:
    """Say whether a path, or a folder above it, is one that is left out."""
    *folders, name = path.split("/")
    forms = [form for folder in folders for form in (folder, f"{folder}/")] + [name] + [f"{name}/"] * is_folder
    return any(fnmatch.fnmatchcase(form, pattern) for pattern in patterns for form in forms)


class Names:
    """The names met so far in one archive; refuses a name that cannot lie beside the others on every system."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._seen: dict[str, tuple[str, bool]] = {}

    def add(self, path: str, is_folder: bool) -> None:
        """Take a path and, implicitly, the folders above it."""
        parts = path.split("/")
        for length in range(1, len(parts) + 1):
            prefix = "/".join(parts[:length])
            kind = is_folder or length < len(parts)
            # Names that Windows or macOS hold for one file: whoever packed there never saw two.
            key = unicodedata.normalize("NFC", prefix).casefold()
            known = self._seen.get(key)
            if known is None:
                self._seen[key] = (prefix, kind)
                continue
            self._compare(known, (prefix, kind))

    def _compare(self, known: tuple[str, bool], new: tuple[str, bool]) -> None:
        both = f"{known[0]!a} and {new[0]!a}"
        if known[0] != new[0]:
            what = "two names differ only by upper and lower case, which are one file on Windows"
            raise ArchiveError(self._where, what, "names that differ otherwise", both)
        if known[1] != new[1]:
            what = "a name is a file and a folder at once"
            raise ArchiveError(self._where, what, "one or the other", ascii(new[0]))
        if not new[1]:
            raise ArchiveError(self._where, "a file is there twice", "each path once", ascii(new[0]))


def missing(paths: set[str], required: Sequence[str]) -> list[str]:
    """Return the required paths that are not there; one with a trailing slash asks for a folder with a file in it."""
    return [
        wanted for wanted in required if not (any(path.startswith(wanted) for path in paths) if wanted.endswith("/") else wanted in paths)
    ]


def wrapping_folder(where: str, paths: set[str], required: Sequence[str]) -> str:
    """Return the one top folder to strip, with its slash, or nothing; refuse where required paths are missing."""
    absent = missing(paths, required)
    if not absent:
        return ""
    tops = sorted({path.split("/", 1)[0] + ("/" if "/" in path else "") for path in paths})
    if len(tops) == 1 and tops[0].endswith("/"):
        inside = {path[len(tops[0]) :] for path in paths}
        absent = missing(inside, required)
        if not absent:
            return tops[0]
        tops = sorted({tops[0] + path.split("/", 1)[0] for path in inside})
    found = ", ".join(ascii(top) for top in tops[:10]) + (", ..." if len(tops) > 10 else "")
    raise ArchiveError(
        where,
        f"required paths are missing: {', '.join(absent)}",
        f"{', '.join(required)} at the top or inside one wrapping folder",
        found or "no files",
        "Pack the folder that holds them, for example with 'ansible-playbook package.yml'.",
    )
