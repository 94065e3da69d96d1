# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of a release as a backup keeps them, to be brought back with the mode, owner and link they had."""

from __future__ import annotations

import os
from dataclasses import dataclass

from .._base.files import read_if_exists
from .._tree import plan
from .._tree.desired import File, TreeError
from .manifest import FILES, BackupError, Manifest


@dataclass(frozen=True)
class KeptFile(File):
    """A file of the tree as a backup keeps it, with the mode, owner and link it had."""

    kept_mode: int = 0
    kept_uid: int = 0
    kept_gid: int = 0
    link: str | None = None

    @property
    def mode(self) -> int:
        return self.kept_mode

    @property
    def uid(self) -> int:
        return self.kept_uid

    @property
    def gid(self) -> int | None:
        return self.kept_gid

    @property
    def target(self) -> str | None:
        return self.link


def kept_owned(directory: str) -> dict[str, plan.Owned]:
    """Return which files of the release were ours."""
    path = os.path.join(directory, FILES, plan.MANIFEST)
    content = read_if_exists(path)
    try:
        return {} if content is None else plan.load_manifest(path, content)
    except TreeError as error:
        raise BackupError(f"{error}. Choose another backup") from None


def kept_files(directory: str, manifest: Manifest) -> list[KeptFile]:
    """Return the files of the release, without the list of those that are ours, which the tree writes itself."""
    owned = kept_owned(directory)
    kept = []
    for path, entry in sorted(manifest.files.items()):
        if path == plan.MANIFEST:
            continue
        data = b"" if "link" in entry else read_if_exists(os.path.join(directory, FILES, path)) or b""
        mode = int(entry["mode"], 8)
        # What we wrote is shown by the text it was made from; what else nobody but its owner could read is not shown.
        source = owned[path].source if path in owned else None
        private = source is None and mode & 0o077 == 0 and "link" not in entry
        kept.append(
            KeptFile(
                path,
                data.decode(errors="replace") if source is None else source,
                data,
                private,
                mode,
                entry["uid"],
                entry["gid"],
                entry.get("link"),
            )
        )
    return kept
