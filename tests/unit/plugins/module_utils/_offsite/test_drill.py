"""A drill proves what is elsewhere, says what it found, and leaves nothing behind, also where it fails or was killed."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import PlatformError
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import drill, fetch, records, work
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.drill import Drill, compared, part_of
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.settings import Settings
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import DatabaseError
from memory_engine import PROJECT, Engine
from memory_repository import MemoryRepository

HOST, BACKUP_ID = "shop", "20261124_083000"
PICTURE = "/volumes/pictures/_data/one"


DUMP = {"file": "db.dump", "format": "custom", "size": 3, "seconds": 1.0, "tables": {"public.a": 3, "public.b": 0}}


def sealed(dump: dict[str, Any] | None) -> SimpleNamespace:
    """Return as much of a manifest as a drill asks for."""
    database = {"name": "chat", "user": "postgres", "schema_query": "", "dump": dump}
    files = {"docker-compose.yml": {}, "release.json": {}}
    return SimpleNamespace(id=BACKUP_ID, files=files, images={"db": {"id": "sha256:postgres"}}, databases={"db": database})


class Yard:
    """A repository with a snapshot of a server, and the engine on which it is proven."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.engine, self.repository = root, Engine(str(root)), MemoryRepository()
        self.engine.has_image("postgres:15", "sha256:postgres")
        self.staging = str(root / "staging")
        volume = {"name": "pictures", "location": "/volumes/pictures/_data", "labels": {}}
        told: dict[str, Any] = {"format": 1, "host": HOST, "created": "2026-11-24T08:30:00Z", "path": "/opt/x", "project": PROJECT}
        told |= {"backup": BACKUP_ID, "network": "net", "volumes": [volume], "images": []}
        content = {f"{self.staging}/snapshot.json": json.dumps(told).encode(), PICTURE: b"a picture"}
        self.repository._hold(content, HOST, ["rarebooks", f"backup:{BACKUP_ID}"], (self.staging,))
        self.proven: list[tuple[str, str]] = []
        (root / "stack").mkdir()
        settings = Settings(HOST, str(root / "stack"), PROJECT, "", "", "", ("x",), staging=self.staging)
        self.drill = Drill(settings, self.engine.client, str(root / "state"))
        monkeypatch.setattr(drill, "load", lambda _place: sealed(DUMP))
        monkeypatch.setattr(fetch, "bring", lambda _one, _source, _work: None)
        monkeypatch.setattr(drill.proof, "prove_alone", self.prove)
        self.started: list[str] = []
        self.shortage = ""
        monkeypatch.setattr(drill.memory, "shortage", lambda _client, names, _off: self.shortage and f"{self.shortage} for {list(names)}")
        monkeypatch.setattr(drill.rehearsal, "of_backup", self.rehearsal)

    def prove(self, _client: Any, database: Any, image: str, *_given: Any) -> bool:
        assert Path(self.drill.work).is_dir()
        self.proven.append((database.name, image))
        return True

    def rehearsal(self, *given: Any) -> Any:
        def run(dumps: dict[Any, Any]) -> list[str]:
            self.started.extend(one.name for one in dumps)
            return ["chat_backend"]

        return SimpleNamespace(run=run, images={"chat_backend": "sha256:chat", "db": "sha256:postgres"})

    @property
    def known(self) -> records.Known:
        return records.read(self.drill.state).of(self.repository.shown)

    @property
    def evidence(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(Path(self.drill.state, "evidence.json").read_text())
        return dict(found["repositories"][self.repository.shown])


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Yard:
    return Yard(tmp_path, monkeypatch)


def test_a_good_one_says_what_was_proven(yard: Yard) -> None:
    yard.drill.run([yard.repository])
    assert yard.drill.failed == {}
    assert yard.proven == [("chat", "sha256:postgres")]
    found = yard.known.drill
    assert found and (found.backup, found.tables, found.files, found.probes) == (BACKUP_ID, 2, 3, 1)
    assert (yard.started, yard.evidence["apps"]) == (["chat"], ["chat_backend"])
    assert yard.evidence["rows"] == {"db": {"public.a": 3, "public.b": 0}}
    assert yard.evidence["owners_and_rights"] == ["db"]
    (file,) = yard.evidence["files"]
    assert (file["path"], file["size"], len(file["sha256"])) == (PICTURE, 9, 64)
    assert not Path(yard.drill.work).exists()


def test_the_next_one_reads_the_next_part_of_the_files_however_often_there_is_one(yard: Yard) -> None:
    """By the day of a weekly one, a seventh of the files would be read for ever."""
    _listed, files = yard.repository.store.held[-1]
    files.update({f"/volumes/pictures/_data/{number:03}.jpg": b"another" for number in range(195)})
    read: set[str] = set()
    for _week in range(98):
        yard.drill.run([yard.repository])
        read |= {file["path"] for file in yard.evidence["files"]}
    assert len(read) == 196


def test_a_file_whose_name_cannot_be_listed_is_left_out_and_told_of(yard: Yard) -> None:
    _listed, files = yard.repository.store.held[-1]
    files["/volumes/pictures/_data/\ufffd\ufffd.jpg"] = b"of an old archive"
    yard.drill.run([yard.repository])
    assert yard.drill.failed == {} and [file["path"] for file in yard.evidence["files"]] == [PICTURE]
    assert yard.known.drill and yard.known.drill.notes == ["1 files were left out: their names are not UTF-8."]


def test_a_damaged_dump_is_told_and_nothing_is_left(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    def prove(*_given: Any) -> None:
        raise DatabaseError("restore of the dump db.dump", "pg_restore failed", "exit code 0", "exit code 1", "Do not rely on it.")

    with monkeypatch.context() as patch:
        patch.setattr(drill.proof, "prove_alone", prove)
        yard.drill.run([yard.repository])
    assert "pg_restore failed" in yard.drill.failed[yard.repository.shown]
    assert "pg_restore failed" in yard.known.troubles["drill"].text and yard.known.drill is None
    assert "pg_restore failed" in yard.evidence["error"]
    assert not Path(yard.drill.work).exists()
    yard.drill.run([yard.repository])
    assert yard.known.troubles == {}


def test_one_repository_that_fails_keeps_no_other_from_its_drill(yard: Yard) -> None:
    gone = MemoryRepository("sftp:me@gone:/x")
    gone.broken["snapshots"] = "unreachable"
    yard.drill.run([gone, yard.repository])
    assert list(yard.drill.failed) == ["sftp:me@gone:/x"]
    assert yard.known.drill


def test_a_database_without_a_dump_is_no_proof(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drill, "load", lambda _place: sealed(None))
    yard.drill.run([yard.repository])
    assert "expected a dump of database chat in it, got none" in yard.drill.failed[yard.repository.shown]


def test_what_a_killed_one_left_goes(yard: Yard) -> None:
    for name in ("rarebooks-drill-proof-db", "rarebooks-offsite-proof-db"):
        yard.engine.make(name, "postgres:15", {"rarebooks.platform.project": PROJECT})
    Path(yard.drill.work, "files").mkdir(parents=True)
    yard.drill.clear()
    assert list(yard.engine.running) == ["rarebooks-offsite-proof-db"]
    assert not Path(yard.drill.work).exists()


@pytest.mark.parametrize("at_work", [False, True])
def test_what_one_left_is_not_what_another_one_works_with(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, at_work: bool
) -> None:
    monkeypatch.setattr(work.lease, "DIRECTORY", str(tmp_path / "run"))
    monkeypatch.setattr(drill.settings, "load", lambda: yard.drill.settings)
    monkeypatch.setattr(drill.engine_client, "connect", lambda: yard.drill.client)
    monkeypatch.setattr(drill.sys, "argv", ["drill", "clear"])
    monkeypatch.setattr(drill.Drill, "work", str(tmp_path / "work"))
    (tmp_path / "work").mkdir()
    with work._alone() if at_work else nullcontext():
        assert drill.main() == 0
    assert (tmp_path / "work").exists() is at_work


@pytest.mark.parametrize("count", [1, 7, 100, 250])
def test_in_a_hundred_turns_each_file_is_read(count: int) -> None:
    listed = [{"path": f"/{number}"} for number in range(count)]
    turns = [part_of(listed, turn) for turn in range(100)]
    assert {entry["path"] for turn in turns for entry in turn} == {entry["path"] for entry in listed}
    assert all(len(turn) * 100 >= count and turn for turn in turns)
    assert part_of([], 5) == []


def test_a_file_that_comes_back_otherwise_is_told(yard: Yard, tmp_path: Path) -> None:
    one = fetch.find([yard.repository], HOST)
    live, restored = tmp_path / "live", tmp_path / "restored"
    live.write_text("aaaa")
    restored.write_text("aaab")
    with pytest.raises(PlatformError, match="expected 5 bytes to come back, got 4"):
        compared(str(live), 5, str(restored), one)
    assert not compared(str(live), 4, str(restored), one)["as_on_the_server"], "somebody wrote to it since"
    drill.os.utime(restored, ns=(live.stat().st_atime_ns, live.stat().st_mtime_ns))
    with pytest.raises(PlatformError, match="to which nobody wrote since, got another content"):
        compared(str(live), 4, str(restored), one)
    with pytest.raises(PlatformError, match="expected it to come back, got: No such file"):
        compared(str(live), 4, str(tmp_path / "none"), one)


def test_a_snapshot_that_another_server_of_the_name_lets_go_is_none_that_is_damaged(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[str] = []

    def bring(one: fetch.Offsite, _source: str, _work: str) -> None:
        tries.append(one.snapshot.id)
        if len(tries) == 1:
            ((old, content),) = yard.repository.store.held
            yard.repository._hold(content, HOST, old.tags, old.paths)
            yard.repository.store.held[:] = [
                (replace(listed, id="f" * 64), files) for listed, files in yard.repository.store.held if listed is not old
            ]
            raise PlatformError("failed to load snapshot")

    monkeypatch.setattr(fetch, "bring", bring)
    yard.drill.run([yard.repository])
    assert yard.drill.failed == {}
    assert tries[1:] == ["f" * 64]
    monkeypatch.setattr(fetch, "bring", raising(tries))
    yard.drill.run([yard.repository])
    assert yard.drill.failed == {yard.repository.shown: "it is damaged"} and len(tries) == 3


def raising(tries: list[str]) -> Any:
    def bring(one: fetch.Offsite, _source: str, _work: str) -> None:
        tries.append(one.snapshot.id)
        raise PlatformError("it is damaged")

    return bring


def test_apps_that_need_the_internet_can_be_left_out(yard: Yard) -> None:
    yard.drill.settings = replace(yard.drill.settings, drill_apps=False)
    yard.drill.run([yard.repository])
    assert (yard.drill.failed, yard.started, yard.evidence["apps"]) == ({}, [], [])


def test_without_the_memory_for_it_the_apps_are_not_started_and_that_is_told(yard: Yard, capsys: pytest.CaptureFixture[str]) -> None:
    yard.shortage = "expected 900 MiB of memory available"
    yard.drill.run([yard.repository])
    assert (yard.drill.failed, yard.started, yard.evidence["apps"]) == ({}, [], [])
    told = "The apps were not started: expected 900 MiB of memory available for ['chat_backend', 'db']."
    found = yard.known.drill
    assert found and (found.tables, found.probes, found.notes) == (2, 0, [told])
    assert yard.evidence["notes"] == [told] and told in capsys.readouterr().out
