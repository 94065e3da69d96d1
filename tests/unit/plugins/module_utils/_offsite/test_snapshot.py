"""A snapshot of a server in memory: all that a bare one needs, of one release, and no green run that is none."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import manifest as backup_manifest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.integrity import verify
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import PlatformError
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous import followed
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import contents, fetch, records, snapshot, staging, work
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.contents import Contents
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.settings import Settings
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.snapshot import Snapshotter
from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease, ledger
from machine import Machine
from memory_engine import PROJECT
from memory_repository import MemoryRepository

VOLUMES = {
    "volumes": ["chat_data", "pictures"],
    "databases": [{"container": "db", "name": "chat", "user": "postgres", "volume": "chat_data"}],
}


class Server(Machine):
    """One whose app has a volume of files beside its database's."""

    def description(self, *more: str, database: bool = True) -> dict[str, Any]:
        said = super().description(*more, database=database)
        said["apps"][0] |= VOLUMES
        return said


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Server:
    server = Server(tmp_path, monkeypatch, capsys)
    for name in ("chat_data", "pictures"):
        server.engine.volume_names.add(f"{PROJECT}_{name}")
        directory = tmp_path / "volumes" / f"{PROJECT}_{name}" / "_data"
        directory.mkdir(parents=True)
        (directory / "one").write_text(name)
    monkeypatch.setattr(staging, "DAEMON", str(tmp_path / "daemon.json"))
    monkeypatch.setattr(staging, "CERTIFICATES", str(tmp_path / "certificates"))
    monkeypatch.setattr(snapshot, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(lease, "DIRECTORY", server.place.directory)
    (tmp_path / "daemon.json").write_text("{}")
    (tmp_path / "certificates" / "live").mkdir(parents=True)
    (tmp_path / "certificates" / "live" / "x").symlink_to("../archive")
    (server.root / ".secrets.json").write_text('{"chat": "hush"}')
    server.image(1)
    server.deploy(1)
    lease.give_back(server.place, server.place.load().run.token)  # type: ignore[union-attr]
    server.postgres.write("db", "chat", "Users", 3)
    (server.root / "files" / "web").mkdir(parents=True)
    (server.root / "files" / "web" / "settings").write_text("kept")
    return server


@pytest.fixture
def settings(server: Server, tmp_path: Path) -> Settings:
    return Settings(
        host="shop",
        path=str(server.root),
        project=PROJECT,
        secrets_file=str(server.root / ".secrets.json"),
        letsencrypt_path=str(tmp_path / "letsencrypt"),
        ca_path=str(tmp_path / "ca"),
        repositories=("sftp:me@store:/x",),
        staging=str(tmp_path / "staging"),
    )


@pytest.fixture
def one(server: Server, settings: Settings, tmp_path: Path) -> Snapshotter:
    found = Snapshotter(settings, server.engine.client, [MemoryRepository()], str(tmp_path / "state"))
    found.place = server.place
    return found


def store(one: Snapshotter, number: int = 0) -> MemoryRepository:
    found = one.repositories[number]
    assert isinstance(found, MemoryRepository)
    return found


def newest(one: Snapshotter) -> tuple[Contents, dict[str, bytes]]:
    """Return what the newest snapshot of data says of itself, and its files by path, those of the staging directory without it."""
    _listed, files = [held for held in store(one).store.held if contents.TAG in held[0].tags][-1]
    inside = {path.removeprefix(f"{one.settings.staging}/"): content for path, content in files.items()}
    return contents.parse("x", inside[contents.FILE]), inside


def known(one: Snapshotter, number: int = 0) -> records.Known:
    return records.read(one.state).of(store(one, number).shown)


def test_a_snapshot_has_all_that_a_bare_server_needs(server: Server, one: Snapshotter, tmp_path: Path) -> None:
    one.run()
    assert one.failed == {}
    said, files = newest(one)
    assert (said.host, said.path, said.project, said.network) == ("shop", str(server.root), PROJECT, "net")
    assert [(volume.name, volume.location) for volume in said.volumes] == [
        (f"{PROJECT}_pictures", f"{tmp_path}/volumes/{PROJECT}_pictures/_data")
    ]
    assert files[f"{tmp_path}/volumes/{PROJECT}_pictures/_data/one"] == b"pictures"
    assert files["server/secrets"] == b'{"chat": "hush"}'
    assert files["server/daemon"] == b"{}"
    assert "server/ledger" in files
    assert files[f"{server.root}/files/web/settings"] == b"kept"
    assert said.files["kept"] == f"{server.root}/files"
    assert said.files["certificates"] == f"{one.settings.staging}/server/certificates"
    # What it holds is a sealed backup like any other, once it has its name.
    place = tmp_path / said.backup
    for path, content in files.items():
        if path.startswith("backup/"):
            target = place / path.removeprefix("backup/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    manifest = backup_manifest.load(str(place))
    verify(str(place), manifest)
    entry = manifest.databases["db"]
    assert entry["dump"]["tables"] == {"public.Users": 3}
    assert entry["proof_seconds"] is not None
    # Nothing of it stays, and no image is kept for it.
    assert not (tmp_path / "staging").exists()
    assert [tag for tag in server.engine.tags if said.backup in tag] == []
    assert server.engine.running.keys() == {"db", "nginx", "web"}


def test_dumps_are_made_so_that_they_deduplicate(server: Server, one: Snapshotter) -> None:
    one.run()
    (dump,) = [call for call in server.engine.calls if call.argv[0] == "pg_dump"]
    assert "--compress=0" in dump.argv


def test_what_was_done_is_remembered(one: Snapshotter) -> None:
    one.run()
    found = known(one)
    assert found.snapshot is not None
    assert (found.id, found.snapshot.backup, found.troubles) == ("a" * 64, newest(one)[0].backup, {})
    assert found.snapshot.notes == []


def test_images_that_no_registry_has_are_brought_once(server: Server, one: Snapshotter) -> None:
    server.engine.digests["nginx:1"] = "sha256:d"
    one.run()
    one.run()
    held = store(one).store.held
    saved = sorted(tag for listed, _files in held for tag in listed.tagged(contents.IMAGE_TAG))
    assert saved == sorted(["sha256:postgres:15", f"sha256:{1:064}"])
    used = [listed.tagged(contents.USES_TAG) for listed, _files in held if contents.TAG in listed.tags]
    assert used == [saved, saved]
    assert {image.name: image.saved for image in newest(one)[0].images} == {"nginx:1": False, "postgres:15": True, "web:1": True}


@pytest.mark.parametrize(
    ("digests", "name", "only_here"),
    [
        (["postgres@sha256:d"], "postgres:15", False),
        (["team/shop@sha256:d"], "team/shop:1", False),
        ([], "web:1", True),
        (["registry.example.org/web@sha256:d"], "registry.example.org/web:1", True),
        (["localhost/web@sha256:d"], "localhost/web:1", True),
        # As containerd's store has one that was built here, and one of another name.
        (["web@sha256:own"], "web:1", True),
        (["web@sha256:own", "team/shop@sha256:d"], "web:1", True),
        (["team/shop@sha256:d"], "team/shop:1@sha256:d", False),
    ],
)
def test_an_image_of_a_registry_of_ones_own_is_not_counted_upon(digests: list[str], name: str, only_here: bool) -> None:
    assert snapshot.images.is_only_here({"Id": "sha256:own", "RepoDigests": digests}, name) is only_here


def test_a_database_that_is_down_is_taken_as_it_lies_and_told_of(server: Server, one: Snapshotter, tmp_path: Path) -> None:
    server.engine.containers.get("db").stop()
    one.run()
    said, files = newest(one)
    assert files[f"{tmp_path}/volumes/{PROJECT}_chat_data/_data/one"] == b"chat_data"
    assert [volume.name for volume in said.volumes] == [f"{PROJECT}_chat_data", f"{PROJECT}_pictures"]
    found = known(one).snapshot
    assert found is not None
    assert found.notes == [
        f"Database chat: container db does not run. Its volume {PROJECT}_chat_data was taken as it lies; there is no dump of it in the "
        "snapshot."
    ]


def test_a_database_without_a_container_is_taken_as_it_lies_and_told_of(server: Server, one: Snapshotter, tmp_path: Path) -> None:
    server.engine.containers.get("db").remove(force=True)
    one.run()
    said, files = newest(one)
    assert files[f"{tmp_path}/volumes/{PROJECT}_chat_data/_data/one"] == b"chat_data"
    assert [volume.name for volume in said.volumes] == [f"{PROJECT}_chat_data", f"{PROJECT}_pictures"]
    found = known(one).snapshot
    assert found is not None
    assert [note.partition(".")[0] for note in found.notes] == ["Database chat: container db does not run"]


@pytest.mark.parametrize(
    ("volume", "told"),
    [
        ("chat_data", f"Volume {PROJECT}_chat_data: expected it on the server, got none. The snapshot has no files of it."),
        ("", "Database chat: container db does not run, and its volume is not known. There is nothing of it in the snapshot."),
    ],
)
def test_a_database_of_which_nothing_is_found_is_told_of(
    server: Server, one: Snapshotter, monkeypatch: pytest.MonkeyPatch, volume: str, told: str
) -> None:
    monkeypatch.setitem(VOLUMES, "volumes", ["pictures"])
    monkeypatch.setitem(VOLUMES["databases"][0], "volume", volume)  # type: ignore[arg-type]
    server.image(2)
    server.deploy(2)
    lease.give_back(server.place, server.place.load().run.token)  # type: ignore[union-attr]
    server.engine.containers.get("db").remove(force=True)
    server.engine.volume_names.remove(f"{PROJECT}_chat_data")
    one.run()
    assert one.failed == {}
    found = known(one).snapshot
    assert found is not None
    assert found.notes == [told]


@pytest.mark.parametrize(
    ("place", "described", "mounted", "brought"),
    [
        # What the app has beside its database is an app's file, also where the database's container sees it.
        ("/var/lib/postgresql/data", True, ("db", "web"), ["pictures"]),
        ("/var/lib/postgresql/data", False, ("db", "web"), ["pictures"]),
        ("/var/lib/postgresql/data", False, ("db",), ["pictures"]),
        # Of an image that keeps its data who knows where, everything is the database's that nobody else has.
        ("/data", False, ("db",), []),
        ("/data", False, ("db", "web"), ["pictures"]),
    ],
)
def test_only_the_data_of_a_database_that_runs_are_left_to_its_dump(
    server: Server,
    one: Snapshotter,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    described: bool,
    mounted: tuple[str, ...],
    brought: list[str],
) -> None:
    monkeypatch.setitem(VOLUMES, "volumes", ["chat_data", "pictures"] if described else ["chat_data"])
    server.image(2)
    server.deploy(2)
    lease.give_back(server.place, server.place.load().run.token)  # type: ignore[union-attr]
    for container in ("db", "web"):
        server.engine.running[container]["Mounts"] = []
    data = {"Type": "volume", "Name": f"{PROJECT}_chat_data", "Destination": place}
    server.engine.running["db"]["Mounts"].append(data)
    for container in mounted:
        shared = {"Type": "volume", "Name": f"{PROJECT}_pictures", "Destination": "/shared"}
        server.engine.running[container]["Mounts"].append(shared)
    one.run()
    assert one.failed == {}
    assert [volume.name for volume in newest(one)[0].volumes] == [f"{PROJECT}_{name}" for name in brought]


def test_what_a_container_keeps_where_no_snapshot_finds_it_is_told(server: Server, one: Snapshotter) -> None:
    def bind(source: str, writable: bool = True) -> dict[str, Any]:
        return {"Type": "bind", "Source": source, "Destination": "/uploads", "RW": writable}

    (server.root / "uploads").mkdir()
    unnamed = {"Type": "volume", "Name": "a" * 64, "Destination": "/cache", "Source": "/var/lib/docker/volumes/a/_data", "RW": True}
    kept, system = bind(f"{server.root}/files/web/settings"), bind("/etc/localtime")
    mounts = [bind(f"{server.root}/uploads"), bind(str(server.root), writable=False), kept, system, bind("/nowhere"), unnamed]
    server.engine.running["web"]["Mounts"] = mounts
    server.engine.running["db"]["Mounts"] = [unnamed]
    one.run()
    found = known(one).snapshot
    end = "there is nothing of it in the snapshot. Give it a volume with a name, or bring it away yourself."
    assert found and found.notes == [
        f"web keeps /uploads in {server.root}/uploads on the server: {end}",
        f"web keeps /cache in a volume without a name: {end}",
    ]


def test_without_knowing_what_the_release_is_there_is_no_snapshot(server: Server, one: Snapshotter) -> None:
    """It would have no dump, and take the files of a PostgreSQL that runs for those of an app."""
    path = server.root / "release.json"
    path.write_text(path.read_text().replace('"containers": ["db", "web"]', '"containers": "db"'))
    one.run()
    assert store(one).store.held == []
    assert "release.json is damaged: " in one.failed["sftp:me@store:/x"]
    with pytest.raises(PlatformError, match=r"release\.json is damaged: .* it is not known which databases there are"):
        followed.clusters(str(server.root))


def test_an_image_of_which_the_engine_gives_the_beginning_alone_is_not_taken_for_saved(server: Server, one: Snapshotter) -> None:
    server.engine.cut_off.add("sha256:postgres:15")
    one.run()
    assert "Image postgres:15: expected the engine to give all of it, got the beginning alone" in one.failed["sftp:me@store:/x"]
    assert not [listed for listed, _files in store(one).store.held if f"{contents.IMAGE_TAG}sha256:postgres:15" in listed.tags]
    server.engine.cut_off.clear()
    one.run()
    assert one.failed == {}


def test_a_database_that_is_restarting_is_no_cold_one(server: Server, one: Snapshotter) -> None:
    server.engine.running["db"]["State"]["Status"] = "restarting"
    one.run()
    assert store(one).store.held == []
    assert "expected container db to run or to be stopped, got one that is restarting" in one.failed["sftp:me@store:/x"]
    assert known(one).troubles["snapshot"].kind == "failed"


def test_a_deploy_in_the_middle_makes_it_begin_again(server: Server, one: Snapshotter, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = staging.copy_small
    server.image(2)
    seen = []

    def deployed_meanwhile(settings: Settings) -> dict[str, str]:
        if not seen:
            server.deploy(2)
            lease.give_back(server.place, server.place.load().run.token)  # type: ignore[union-attr]
        seen.append(1)
        return copy(settings)

    monkeypatch.setattr(staging, "copy_small", deployed_meanwhile)
    one.run()
    assert one.failed == {}
    assert len(seen) == 2
    assert len([1 for listed, _files in store(one).store.held if contents.TAG in listed.tags]) == 1
    assert {image.name for image in newest(one)[0].images} >= {"web:2"}


def test_a_deploy_while_files_are_brought_gets_a_snapshot_of_its_own(server: Server, one: Snapshotter) -> None:
    server.image(2)

    def deploy() -> None:
        store(one).meanwhile = lambda: None
        server.deploy(2)
        lease.give_back(server.place, server.place.load().run.token)  # type: ignore[union-attr]

    store(one).meanwhile = deploy
    one.run()
    taken = [listed for listed, _files in store(one).store.held if contents.TAG in listed.tags]
    assert len(taken) == 2
    assert {image.name for image in newest(one)[0].images} >= {"web:2"}


def test_rotated_secrets_make_it_begin_again(server: Server, one: Snapshotter, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = staging.copy_small
    seen = []

    def rotated(settings: Settings) -> dict[str, str]:
        found = copy(settings)
        if not seen:
            (server.root / ".secrets.json").write_text('{"chat": "other"}')
        seen.append(1)
        return found

    monkeypatch.setattr(staging, "copy_small", rotated)
    one.run()
    assert newest(one)[1]["server/secrets"] == b'{"chat": "other"}'
    assert len(seen) == 2


def test_a_run_at_work_is_waited_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    run = server.run()
    waited = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        lease.give_back(server.place, run.token)

    monkeypatch.setattr(snapshot.time, "sleep", sleep)
    assert snapshot.wait_until_idle(server.place)
    assert waited == [0.01]


def test_a_run_that_hangs_does_not_keep_the_data_here(server: Server) -> None:
    server.run()
    assert not snapshot.wait_until_idle(server.place, seconds=0.03)


def test_one_store_that_fails_keeps_no_other_from_its_snapshot(one: Snapshotter) -> None:
    one.repositories.append(MemoryRepository("/mnt/disk"))
    store(one).broken["backup"] = "full"
    one.run()
    assert one.failed == {"sftp:me@store:/x": "Repository sftp:me@store:/x: it is full."}
    assert known(one).snapshot is None
    assert known(one).troubles["snapshot"].kind == "full"
    assert known(one, 1).snapshot is not None
    assert known(one, 1).troubles == {}
    store(one).broken = {}
    one.run()
    assert known(one).troubles == {}


def test_a_dump_that_fails_is_told_for_every_repository(server: Server, one: Snapshotter) -> None:
    server.postgres.refuses = "pg_export_snapshot"
    one.run()
    assert "the rows cannot be counted" in one.failed["sftp:me@store:/x"]
    assert known(one).troubles["snapshot"].kind == "failed"
    assert store(one).store.held == []


def test_what_is_gone_is_not_made_anew(server: Server, one: Snapshotter) -> None:
    store(one).store.exists = False
    one.run()
    assert one.failed == {}
    assert "create" in store(one).store.calls
    store(one).store.exists = False
    one.run()
    assert known(one).troubles["snapshot"].kind == "missing"
    assert store(one).store.calls.count("create") == 1


def test_another_repository_in_its_place_is_told_of(one: Snapshotter) -> None:
    one.run()
    store(one).store.identity = "b" * 64
    one.run()
    assert "it is another one than before. Expected aaaaaaaa, got bbbbbbbb." in one.failed["sftp:me@store:/x"]


def test_old_ones_are_forgotten_unless_the_store_forbids_it(one: Snapshotter) -> None:
    one.run()
    assert store(one).store.calls.count("forget") == 1
    one.settings = replace(one.settings, append_only=True)
    one.run()
    assert store(one).store.calls.count("forget") == 1


def test_nothing_is_brought_of_a_server_without_a_release(server: Server, one: Snapshotter) -> None:
    for path in server.root.rglob("*"):
        if path.is_file():
            path.unlink()
    one.run()
    assert store(one).store.held == []
    assert one.failed == {}


def test_what_failed_is_in_the_ledger(server: Server, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = tmp_path / "etc"
    directory.mkdir()
    (directory / "settings.json").write_text(
        json.dumps({name: getattr(settings, name) for name in ("host", "path", "project", "secrets_file", "letsencrypt_path", "ca_path")}
                   | {"repositories": ["/mnt/disk"]})
    )  # fmt: skip
    with work.begun("snapshot", str(directory), str(tmp_path / "state")) as begun:
        assert begun is not None
        begun.failed = {"/mnt/disk": "Repository /mnt/disk: it is full."}
        assert begun.end() == 1
    last = ledger.read(str(server.root))[0][-1]
    assert (last["action"], last["result"], last["error"]) == ("snapshot", "failed", "Repository /mnt/disk: it is full.")

    def breaks() -> None:
        with work.begun("snapshot", str(directory), str(tmp_path / "state")):
            raise OSError("no engine")

    with pytest.raises(OSError, match="no engine"):
        breaks()
    assert "no engine" in ledger.read(str(server.root))[0][-1]["error"]
    assert "no engine" in records.read(str(tmp_path / "state")).of("/mnt/disk").troubles["snapshot"].text


def test_without_settings_there_is_nothing_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with work.begun("snapshot", str(tmp_path), str(tmp_path / "state")) as begun:
        assert begun is None
    assert "there is no repository" in capsys.readouterr().out


def shift(one: Snapshotter, days: int) -> None:
    """Have what the repository holds be from a server whose clock was days ahead."""
    held = store(one).store.held
    held[:] = [(replace(listed, created=listed.created + timedelta(days=days)), files) for listed, files in held]


def test_the_newest_is_the_one_that_was_made_last_whatever_the_clock_said(one: Snapshotter, monkeypatch: pytest.MonkeyPatch) -> None:
    names = iter(["20261125_120000", "20261124_120000"])
    monkeypatch.setattr(staging.seal, "new_id", lambda _store, _now: next(names))
    one.run()
    shift(one, 1)
    one.run()
    made = [listed for listed, _files in store(one).store.held if contents.TAG in listed.tags]
    assert made[0].created > made[1].created
    assert fetch.find([store(one)], "shop").snapshot == made[1]
    assert [listed.tagged("number:") for listed in made] == [["1"], ["2"]]


def test_one_number_is_for_all_repositories_and_goes_on_without_one_of_them(one: Snapshotter) -> None:
    one.repositories.append(MemoryRepository("/mnt/disk"))
    one.run()
    store(one).broken["snapshots"] = "unreachable"
    one.run()
    store(one).broken = {}
    store(one, 1).broken["snapshots"] = "unreachable"
    one.run()
    store(one, 1).broken = {}
    one.run()
    numbers = [[number for listed, _files in store(one, place).store.held for number in listed.tagged("number:")] for place in (0, 1)]
    assert numbers == [["1", "3", "4"], ["1", "2", "4"]]


def test_what_was_just_brought_is_never_forgotten(one: Snapshotter, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[str] = []
    monkeypatch.setattr(MemoryRepository, "forget", lambda _self, *words, wait=True: kept.append(words[words.index("--keep-tag") + 1]))
    one.run()
    shift(one, 1)
    one.run()
    made = [listed.backup for listed, _files in store(one).store.held if contents.TAG in listed.tags]
    assert kept == [f"backup:{backup}" for backup in made]


def test_one_of_a_time_that_has_not_been_is_noted_until_it_has(one: Snapshotter) -> None:
    one.run()
    assert known(one).ahead == ""
    shift(one, 1)
    (ahead,) = [listed.created for listed, _files in store(one).store.held if contents.TAG in listed.tags]
    one.run()
    assert known(one).ahead == f"{ahead:%Y-%m-%dT%H:%M:%SZ}"
    shift(one, -1)
    one.run()
    assert known(one).ahead == ""
