"""A backup is read once: what was proven of it counts for as long as nothing is written to it, and no longer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import integrity
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.integrity import Dumps, verify
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import BackupError, Manifest
from ansible_collections.rarebooks.platform.plugins.module_utils._base.files import sha256
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import Release

FILE, DUMP = b"server {}\n", b"rows\n"


class Backup:
    """A backup of one file and one dump, and what is read of it."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.file, self.dump = root, root / "files/site.conf", root / "dumps/db.dump"
        for path, content in ((self.file, FILE), (self.dump, DUMP)):
            path.parent.mkdir()
            path.write_bytes(content)
        files = {"site.conf": {"mode": "0644", "uid": 0, "gid": 0, "size": len(FILE), "sha256": sha256(FILE)}}
        dumps = {"db.dump": {"size": len(DUMP), "sha256": sha256(DUMP)}}
        self.manifest = Manifest(1, root.name, "", "", "", "", "p", "", files, {}, {}, dumps, {}, Release(), [])
        self.read: list[str] = []
        measure = integrity.measure
        monkeypatch.setattr(integrity, "measure", lambda path: self.read.append(Path(path).name) or measure(path))  # type: ignore[func-returns-value]

    def verify(self, dumps: Dumps = Dumps.CONTENTS, known: str = "") -> str:
        self.read.clear()
        return verify(str(self.root), self.manifest, dumps, known)


@pytest.fixture
def backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backup:
    return Backup(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("dumps", "read"),
    [(Dumps.IGNORED, ["site.conf"]), (Dumps.SIZES, ["site.conf"]), (Dumps.CONTENTS, ["site.conf", "db.dump"])],
)
def test_dumps_are_read_only_where_that_is_asked_for(backup: Backup, dumps: Dumps, read: list[str]) -> None:
    mark = backup.verify(dumps)
    assert backup.read == read
    assert backup.verify(dumps, mark) == mark and backup.read == []


@pytest.mark.parametrize(("left", "complaint"), [(None, "is missing"), (b"r", "expected 5 bytes, got 1")])
def test_a_dump_that_is_missing_or_truncated_is_found_without_reading_it(backup: Backup, left: bytes | None, complaint: str) -> None:
    backup.dump.unlink()
    if left:
        backup.dump.write_bytes(left)
    with pytest.raises(BackupError, match=complaint):
        backup.verify(Dumps.SIZES)
    backup.verify(Dumps.IGNORED)


def test_a_proof_without_the_dumps_does_not_count_where_they_are_restored(backup: Backup) -> None:
    backup.dump.write_bytes(b"r0ws\n")
    mark = backup.verify(Dumps.SIZES)
    with pytest.raises(BackupError, match=r"db\.dump was changed: its SHA-256 is not the sealed one"):
        backup.verify(Dumps.CONTENTS, mark)


@pytest.mark.parametrize("part", ["file", "dump"])
def test_what_was_written_since_is_read_again(backup: Backup, part: str) -> None:
    """Also by somebody who hides it."""
    path: Path = getattr(backup, part)
    mark, before = backup.verify(), path.stat()
    path.write_bytes(path.read_bytes()[::-1])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(BackupError, match=f"{path} was changed"):
        backup.verify(known=mark)


def test_a_file_that_took_the_place_of_another_is_read(backup: Backup) -> None:
    mark, before = backup.verify(), backup.file.stat()
    other = backup.root / "other"
    other.write_bytes(FILE.upper())
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(backup.file)
    with pytest.raises(BackupError, match=r"site\.conf was changed"):
        backup.verify(known=mark)


def test_another_manifest_is_another_proof(backup: Backup) -> None:
    mark = backup.verify()
    backup.manifest.files["site.conf"]["sha256"] = sha256(b"other\n")
    with pytest.raises(BackupError, match=r"site\.conf was changed"):
        backup.verify(known=mark)
