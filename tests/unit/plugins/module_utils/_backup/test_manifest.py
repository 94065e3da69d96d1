"""Manifests that somebody changed and sealed again, and folders that were exchanged: refused, listed as damaged, never acted upon."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import listing, prune, seal
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.databases import Dumping, Policy
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.integrity import Dumps, verify
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import MANIFEST, SEAL, BackupError, seal_of, store
from ansible_collections.rarebooks.platform.plugins.module_utils._base.files import sha256
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import Database
from ansible_collections.rarebooks.platform.plugins.module_utils._release import live as release_live
from backup_support import NOON, PROJECT, Engine, sealed

Change = Callable[[dict[str, Any]], Any]
FIRST, SECOND = "20261124_120000", "20261124_130000"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a server with two backups of two releases."""
    engine = Engine(str(tmp_path))
    engine.run("web", "web:1", "sha256:" + "1" * 64)
    for hour in range(2):
        (tmp_path / "docker-compose.yml").write_text(f"services: {{}} # {hour}\n")
        sealed(tmp_path, engine, NOON + timedelta(hours=hour))
    return tmp_path


def change(root: Path, what: Change) -> None:
    """Change the manifest of the first backup, and seal it again as sha256sum would."""
    directory = Path(store(str(root))) / FIRST
    data = json.loads((directory / MANIFEST).read_text())
    what(data)
    content = json.dumps(data).encode()
    (directory / MANIFEST).write_bytes(content)
    (directory / SEAL).write_bytes(seal_of(content))


def listed(root: Path) -> dict[str, str]:
    return {one.id: one.damage for one in listing.find_all(str(root))}


ENTRY = {"mode": "0644", "uid": 0, "gid": 0, "size": 0, "sha256": ""}


@pytest.mark.parametrize(
    ("what", "complaint"),
    [
        (lambda data: data["files"].update({"../../outside": ENTRY}), "leads out of its directory"),
        (lambda data: data["files"].update({"/etc/cron.d/x": ENTRY}), "not a normalised relative path"),
        (lambda data: data["files"].update({"nginx": {**ENTRY, "link": "/etc"}, "nginx/x": ENTRY}), "lies below 'nginx'"),
        (lambda data: data["files"].update({"x": {"mode": "0644", "uid": 0, "gid": 0}}), "x has no sha256 and no size"),
        (lambda data: data["files"].update({"x": {**ENTRY, "mode": "rw"}}), "expected a mode of four octal digits"),
        (lambda data: data["files"].update({"x": {**ENTRY, "uid": "root"}}), r"files\.x\.uid: expected a whole number, got a text"),
        (lambda data: data["dumps"].update({"../x": {"size": 0, "sha256": ""}}), "leads out of its directory"),
        (
            lambda data: data["databases"].update(
                db={"name": "a", "user": "a", "schema_query": "", "schema": "", "proof_seconds": None, "dump": {"file": "../../x"}}
            ),
            r"its dump '../../x' is not among those of the backup",
        ),
        (lambda data: data["databases"].update(db={"name": "a"}), r"databases\.db has no dump and no proof_seconds and no schema"),
        (lambda data: data["images"]["web"].pop("id"), r"images\.web has no id"),
        (lambda data: data.pop("images"), "it has no images"),
        (lambda data: data.update(serving="web"), "serving: expected a list, got a text"),
        (lambda data: data.update(description={"apps": [{"name": "a"}]}), r"description\.apps\[0\] has no containers"),
        (lambda data: data.update(format=2), "expected format 1, got 2"),
        (lambda data: data.update(format="1"), "format: expected a whole number"),
        (lambda data: data.clear(), "it has no format"),
    ],
)
def test_a_manifest_that_ours_never_says_is_refused_and_blocks_no_other_backup(root: Path, what: Change, complaint: str) -> None:
    change(root, what)
    with pytest.raises(BackupError, match=complaint) as refusal:
        listing.check(listing.get(str(root), FIRST))
    assert "Nothing has been changed. Choose another backup" in str(refusal.value)
    assert [identifier for identifier, damage in listed(root).items() if damage] == [FIRST]
    listing.check(listing.get(str(root), SECOND))


def test_folders_that_were_exchanged_are_known_by_their_manifests(root: Path) -> None:
    backups = Path(store(str(root)))
    for source, target in ((FIRST, "x"), (SECOND, FIRST), ("x", SECOND)):
        (backups / source).rename(backups / target)
    for identifier, other in ((FIRST, SECOND), (SECOND, FIRST)):
        with pytest.raises(BackupError, match=f"is that of backup {other}, not of {identifier}: the directory was renamed, or exchanged"):
            listing.check(listing.get(str(root), identifier))


@pytest.mark.parametrize("name", ["20269999_999999", "00000000_000000"])
def test_a_folder_whose_name_is_no_time_is_damaged_and_stays(root: Path, name: str) -> None:
    (Path(store(str(root))) / name).mkdir()
    assert f"expected a time as its name, got {name}" in listed(root)[name]
    live = release_live.read(str(root), PROJECT, Engine(str(root)))
    later = datetime.now(timezone.utc) + timedelta(days=9999)
    removed = prune.expired(listing.find_all(str(root)), [], live.digest, prune.Rule(1, 0, 1 << 40), later)
    assert name not in removed


def test_a_pipe_in_place_of_a_file_is_not_waited_for(root: Path) -> None:
    path = Path(store(str(root))) / FIRST / "files/docker-compose.yml"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(BackupError, match=r"files/docker-compose\.yml is no file"):
        listing.check(listing.get(str(root), FIRST))


def test_a_changed_dump_is_found_where_dumps_are_asked_for(root: Path) -> None:
    directory = Path(store(str(root))) / FIRST
    (directory / "dumps/db.dump").write_bytes(b"rows")
    change(root, lambda data: data["dumps"].update({"db.dump": {"size": 4, "sha256": sha256(b"rows")}}))
    manifest, _mark = listing.check(listing.get(str(root), FIRST))
    (directory / "dumps/db.dump").write_bytes(b"r0ws")
    with pytest.raises(BackupError, match=r"dumps/db\.dump was changed: its SHA-256 is not the sealed one"):
        listing.check(listing.get(str(root), FIRST))
    verify(str(directory), manifest, Dumps.IGNORED)  # To go back after a failed switch needs no dump.


class Recorder:
    """What is renamed, removed, and made durable, in its order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps: list[tuple[str, str]] = []
        fsync, rename, rmtree = os.fsync, os.rename, shutil.rmtree

        def synced(descriptor: int) -> None:
            self.steps.append(("sync", os.path.realpath(f"/proc/self/fd/{descriptor}")))
            fsync(descriptor)

        def renamed(source: str, target: str) -> None:
            self.steps.append(("rename", os.path.basename(target)))
            rename(source, target)

        def removed(path: str, **options: Any) -> None:
            self.steps.append(("remove", os.path.basename(path)))
            rmtree(path, **options)

        monkeypatch.setattr(os, "fsync", synced)
        monkeypatch.setattr(os, "rename", renamed)
        monkeypatch.setattr(shutil, "rmtree", removed)


def test_every_directory_of_a_backup_is_durable_before_it_is_one_and_its_name_after(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "nginx/sites").mkdir(parents=True)
    (root / "nginx/sites/a.conf").write_text("server {}\n")
    backups = os.path.realpath(store(str(root)))
    recorder = Recorder(monkeypatch)
    identifier = sealed(root, Engine(str(root)), NOON + timedelta(hours=2)).id
    became = recorder.steps.index(("rename", identifier))
    work = f"{backups}/.sealing-{identifier}"
    # The last of what was written into each directory comes before the directory itself is synced.
    for part in ("", "/files", "/files/nginx", "/files/nginx/sites", "/dumps"):
        assert ("sync", work + part) in recorder.steps[became - 5 : became], part
    assert recorder.steps[became + 1] == ("sync", backups)


def test_a_backup_that_is_removed_has_lost_its_name_for_good_before_its_files_go(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backups = os.path.realpath(store(str(root)))
    recorder = Recorder(monkeypatch)
    prune.remove(backups, FIRST)
    assert recorder.steps == [("rename", f".removing-{FIRST}"), ("sync", backups), ("remove", f".removing-{FIRST}")]


def test_the_proof_of_a_dump_needs_room_where_docker_keeps_its_data(root: Path) -> None:
    engine = Engine("/somewhere/docker")
    live = release_live.read(str(root), PROJECT, engine)
    dumping = {name: Dumping(Database(name, "d", "u"), size, Policy()) for name, size in (("small", 1 << 20), ("large", 5 << 20))}
    needs = seal.needs_of(engine, live, dumping)
    assert needs["/somewhere/docker"] == 5 << 20 and needs[store(str(root))] > 6 << 20
