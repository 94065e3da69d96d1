"""What an upgrade of databases refuses before it begins, and what it leaves where it fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base.errors import PlatformError
from ansible_collections.rarebooks.platform.plugins.module_utils._operate import carrying, moves, upgrade
from ansible_collections.rarebooks.platform.plugins.module_utils._operate.carrying import Move
from ansible_collections.rarebooks.platform.plugins.module_utils._operate.standing import OperationError
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import collation
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.carry_over import Carried
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import Database, DatabaseError
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.cluster import DATA, VERSION_FILE, Cluster
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.collation import Outdated
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.dump import Dump
from ansible_collections.rarebooks.platform.plugins.module_utils._release import database_volumes, description, stopped
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger
from ansible_collections.rarebooks.platform.plugins.modules import database_upgrade
from chat import Chat
from docker.models.images import ImageCollection

DIGEST = f"sha256:{'0' * 64}"
CHAT = Database("db", "chat", "postgres")


def move(root: Path) -> Move:
    before = Cluster("postgres:15", 15, "data", str(root), DATA, DATA)
    return Move(CHAT, before, 17, "postgres:17", "data_17", "shop_data_17", DATA, "db", {})


class Upgrading(Chat):
    """A machine whose app's database is to go to another version."""

    def upgrade(self, check: bool = False) -> dict[str, Any]:
        run = self.run("upgrade database")
        sealed = self.seal(run, databases="off")
        return self.call(
            database_upgrade,
            run=run.to_dict(),
            lease_directory=self.place.directory,
            backup=sealed["id"],
            secrets_file=str(self.secrets_file),
            proxy_record=str(self.root / ".loaded.json"),
            proxy_paths=[str(self.root / "nginx")],
            deadline=1,
            app="chat",
            to=17,
            _ansible_check_mode=check,
        )


@pytest.fixture
def chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Upgrading:
    chat = Upgrading(tmp_path, monkeypatch, capsys)
    chat.image(1)
    assert not chat.deploy(1).get("failed")
    monkeypatch.setattr(upgrade, "moves_of", lambda *_what: ([move(tmp_path)], []))
    return chat


@pytest.mark.parametrize("path", ["env/web.env", "docker-compose.yml", "nginx/site.conf"])
@pytest.mark.parametrize("check", [False, True])
def test_what_was_edited_by_hand_waits_for_a_deploy(chat: Upgrading, path: str, check: bool) -> None:
    edited = chat.root / path
    edited.write_text(edited.read_text() + "\n")
    done = chat.upgrade(check)
    assert done["result"] == "refused"
    assert f"expected the files of the live release for it, got ones that were changed since: {path} (edited by hand" in done["msg"]


@pytest.mark.parametrize("check", [False, True])
def test_an_app_that_was_stopped_on_purpose_stays_so(chat: Upgrading, check: bool) -> None:
    web = chat.engine.running["web"]
    web["State"]["Status"] = "exited"
    stopped.note(str(chat.root), {"web": stopped.Stopped("alice@laptop", "2026-11-26T12:00:00Z", web["Id"])})
    done = chat.upgrade(check)
    assert done["result"] == "refused" and web["State"]["Status"] == "exited"
    assert "serve with PostgreSQL 17, got it stopped on purpose by alice@laptop" in done["msg"]
    assert "manage.yml -e operation=start -e app=chat" in done["msg"]


@pytest.fixture
def foretelling(chat: Upgrading, monkeypatch: pytest.MonkeyPatch) -> Upgrading:
    """As far as it goes in check mode, without volumes."""
    monkeypatch.setattr(upgrade, "_require_that_only", lambda *_what: lambda _tree: None)
    monkeypatch.setattr(upgrade.obstacles, "refuse", lambda *_what: None)
    return chat


def test_what_stays_behind_is_told_before_anything_changes(foretelling: Upgrading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrade, "left_behind", lambda _client, database, *_to: [f"{database.container} also has the database other."])
    done = foretelling.upgrade(check=True)
    assert done["changed"] and done["notes"] == ["db also has the database other."]


def test_that_nobody_could_look_is_told(foretelling: Upgrading, monkeypatch: pytest.MonkeyPatch) -> None:
    def left_behind(*_database: Any) -> list[str]:
        raise DatabaseError("db", "it does not run", "an answer", "none", "Start it.")

    monkeypatch.setattr(upgrade, "left_behind", left_behind)
    told = "What else is in the server of database chat in container db is not known. db: it does not run."
    assert foretelling.upgrade(check=True)["notes"][0].startswith(told)


@pytest.mark.parametrize(
    ("image", "asked"),
    [
        ("postgres:18", ("postgres", "18")),
        (f"postgres:18@{DIGEST}", ("postgres", DIGEST)),
        (f"docker.io/library/postgres@{DIGEST}", ("postgres", DIGEST)),
        ("registry.example.org:5000/db/postgres", ("registry.example.org:5000/db/postgres", "latest")),
    ],
)
def test_an_image_is_pulled_as_its_name_says(monkeypatch: pytest.MonkeyPatch, image: str, asked: tuple[str, str]) -> None:
    pulled: list[tuple[str, str]] = []
    api: Any = SimpleNamespace(
        pull=lambda repository, tag, **_how: pulled.append((repository, tag)) or [],
        inspect_image=lambda _name: {"Id": "1"},
    )
    client: Any = SimpleNamespace(images=ImageCollection(client=SimpleNamespace(api=api)))
    monkeypatch.setattr(moves.postgres_cluster, "image_config", lambda *_image: {"Env": ["PG_MAJOR=18"]} if pulled else {})
    assert moves._provided(client, image, 18, False) and pulled == [asked]


def moves_of(monkeypatch: pytest.MonkeyPatch, root: Path, **volumes: str) -> list[Move]:
    """Return where the databases of an app go, each by its container, and its volume in which the data of 15 lie."""
    names = [name for one in volumes.values() for name in one.split()]
    for name in names:
        (root / name).mkdir(exist_ok=True)
        (root / name / VERSION_FILE).write_text("15")
    services = {
        container: {
            "container_name": container,
            "image": "postgres:15",
            "volumes": [{"type": "volume", "source": volume.split()[0], "target": DATA}],
        }
        for container, volume in volumes.items()
    }
    found = {f"shop_{name}": str(root / name) for name in names}
    monkeypatch.setattr(moves.postgres_cluster, "volume_path", lambda _client, name: found.get(name, ""))
    monkeypatch.setattr(moves.postgres_cluster, "image_environment", lambda *_image: {})
    monkeypatch.setattr(moves, "_provided", lambda *_image: {"Env": [f"PGDATA={DATA}"]})
    # Two names of a volume are two databases in it.
    databases = tuple(
        description.Database(container=container, name=f"{container}_{number}", user="postgres", volume=volume.split()[0])
        for container, volume in volumes.items()
        for number in range(len(volume.split()))
    )
    app = App(name="shop", containers=tuple(volumes), databases=databases)
    document = {"services": services, "volumes": {name: {"name": f"shop_{name}"} for name in names}}
    server: Any = SimpleNamespace(compose=SimpleNamespace(document=lambda: document), project="shop")
    options: Any = SimpleNamespace(path=str(root))
    client: Any = None
    return moves.moves_of(client, server, options, app, 17, "", False)[0]


def test_each_database_gets_a_volume_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = moves_of(monkeypatch, tmp_path, orders="orders_data", stock="stock_data_15")
    assert [(one.volume, one.name) for one in found] == [("orders_data_17", "shop_orders_data_17"), ("stock_data_17", "shop_stock_data_17")]


@pytest.mark.parametrize("volumes", [{"db": "data data"}, {"orders": "pg_1", "stock": "pg_2"}])
def test_two_databases_that_would_get_one_volume_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, volumes: dict[str, str]
) -> None:
    with pytest.raises(OperationError, match=r"expected .* of one database, got .* and .*\. Nothing has been changed\. Give each"):
        moves_of(monkeypatch, tmp_path, **volumes)


class Moving(carrying.Carrying):
    """Two databases that go to new volumes, of which the first is written to again and again where that is asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, root: Path, *, fails: bool = False, written: tuple[int, ...] = ()) -> None:
        self.there, self.carried, self.steps = set[str](), list[str](), list[str]()
        rows = iter([40, 40, *written])
        moves = [
            replace(move(root), database=Database(name, name, "postgres"), volume=f"{name}_17", name=f"shop_{name}_17", service=name)
            for name in ("orders", "stock")
        ]

        def carry_over(_client: Any, database: Database, *_how: Any) -> Carried:
            self.carried.append(database.name)
            if len(self.carried) == 2 and fails:
                raise DatabaseError("stock", "pg_restore failed", "exit code 0", "1", "Free space.")
            return Carried(12, [f"{database.name}: told"])

        monkeypatch.setattr(carrying, "clients_of", lambda *_container: [])
        monkeypatch.setattr(carrying, "end_clients", lambda *_database: next(rows))
        monkeypatch.setattr(carrying, "query", lambda *_what, **_how: [["postgres from 172.18.0.9 (psql)"]])
        monkeypatch.setattr(carrying.postgres_dump, "dump", lambda *_what, **_labels: Dump("dump", "custom", 1, 0.1, {}))
        monkeypatch.setattr(carrying, "new_volume", lambda _client, _database, name, *_labels: self.there.add(name))
        monkeypatch.setattr(carrying, "remove_volume", lambda _client, _database, name, _labels: self.there.remove(name))
        monkeypatch.setattr(carrying, "carry_over", carry_over)
        stop = SimpleNamespace(stop=lambda timeout: self.steps.append("stop"))
        client: Any = SimpleNamespace(containers=SimpleNamespace(get=lambda _name: stop))
        compose: Any = SimpleNamespace(make=lambda services: self.steps.append(f"make {' '.join(services)}"))
        options: Any = SimpleNamespace(path=str(root), project="shop", backup="")
        nothing: Any = SimpleNamespace(apps=())
        super().__init__(client, options, compose, nothing, moves)


@pytest.mark.parametrize("reason", ["the restore fails", "somebody writes"])
def test_what_is_half_there_is_gone_before_the_app_is_started_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reason: str) -> None:
    """The disk may be what is full."""
    one = Moving(monkeypatch, tmp_path, fails=reason == "the restore fails", written=(43,))
    with pytest.raises(PlatformError, match=r"pg_restore failed" if reason == "the restore fails" else "got 3 rows written"):
        one.carry()
    assert one.carried == ["orders", "stock"] and one.there == set() and not Path(one.directory).exists()
    # Nobody's rows are in them, so that the next upgrade makes them anew.
    known = database_volumes.read(str(tmp_path))
    assert known["orders_17"] == known["stock_17"] == database_volumes.UNFINISHED


def test_who_writes_until_the_old_containers_go_is_named_and_has_lost_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    one = Moving(monkeypatch, tmp_path, written=(40, 40, 40, 41))
    one.carry()
    with pytest.raises(OperationError, match=r"stock in container stock: expected nobody .* got 1 rows .* from 172.18.0.9 \(psql\)\. End"):
        one.settle()
    assert one.steps == ["stop"] and one.there == set()


def test_a_volume_is_more_than_begun_once_the_old_containers_are_gone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A run that is killed before is begun anew by the next: the app has seen none of it."""
    one = Moving(monkeypatch, tmp_path, written=(40, 40, 40, 40))
    one.carry()
    assert set(database_volumes.read(str(tmp_path)).values()) == {database_volumes.UNFINISHED}
    assert one.settle() == ["orders: told", "stock: told"] and one.steps == ["stop", "stop", "make orders stock"]
    assert database_volumes.read(str(tmp_path)) == {"data": 40, "orders_17": 12, "stock_17": 12}


def test_what_a_release_was_proven_with_is_nothing_to_be_filled_anew(tmp_path: Path) -> None:
    """Where a run was killed between the files and the note."""
    for volume, written in (("data", 40), ("data_17", database_volumes.UNFINISHED), ("other_17", database_volumes.UNFINISHED)):
        database_volumes.note(str(tmp_path), volume, written)
    database_volumes.note_served(str(tmp_path), ["data", "data_17"])
    assert database_volumes.read(str(tmp_path)) == {"data": 40, "other_17": database_volumes.UNFINISHED}


@pytest.fixture
def reindexing(chat: Upgrading, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The database is of the version already, and its image sorts otherwise than before: what has been built anew is returned."""
    built = list[str]()
    monkeypatch.setattr(upgrade, "moves_of", lambda *_what: ([], [CHAT]))
    monkeypatch.setattr(
        collation, "all_outdated", lambda *_server: [Outdated("chat", "2.36", "2.41"), Outdated("postgres", "2.36", "2.41")]
    )
    monkeypatch.setattr(collation, "rebuild", lambda _client, database, name: built.append(f"{database.container}/{name}"))
    return built


def test_indexes_of_another_order_are_built_anew_where_the_version_is_there(chat: Upgrading, reindexing: list[str]) -> None:
    told = chat.upgrade(check=True)
    assert told["changed"] and reindexing == []
    done = chat.upgrade()
    assert done["changed"] and reindexing == ["db/chat", "db/postgres"] and done["reindexed"] == told["reindexed"]
    assert done["reindexed"][0] == {"database": "chat", "container": "db", "built": "2.36", "now": "2.41"}
    assert ledger.read(str(chat.root))[0][-1]["result"] == "done" and done["release"]


def test_a_library_of_another_kind_is_told_and_nothing_is_built(
    chat: Upgrading, reindexing: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collation, "all_outdated", lambda *_server: [Outdated("chat", "2.36", "")])
    done = chat.upgrade(check=True)
    assert done["result"] == "refused" and "version 2.36, or a later one, got version unknown. Nothing" in done["msg"] and not reindexing


def test_an_index_that_cannot_be_built_is_a_failure(chat: Upgrading, reindexing: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def rebuild(*_what: Any) -> None:
        raise DatabaseError("database chat", "a unique index cannot be built anew", "each once", "23505", "Remove one of each pair.")

    monkeypatch.setattr(collation, "rebuild", rebuild)
    done = chat.upgrade()
    assert done["result"] == "failed" and "Remove one of each pair." in done["msg"]
    assert ledger.read(str(chat.root))[0][-1]["result"] == "failed"
