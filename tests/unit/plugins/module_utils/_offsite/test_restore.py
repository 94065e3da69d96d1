"""A whole server comes back onto a bare one, also where a run is killed on the way, and nothing else goes on meanwhile."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import BackupError
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import fetch, snapshot, staging
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import restore as offsite_restore
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.restore import Restore, put
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.settings import Settings
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger, restoring
from burnable import PICTURES, Server
from memory_engine import PROJECT
from memory_repository import MemoryRepository


def test_a_bare_server_is_as_the_other_one_was(server: Server) -> None:
    backup = server.found().backup
    before = server.ledger
    server.burn()
    assert server.restore().brought == ["files", f"volume {PICTURES}"]
    assert (server.pictures / "one").read_text() == "a picture"
    assert (server.root / ".secrets.json").read_text() == '{"chat": "hush"}'
    assert (server.root / "letsencrypt" / "account").read_text() == "me"
    assert (server.base / "certificates" / "live" / "chain").read_text() == "a chain"
    assert server.ledger == before[:1]
    assert server.engine.running == {}
    done = server.rollback(backup, restore_database=True)
    assert not done.get("failed"), done["msg"]
    assert server.images == {"db": "postgres:15", "nginx": "nginx:1", "web": "web:1"}
    assert server.databases == {"chat": 3}
    assert server.engine.called("ALTER ROLE keeper"), "nobody's roles but those of the other one are here"
    assert restoring.read(str(server.root)) is None
    assert [entry[1] for entry in server.ledger] == ["deployed", "rolled back"]


def test_databases_are_full_before_any_app_starts(server: Server) -> None:
    backup = server.found().backup
    server.burn()
    server.restore()
    server.engine.events.clear()
    started = []
    original: Callable[..., Any] = server.engine.make

    def make(name: str, *given: Any, **settings: Any) -> Any:
        started.append((name, server.databases.get("chat")))
        return original(name, *given, **settings)

    server.engine.make = make  # type: ignore[method-assign]
    assert not server.rollback(backup, restore_database=True).get("failed")
    assert ("web", 3) in started
    assert ("web", 0) not in started


def test_a_restore_that_is_killed_goes_on_where_it_was(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = server.found().backup
    server.burn()
    for name in ("_bring_volume", "_bring_files"):
        with monkeypatch.context() as patch:
            patch.setattr(Restore, name, lambda *_given: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                server.restore()
        if name == "_bring_volume":
            assert restoring.read(str(server.root)).done == ["files"]  # type: ignore[union-attr]
            break
    assert server.restore().brought == [f"volume {PICTURES}"]
    assert server.restore().brought == []
    # The switch is killed when the databases are full, and the apps not started yet.
    with monkeypatch.context() as patch:
        patch.setattr(
            "ansible_collections.rarebooks.platform.plugins.module_utils._switch.switch.up",
            lambda *_given: (_ for _ in ()).throw(RuntimeError("killed")),
        )
        assert server.rollback(backup, restore_database=True)["failed"]
    assert restoring.read(str(server.root)) is not None
    server.give_back()
    done = server.rollback(backup, restore_database=True)
    assert not done.get("failed"), done["msg"]
    assert server.databases["chat"] == 3
    assert restoring.read(str(server.root)) is None


def test_a_snapshot_without_a_dump_is_restored_too(server: Server) -> None:
    server.engine.containers.get("db").stop()
    server.snapshot()
    backup = server.found().backup
    server.burn()
    assert server.restore().brought == ["files", f"volume {PROJECT}_chat_data", f"volume {PICTURES}"]
    done = server.rollback(backup, restore_database=True)
    assert not done.get("failed"), done["msg"]
    assert server.images.keys() == {"db", "nginx", "web"}
    assert restoring.read(str(server.root)) is None


def test_an_app_that_was_ill_there_is_not_waited_for_here(server: Server) -> None:
    web = server.engine.running["web"]
    server.engine.turns_out[web["Image"]] = "unhealthy"
    web["State"]["Health"] = {"Status": "unhealthy"}
    server.snapshot()
    backup = server.found().backup
    server.burn()
    server.restore()
    done = server.rollback(backup, restore_database=True)
    assert not done.get("failed"), done["msg"]
    assert "web" in server.images
    assert server.databases == {"chat": 3}
    (note,) = [note for note in done["notes"] if "was not waited for" in note]
    assert note.startswith(f"Chat did not serve when backup {backup} was sealed")
    assert restoring.read(str(server.root)) is None
    # Who goes back by choice wants it to serve.
    server.image(3)
    server.deploy(3)
    assert server.rollback(backup)["result"] == "restored"


def test_a_rollback_that_asks_for_databases_still_needs_dumps(server: Server) -> None:
    run = server.run()
    sealed = server.seal(run, databases="off")
    assert "holds no dump of a database" in server.rollback(sealed["id"], restore_database=True)["msg"]


def test_one_that_serves_already_is_no_longer_being_restored(server: Server) -> None:
    """Such as where its run was cut off after its release had been proven."""
    server.engine.containers.get("db").stop()
    server.snapshot()
    backup = server.found().backup
    server.burn()
    server.restore()
    note = restoring.read(str(server.root))
    assert note is not None
    assert not server.rollback(backup, restore_database=True).get("failed")
    restoring.write(str(server.root), note)
    done = server.switch(server.run("rollback"), to=backup, restore_database=True)
    assert not done.get("failed"), done["msg"]
    assert done["started"] == []
    assert restoring.read(str(server.root)) is None


@pytest.mark.parametrize("moment", ["_data", "backup"])
def test_a_restore_that_is_killed_right_before_a_name_goes_on(server: Server, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    backup = server.found().backup
    server.burn()
    rename = os.rename

    def killed(source: str, place: str) -> None:
        if place.endswith(f"/backups/{backup}" if moment == "backup" else "_data"):
            raise KeyboardInterrupt
        rename(source, place)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            server.restore()
    assert f"volume {PICTURES}" in server.restore().brought
    assert (server.pictures / "one").read_text() == "a picture"


def test_nothing_has_its_name_or_is_noted_before_it_is_on_the_disk(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    done = []
    rename, write, restore = os.rename, restoring.write, server.repository.restore

    def renamed(source: str, place: str) -> None:
        rename(source, place)
        if os.path.basename(place) in (backup, "_data") and ".sealing" not in place:
            done.append(os.path.basename(place))

    def noted(root: str, note: restoring.Restoring) -> None:
        write(root, note)
        done.append("note")

    def restored(*given: Any) -> None:
        restore(*given)
        done.append("restore")

    backup = server.found().backup
    server.burn()
    monkeypatch.setattr(os, "rename", renamed)
    monkeypatch.setattr(os, "sync", lambda: done.append("sync"))
    monkeypatch.setattr(restoring, "write", noted)
    monkeypatch.setattr(server.repository, "restore", restored)
    server.restore()
    fetched = ["restore", "sync", backup]
    assert done == ["note", *fetched, "restore", "sync", "note", "restore", "sync", "_data", "sync", "note"]


def test_a_server_that_serves_is_not_gone_over(server: Server) -> None:
    with pytest.raises(BackupError, match=r"got container db, container nginx, container web, volume \w+_chat_data, .*release.json"):
        server.restore()
    assert restoring.read(str(server.root)) is None


def test_one_that_keeps_its_things_elsewhere_is_refused(server: Server) -> None:
    server.burn()
    told = fetch.contents_of(server.found(), server.settings.staging)
    other = Settings(**{**server.settings.__dict__, "path": "/srv/other"})
    with pytest.raises(BackupError, match=r"stack_path: expected .*/stack, as the server had it, got /srv/other"):
        offsite_restore.require_same(other, told, server.found())


def test_nothing_else_goes_on_until_it_serves(server: Server) -> None:
    root = str(server.root)
    assert restoring.refusal(root, "deploy") == ""
    restoring.write(root, restoring.Restoring("20260101_000000", "a", "sftp:x"))
    assert "Run ansible-playbook restore_server.yml again" in restoring.refusal(root, "deploy")
    assert restoring.refusal(root, "restore") == ""
    with pytest.raises(snapshot.staging.PlatformError, match="has not ended"):
        staging.stage(server.settings, server.engine.client, snapshot.datetime.now(snapshot.timezone.utc))


def test_no_other_backup_is_gone_back_to_until_it_serves(settled: Server) -> None:
    older = settled.found().backup
    settled.snapshot()
    newer = settled.found().backup
    settled.burn()
    settled.restore()
    fetch.fetch(settled.engine.client, str(settled.root), settled.found(older))
    said = settled.rollback(older, restore_database=True)
    assert (said["result"], settled.images) == ("refused", {})
    assert f"has not ended (backup {newer})" in said["msg"]
    for identifier in (older, "previous"):
        assert "has not ended" in settled.fetch_module(id=identifier)["msg"]
    said = settled.rollback(newer)
    assert "has not ended" in said["msg"], "its databases would stay empty"
    assert restoring.read(str(settled.root)) is not None
    assert not settled.fetch_module(id=newer).get("failed")
    assert not settled.rollback(newer, restore_database=True).get("failed")
    assert not settled.rollback(older).get("failed")


def test_a_ledger_goes_on(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ledger.jsonl"
    theirs.write_text('{"run": "a"}\n{"run": "b"}')
    ours.write_text('{"run": "c"}\n')
    for _time in range(2):
        offsite_restore.carry_on(str(theirs), str(ours))
        assert [json.loads(line)["run"] for line in ours.read_text().splitlines()] == ["a", "b", "c"]
    assert ledger.FILE == "ledger.jsonl"


def test_what_is_put_keeps_modes_and_links(tmp_path: Path) -> None:
    source, place = tmp_path / "source", tmp_path / "place"
    (source / "archive").mkdir(parents=True)
    (source / "archive" / "key").write_text("new")
    (source / "archive" / "key").chmod(0o600)
    (source / "live").symlink_to("archive")
    place.mkdir()
    (place / "live").symlink_to("elsewhere")
    (place / "other").write_text("stays")
    put(str(source), str(place))
    assert (place / "live" / "key").read_text() == "new"
    assert (place / "archive" / "key").stat().st_mode & 0o777 == 0o600
    assert (place / "other").read_text() == "stays"


def test_another_one_is_chosen_where_the_newest_is_damaged(settled: Server) -> None:
    older = settled.found().backup
    settled.engine.containers.get("db").stop()
    settled.snapshot()  # Of which the volume of the database comes, too.
    newer = settled.found().backup
    settled.burn()
    settled.repository.store.held[-1][1][f"{settled.settings.staging}/backup/manifest.json"] += b" "
    assert "is not whole" in settled.restore_module()["msg"]
    note = restoring.read(str(settled.root))
    assert note is not None and note.backup == newer
    settled.engine.client.volumes.create(f"{PROJECT}_chat_data")
    note.done = ["files", f"volume {PROJECT}_chat_data"]
    restoring.write(str(settled.root), note)
    done = settled.restore_module(id=older)
    assert (done.get("backup"), done.get("brought")) == (older, ["files", f"volume {PICTURES}"]), done
    assert settled.engine.volume_names == {PICTURES}
    note = restoring.read(str(settled.root))
    assert note is not None and note.backup == older
    assert not settled.restore_module()["changed"], "it goes on with that one"
    assert not settled.rollback(older, restore_database=True).get("failed")
    assert settled.databases == {"chat": 3}


def test_another_one_does_not_go_over_a_release_that_was_made_live(settled: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    older = settled.found().backup
    settled.snapshot()
    newer = settled.found().backup
    settled.burn()
    settled.restore()
    with monkeypatch.context() as patch:
        patch.setattr(
            "ansible_collections.rarebooks.platform.plugins.module_utils._switch.switch.up",
            lambda *_given: (_ for _ in ()).throw(RuntimeError("killed")),
        )
        assert settled.rollback(newer, restore_database=True)["failed"]
    settled.give_back()
    said = settled.restore_module(id=older)["msg"]
    assert f"got {older}. Nothing has been changed." in said and "docker rm -f db" in said
    assert settled.databases["chat"] == 3
    note = restoring.read(str(settled.root))
    assert note is not None and note.backup == newer


def test_what_one_repository_has_damaged_comes_from_the_next(settled: Server) -> None:
    settled.stores["/mnt/disk"] = MemoryRepository("/mnt/disk", deepcopy(settled.repository.store))
    settled.settings = replace(settled.settings, repositories=(settled.repository.location, "/mnt/disk"))
    settled.damage(settled.repository)
    settled.burn()
    done = settled.restore_module()
    assert not done.get("failed"), done["msg"]
    assert done["source"].endswith("in /mnt/disk")
    assert done["brought"] == ["files", f"volume {PICTURES}"]
    assert "the backup in it is not whole" in settled.warnings[-1] and "It came from /mnt/disk instead." in settled.warnings[-1]
    note = restoring.read(str(settled.root))
    assert note is not None and note.repository == "/mnt/disk"
    settled.burn()
    settled.damage(settled.stores["/mnt/disk"])
    said = settled.restore_module()["msg"]
    assert said.count("the backup in it is not whole") == 2


def test_an_older_one_is_not_taken_for_the_newest(settled: Server) -> None:
    settled.stores["/mnt/disk"] = MemoryRepository("/mnt/disk")
    settled.stores["/mnt/disk"].broken["snapshots"] = "unreachable"
    settled.settings = replace(settled.settings, repositories=("/mnt/disk", settled.repository.location))
    one = settled.found()
    settled.burn()
    said = settled.restore_module()["msg"]
    assert "got none of /mnt/disk. The newest one elsewhere is snapshot" in said
    assert f"{one.snapshot.created:%Y-%m-%dT%H:%M:%SZ}: backup {one.backup}." in said
    assert "Repository /mnt/disk: it is unreachable." in said
    assert said.endswith(f"add -e restore_backup={one.backup} to take that one, then run: ansible-playbook restore_server.yml")
    assert restoring.read(str(settled.root)) is None
    assert settled.restore_module(id=one.backup)["changed"], "it was asked for"
    assert not settled.restore_module().get("failed"), "it was begun with"
