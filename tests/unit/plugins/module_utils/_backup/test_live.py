# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is sealed where a switch was cut off: the release it began with, and never a mixture."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import live as backup_live
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import seal
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.integrity import verify
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import BackupError, Manifest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.seal import Occasion
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import replaced
from ansible_collections.rarebooks.platform.plugins.module_utils._release import journal
from ansible_collections.rarebooks.platform.plugins.module_utils._release import live as release_live
from ansible_collections.rarebooks.platform.plugins.module_utils._release.journal import Journal
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger
from backup_support import NOON, PROJECT, Engine, description, sealed

RUN = {"token": "dead"}


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    (tmp_path / "docker-compose.yml").write_text("services: {}\n")
    engine = Engine(str(tmp_path))
    engine.run("web", "web:1", "sha256:" + "1" * 64)
    return engine


@pytest.fixture
def before(tmp_path: Path, engine: Engine) -> Manifest:
    """A backup with which a switch began that was cut off with files and containers of both releases."""
    manifest = sealed(tmp_path, engine)
    journal.write(str(tmp_path), Journal(RUN, manifest.id, ["web"]))
    (tmp_path / "docker-compose.yml").write_text("services: {new: {}}\n")
    engine.run("web", "web:2", "sha256:" + "2" * 64, health="unhealthy")
    return manifest


def seal_again(root: Path, engine: Engine) -> Manifest:
    live = backup_live.read(str(root), PROJECT, engine, description("web"))
    return seal.seal(live, Occasion("a test", PROJECT), engine, {}, lambda: NOON + timedelta(hours=1))[0]


def test_the_release_before_is_sealed_again(tmp_path: Path, engine: Engine, before: Manifest) -> None:
    again = seal_again(tmp_path, engine)
    assert again.id != before.id
    assert (again.release, again.files, again.serving) == (before.release, before.files, before.serving)
    assert again.images["web"]["id"] == before.images["web"]["id"]
    kept = tmp_path / "backups" / again.id / "files/docker-compose.yml"
    assert kept.read_text() == "services: {}\n"


def test_who_answers_is_who_answers_now(tmp_path: Path, engine: Engine, before: Manifest) -> None:
    live = backup_live.read(str(tmp_path), PROJECT, engine)
    assert live.serving == {"web"} and live.answering == frozenset()


def test_a_switch_that_was_proven_has_ended(tmp_path: Path, engine: Engine, before: Manifest) -> None:
    ledger.append(str(tmp_path), ledger.entry(RUN, "deployed", 1.0))
    assert seal_again(tmp_path, engine).release != before.release


@pytest.mark.parametrize("backup", ["", "gone"])
def test_without_a_whole_backup_nothing_is_guessed(tmp_path: Path, engine: Engine, before: Manifest, backup: str) -> None:
    if not backup:
        journal.write(str(tmp_path), Journal(RUN, "", ["web"]))
        live = backup_live.read(str(tmp_path), PROJECT, engine)
        assert live.digest == release_live.read(str(tmp_path), PROJECT, engine).digest
        return
    (tmp_path / "backups" / before.id / "files/docker-compose.yml").unlink()
    with pytest.raises(BackupError, match=r"is missing. A switch was cut off that began with this backup. Nothing has been changed"):
        backup_live.read(str(tmp_path), PROJECT, engine)


@pytest.mark.parametrize("ours", [False, True])
def test_of_a_file_that_was_replaced_while_it_was_mounted_both_are_kept(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch, ours: bool
) -> None:
    """What lies there is what its owner wants next, and what comes back byte for byte; what is served may be nowhere else."""
    for name, text in (("nginx/nginx_prod.conf", "new"), ("7/etc/nginx/nginx.conf", "old"), ("7/etc/motd", "of before")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    if ours:
        (tmp_path / "release.json").write_text("{}")
    monkeypatch.setattr(replaced, "INSIDE", f"{tmp_path}/{{}}")
    engine.running["web"]["State"]["Pid"] = 7
    engine.running["web"]["Mounts"] = [
        {"Type": "bind", "Source": f"{tmp_path}/nginx/nginx_prod.conf", "Destination": "/etc/nginx/nginx.conf"},
        # Of the server, and not of the release.
        {"Type": "bind", "Source": "/etc/hostname", "Destination": "/etc/motd"},
    ]
    live = backup_live.read(str(tmp_path), PROJECT, engine, description("web"))
    manifest, told = seal.seal(live, Occasion("a test", PROJECT), engine, {}, lambda: NOON)
    backup = tmp_path / "backups" / manifest.id
    if ours:  # A release of ours has its directory mounted.
        assert told == [] and not (backup / "served").exists()
        return
    assert (backup / "files/nginx/nginx_prod.conf").read_text() == "new" and set(manifest.files) >= {"nginx/nginx_prod.conf"}
    assert {path.relative_to(backup / "served"): path.read_text() for path in (backup / "served").rglob("*.*")} == {
        Path("nginx/nginx_prod.conf"): "old"
    }
    assert len(told) == 1 and f"Backup {manifest.id} has both" in told[0] and "as served/nginx/nginx_prod.conf the one" in told[0]
    verify(str(backup), manifest)
