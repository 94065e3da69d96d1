"""Manifests that somebody changed and sealed again, and folders that were exchanged: refused, listed as damaged, never acted upon."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils import _backup_list, _backup_prune, _release_live
from ansible_collections.rarebooks.platform.plugins.module_utils._backup_manifest import (
    MANIFEST,
    SEAL,
    BackupError,
    seal_of,
    store,
)
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
    return {one.id: one.damage for one in _backup_list.find_all(str(root))}


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
        (lambda data: data["databases"].update(db={"name": "a", "user": "a", "schema_query": "", "schema": "", "proof_seconds": None,
                                                   "dump": {"file": "../../x"}}), r"its dump '../../x' is not among those of the backup"),
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
        _backup_list.check(_backup_list.get(str(root), FIRST))
    assert "Nothing has been changed. Choose another backup" in str(refusal.value)
    assert [identifier for identifier, damage in listed(root).items() if damage] == [FIRST]
    _backup_list.check(_backup_list.get(str(root), SECOND))


def test_folders_that_were_exchanged_are_known_by_their_manifests(root: Path) -> None:
    backups = Path(store(str(root)))
    for source, target in ((FIRST, "x"), (SECOND, FIRST), ("x", SECOND)):
        (backups / source).rename(backups / target)
    for identifier, other in ((FIRST, SECOND), (SECOND, FIRST)):
        with pytest.raises(BackupError, match=f"is that of backup {other}, not of {identifier}: the directory was renamed, or exchanged"):
            _backup_list.check(_backup_list.get(str(root), identifier))


@pytest.mark.parametrize("name", ["20269999_999999", "00000000_000000"])
def test_a_folder_whose_name_is_no_time_is_damaged_and_stays(root: Path, name: str) -> None:
    (Path(store(str(root))) / name).mkdir()
    assert f"expected a time as its name, got {name}" in listed(root)[name]
    live = _release_live.read(str(root), PROJECT, Engine(str(root)))
    later = datetime.now(timezone.utc) + timedelta(days=9999)
    removed = _backup_prune.superfluous(_backup_list.find_all(str(root)), [], live.digest, _backup_prune.Rule(1, 0, 1 << 40), later)
    assert name not in removed


def test_a_pipe_in_place_of_a_file_is_not_waited_for(root: Path) -> None:
    path = Path(store(str(root))) / FIRST / "files/docker-compose.yml"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(BackupError, match=r"files/docker-compose\.yml is no file"):
        _backup_list.check(_backup_list.get(str(root), FIRST))
