"""One backup from a repository becomes a local one: whole or not at all."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import listing
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import BackupError
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import fetch
from ansible_collections.rarebooks.platform.plugins.modules import backup_info
from burnable import Server
from memory_engine import PROJECT
from memory_repository import MemoryRepository


def test_a_fetched_backup_is_a_local_one(server: Server) -> None:
    identifier = server.found().backup
    shutil.rmtree(server.root / "backups")
    del server.engine.tags["web:1"]
    for tag in [tag for tag in server.engine.tags if tag.startswith(f"{PROJECT}-backup")]:
        del server.engine.tags[tag]
    manifest = server.fetch()
    backup = listing.get(str(server.root), identifier)
    assert listing.check(backup)[0] == manifest
    assert {image["tag"] for image in manifest.images.values()} <= server.engine.tags.keys()
    done = server.rollback(identifier, restore_database=True)
    assert not done.get("failed"), done["msg"]
    assert server.images["web"] == "web:1"
    assert server.databases["chat"] == 3


def test_a_damaged_one_never_comes_to_lie_there(server: Server) -> None:
    _one, files = server.repository.store.held[-1]
    dump = next(path for path in files if "/backup/dumps/" in path)
    files[dump] = files[dump] + b"x"
    shutil.rmtree(server.root / "backups")
    with pytest.raises(BackupError, match=r"snapshot \w{8} in sftp:me@store:/x: the backup in it is not whole: .* was changed"):
        server.fetch()
    assert server.found().backup not in [one.id for one in listing.find_all(str(server.root))]
    assert not list((server.root / "backups").glob(".sealing-*"))


def test_an_image_that_is_nowhere_is_told(server: Server) -> None:
    del server.engine.tags["web:1"]
    for tag in [tag for tag in server.engine.tags if tag.startswith(f"{PROJECT}-backup")]:
        del server.engine.tags[tag]
    server.repository.store.held = [(one, files) for one, files in server.repository.store.held if one.backup]
    with pytest.raises(BackupError, match=r"expected image web:1 \(sha256:\w{12}\) in it, got none"):
        server.fetch()


@pytest.mark.parametrize(
    ("host", "identifier", "told"),
    [
        ("shop", "20200101_000000", r"expected a snapshot of backup 20200101_000000 of shop, got \d{8}_\d{6}\."),
        ("other", "", r"expected a snapshot of other, got none and those of shop\."),
    ],
)
def test_what_there_is_is_told_where_there_is_no_such_one(server: Server, host: str, identifier: str, told: str) -> None:
    with pytest.raises(BackupError, match=told):
        fetch.find([server.repository], host, identifier)


@pytest.mark.parametrize("tag", ["../x", "/etc", "", ".", "20260101_000000/..", "20260101_000000\n", "previous"])
def test_a_tag_that_is_no_id_names_no_backup(server: Server, tag: str) -> None:
    before = server.found()
    one, files = server.repository.store.held[-1]
    assert one.id == before.snapshot.id
    server.repository.store.held.append((replace(one, id="f" * 64, tags=("rarebooks", f"backup:{tag}")), files))
    assert server.found() == before
    assert [found.backup for found in fetch.listed([server.repository])[0]] == [before.backup]


def test_one_that_is_of_another_backup_than_its_tag_says_is_refused(server: Server) -> None:
    one, files = server.repository.store.held[-1]
    server.repository.store.held[-1] = (replace(one, tags=("rarebooks", "backup:20200101_000000")), files)
    server.burn()
    with pytest.raises(BackupError, match=rf"expected one of backup 20200101_000000, as its tag says, got {one.backup}\."):
        server.restore()
    with pytest.raises(BackupError, match="as its tag says"):
        server.fetch()
    assert not server.root.exists()


def test_another_repository_that_cannot_be_reached_hides_nothing(server: Server) -> None:
    broken = MemoryRepository("sftp:me@gone:/x")
    broken.broken["snapshots"] = "unreachable"
    assert fetch.find([broken, server.repository], "shop").repository is server.repository
    found, errors = fetch.listed([broken, server.repository], "shop")
    assert [one.backup for one in found] == [server.found().backup]
    assert list(errors) == ["sftp:me@gone:/x"]
    with pytest.raises(BackupError, match="it is unreachable"):
        fetch.find([broken], "shop")


def test_a_fetched_one_that_is_not_whole_is_fetched_again(server: Server) -> None:
    """As where the power failed: the name is there, and not what it stands for."""
    backup = server.found().backup
    shutil.rmtree(server.root / "backups")
    server.fetch()
    place = server.root / "backups" / backup
    dump = place / "dumps" / "db.dump"
    for damage in (lambda: dump.write_bytes(b""), (place / "manifest.json").unlink):
        damage()
        server.fetch()
        assert listing.check(listing.get(str(server.root), backup))[0].id == backup
    server.repository.store.calls.clear()
    server.fetch()
    assert "restore" not in server.repository.store.calls


def test_backups_are_listed_with_those_elsewhere(settled: Server) -> None:
    listed = settled.call(backup_info, offsite=True, offsite_directory="/x")
    (one,) = listed["offsite"]
    assert (one["id"], one["repository"], listed["offsite_errors"]) == (settled.found().backup, "sftp:me@store:/x", {})
    settled.repository.broken["snapshots"] = "unreachable"
    listed = settled.call(backup_info, offsite=True, offsite_directory="/x")
    assert listed["offsite"] == [] and "unreachable" in listed["offsite_errors"]["sftp:me@store:/x"]
    assert len(listed["backups"]) == 1


def test_only_what_is_not_here_is_fetched(settled: Server) -> None:
    identifier = settled.found().backup
    shutil.rmtree(settled.root / "backups")
    told = settled.fetch_module(id=identifier, _ansible_check_mode=True)
    assert told["changed"] and "in sftp:me@store:/x" in told["source"] and told["size"] > 0
    assert listing.find_all(str(settled.root)) == []
    assert settled.fetch_module(id=identifier)["changed"]
    assert [one.id for one in listing.find_all(str(settled.root))] == [identifier]
    assert not settled.fetch_module(id=identifier)["changed"]
    for tag in [tag for tag, image in settled.engine.tags.items() if image == settled.engine.tags["web:1"]]:
        del settled.engine.tags[tag]
    assert settled.fetch_module(id=identifier)["changed"], "its image had been removed"
    assert not settled.fetch_module(id="previous")["changed"]
    settled.engine.tags.clear()
    assert not settled.fetch_module(id=identifier, images=False)["changed"], "a database needs no image"
    assert "got " + identifier in settled.fetch_module(id="20200101_000000")["msg"]
