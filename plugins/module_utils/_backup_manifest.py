# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a sealed backup consists of, and proof that it is whole.

``backups/<id>/manifest.json`` names every file with its SHA-256, and ``manifest.json.sha256`` seals the manifest itself in
the form that ``sha256sum --check`` reads. A single changed byte anywhere is found.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ansible_collections.rarebooks.platform.plugins.module_utils import _tree_plan
from ansible_collections.rarebooks.platform.plugins.module_utils._files import read_if_exists, sha256
from ansible_collections.rarebooks.platform.plugins.module_utils._tree_desired import File

FORMAT = 1
BACKUPS = "backups"
MANIFEST = "manifest.json"
SEAL = "manifest.json.sha256"
FILES = "files"
DUMPS = "dumps"
ID = re.compile(r"\d{8}_\d{6}")
CHUNK = 1 << 20
# Fields that manifests of 0.2 do not have.
LATER = ("certificates",)


class BackupError(Exception):
    """A backup cannot be made or used; the message names the file."""


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
    # Container: name and user of its database, schema, dump (as _postgres_dump describes it, or null), proof seconds.
    databases: dict[str, dict[str, Any]]
    # Path below dumps/: size and sha256.
    dumps: dict[str, dict[str, Any]]
    # App: digest of the source its image was built from.
    sources: dict[str, str]
    description: dict[str, Any]
    # The containers that were running and healthy.
    serving: list[str]
    # Name: serial, issuer, names and end of each certificate that nginx read. Recorded, and never restored.
    certificates: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return sum(int(entry.get("size", 0)) for entries in (self.files, self.dumps) for entry in entries.values())

    @property
    def apps(self) -> list[dict[str, Any]]:
        return list(self.description.get("apps", []))

    def is_serving(self, app: dict[str, Any]) -> bool:
        """Say whether all containers of an app were well when the backup was sealed."""
        return set(app["containers"]) <= set(self.serving)

    @property
    def all_serving(self) -> bool:
        return bool(self.apps) and all(self.is_serving(app) for app in self.apps)

    def summary(self) -> dict[str, Any]:
        """Return the manifest without its long lists; network and proxy are empty where it does not know them."""
        proxies = self.description.get("proxy", {}).get("containers", [])
        return {
            **asdict(self), "files": sorted(self.files), "dumps": sorted(self.dumps), "size": self.size,
            "network": self.description.get("network", "") if self.images.keys() >= set(proxies) else "",
            "proxy": (proxies or [""])[0],
        }


def store(root: str) -> str:
    """Return the directory of a server's backups."""
    return os.path.join(root, BACKUPS)


def dump(manifest: Manifest) -> bytes:
    """Return a manifest's text."""
    return (json.dumps(asdict(manifest), indent=1, sort_keys=True) + "\n").encode()


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
    stated = json.loads(content)
    if stated.get("format") != FORMAT:
        raise BackupError(f"{path}: expected format {FORMAT}, got {stated.get('format')!r}: it was made by another version")
    return Manifest(**{one.name: stated[one.name] for one in fields(Manifest) if one.name in stated or one.name not in LATER})


def verify(directory: str, manifest: Manifest, dumps: bool = True) -> None:
    """Compare every file of a backup with its manifest, all of them before anything is complained of."""
    wrong = [f"{directory}/{FILES}/{path} {complaint}"
             for path, entry in sorted(manifest.files.items())
             if "link" not in entry and (complaint := _complaint(os.path.join(directory, FILES, path), entry))]
    wrong += [f"{directory}/{DUMPS}/{path} {complaint}"
              for path, entry in sorted(manifest.dumps.items() if dumps else ())
              if (complaint := _complaint(os.path.join(directory, DUMPS, path), entry))]
    if wrong:
        raise BackupError("; ".join(wrong))


def _complaint(path: str, entry: dict[str, Any]) -> str:
    try:
        size, digest = measure(path)
    except FileNotFoundError:
        return "is missing"
    if size != entry["size"]:
        return f"was changed or truncated: expected {entry['size']} bytes, got {size}"
    return "" if digest == entry["sha256"] else "was changed: its SHA-256 is not the sealed one"


def measure(path: str) -> tuple[int, str]:
    """Return size and SHA-256 of a file of any size."""
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as stream:
        while block := stream.read(CHUNK):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


def kept_owned(directory: str) -> dict[str, _tree_plan.Owned]:
    """Return which files of the release were ours."""
    path = os.path.join(directory, FILES, _tree_plan.MANIFEST)
    content = read_if_exists(path)
    return {} if content is None else _tree_plan.load_manifest(path, content)


def kept_files(directory: str, manifest: Manifest) -> list[KeptFile]:
    """Return the files of the release, without the list of those that are ours, which the tree writes itself."""
    owned = kept_owned(directory)
    kept = []
    for path, entry in sorted(manifest.files.items()):
        if path == _tree_plan.MANIFEST:
            continue
        data = b"" if "link" in entry else read_if_exists(os.path.join(directory, FILES, path)) or b""
        mode = int(entry["mode"], 8)
        # What we wrote is shown by the text it was made from; what else nobody but its owner could read is not shown.
        source = owned[path].source if path in owned else None
        private = source is None and mode & 0o077 == 0 and "link" not in entry
        kept.append(KeptFile(path, data.decode(errors="replace") if source is None else source, data, private,
                             mode, entry["uid"], entry["gid"], entry.get("link")))
    return kept
