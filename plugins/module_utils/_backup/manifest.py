# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a sealed backup consists of, and the file that says so.

``backups/<id>/manifest.json`` names every file with its SHA-256, and ``manifest.json.sha256`` seals the manifest itself in
the form that ``sha256sum --check`` reads. A single changed byte anywhere is found.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from typing import Any, TypedDict

from .._base import state
from .._base.errors import PlatformError
from .._base.files import read_if_exists, sha256
from .._release import description
from .._release.description import App, Release

FORMAT = 1
BACKUPS = "backups"
MANIFEST = "manifest.json"
SEAL = "manifest.json.sha256"
FILES = "files"
DUMPS = "dumps"
# Beside the files of a release made by hand, what a container had in the place of one that was replaced: to be looked at, and put in
# place by nobody, since the way back has every file as it lay there.
SERVED = "served"
ID = re.compile(r"\d{8}_\d{6}")
ID_TIME = "%Y%m%d_%H%M%S"


class BackupError(PlatformError):
    """A backup cannot be made or used; the message names the file."""


class _Format(TypedDict):
    format: int


class SealedFile(TypedDict, total=False):
    """A file of the tree, with size and hash, or with link."""

    mode: str
    uid: int
    gid: int
    size: int
    sha256: str
    link: str


class SealedImage(TypedDict):
    """The image of a container. A manifest says more of it."""

    name: str
    id: str
    tag: str


class SealedDatabase(TypedDict):
    """The database in a container."""

    name: str
    user: str
    schema_query: str
    schema: str
    dump: dict[str, Any] | None
    proof_seconds: float | None


class SealedDump(TypedDict):
    """A file below dumps/."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """Everything that made a release run. Times are ISO 8601 in UTC, sizes bytes."""

    format: int
    id: str
    created: str
    reason: str
    by: str
    commit: str
    project: str
    release: str
    # Path: mode, uid, gid, and size and sha256 or link.
    files: dict[str, dict[str, Any]]
    # Container: the name its image was asked for by, the image's id, the tag of ours that keeps it, Compose's digest of it.
    images: dict[str, dict[str, str]]
    # Container: name and user of its database, schema, dump (as _postgres.dump describes it, or null), proof seconds; with a dump
    # since 0.4.0 also the database's oid, the rows written to it before, and its position in the history of its cluster.
    databases: dict[str, dict[str, Any]]
    # Path below dumps/: size and sha256.
    dumps: dict[str, dict[str, Any]]
    # App: digest of the source its image was built from.
    sources: dict[str, str]
    description: Release
    # The containers that were running and healthy.
    serving: list[str]
    # Name: serial, issuer, names and end of each certificate that nginx read. Recorded, and never restored.
    certificates: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return sum(int(entry.get("size", 0)) for entries in (self.files, self.dumps) for entry in entries.values())

    @property
    def apps(self) -> tuple[App, ...]:
        return self.described.apps

    @property
    def described(self) -> Release:
        """Return what the release consists of. One made by hand was sealed by 0.3 with the description of the deploy that came after it."""
        if not self.by_hand or self.description.by_hand:
            return self.description
        return self.description.as_found(self.images, probes=False)

    def is_serving(self, app: App) -> bool:
        """Say whether all containers of an app were healthy when the backup was sealed."""
        return set(app.containers) <= set(self.serving)

    @property
    def by_hand(self) -> bool:
        """Say whether the release was made by other hands than ours, or is older than descriptions: then it says nothing of itself."""
        return description.FILE not in self.files

    @property
    def any_serving(self) -> bool:
        """Say whether there is anything to go back to that was healthy when it was sealed."""
        return any(self.is_serving(app) for app in self.apps) or (self.by_hand and bool(self.serving))

    @property
    def all_running(self) -> bool:
        """Say whether every container there was, was healthy."""
        return bool(self.images) and self.images.keys() <= set(self.serving)

    @property
    def all_serving(self) -> bool:
        return bool(self.apps) and all(self.is_serving(app) for app in self.apps)

    def summary(self) -> dict[str, Any]:
        """Return the manifest without its long lists; network and proxy are empty where it does not know them."""
        proxies = self.described.proxy.containers
        return {
            **self.to_dict(),
            "files": sorted(self.files),
            "dumps": sorted(self.dumps),
            "size": self.size,
            "by_hand": self.by_hand,
            "description": state.plain(self.described),
            "network": self.described.network if self.images.keys() >= set(proxies) else "",
            "proxy": (proxies or ("",))[0],
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the manifest as its file has it."""
        return {**asdict(self), "description": state.plain(self.description)}


def store(root: str) -> str:
    """Return the directory of a server's backups."""
    return os.path.join(root, BACKUPS)


def dump(manifest: Manifest) -> bytes:
    """Return a manifest's text."""
    return (json.dumps(manifest.to_dict(), indent=1, sort_keys=True) + "\n").encode()


def seal_of(content: bytes) -> bytes:
    """Return the text that seals a manifest."""
    return f"{sha256(content)}  {MANIFEST}\n".encode()


def load(directory: str) -> Manifest:
    """Read a backup's manifest, or refuse it."""
    path = os.path.join(directory, MANIFEST)
    content, seal = read_if_exists(path), read_if_exists(os.path.join(directory, SEAL))
    for name, found in ((MANIFEST, content), (SEAL, seal)):
        if found is None:
            raise BackupError(f"{directory}/{name} is missing: the backup is incomplete or was made by something else")
    if content is None or seal != seal_of(content):
        raise BackupError(f"{path} does not have the SHA-256 in {SEAL}: one of the two was damaged or changed")
    try:
        made_by = state.decode(content, _Format)["format"]
        if made_by != FORMAT:
            raise state.Misfit(f"expected format {FORMAT}, got {made_by}: it was made by another version")
        manifest = state.decode(content, Manifest)
        check_manifest(manifest)
    except state.Misfit as error:
        raise BackupError(f"{path}: {error}") from None
    name = os.path.basename(directory)
    if manifest.id != name:
        raise BackupError(
            f"{path} is that of backup {manifest.id}, not of {name}: the directory was renamed, or exchanged with another "
            "one. Give it its own name again"
        )
    return manifest


def check_manifest(manifest: Manifest) -> None:
    """Raise Misfit for what a manifest of ours never says, such as a path that leads out of the tree."""
    for where, shape in (("files", SealedFile), ("images", SealedImage), ("databases", SealedDatabase), ("dumps", SealedDump)):
        state.fit(getattr(manifest, where), dict[str, shape], where)  # type: ignore[valid-type]
    state.check_paths(manifest.files)
    state.check_paths(manifest.dumps)
    for path, entry in manifest.files.items():
        _check_file(path, entry)
    for container, entry in manifest.databases.items():
        dump = entry["dump"]
        file = None if dump is None else dump.get("file")
        if dump is not None and not any(path.split("/")[0] == file for path in manifest.dumps):
            raise state.Misfit(f"databases.{container}: its dump {file!r} is not among those of the backup")


def _check_file(path: str, entry: dict[str, Any]) -> None:
    content = {"link"} if "link" in entry else {"size", "sha256"}
    missing = sorted(({"mode", "uid", "gid"} | content) - entry.keys())
    if missing:
        raise state.Misfit(f"{path} has no {' and no '.join(missing)}")
    if not re.fullmatch("[0-7]{4}", entry["mode"]):
        raise state.Misfit(f"{path}: expected a mode of four octal digits, got {entry['mode']!r}")


def moment_of(identifier: str) -> datetime | None:
    """Return the moment that an id names; None where it is no time, such as month 99."""
    try:
        return datetime.strptime(identifier, ID_TIME).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
