"""What would end an upgrade half-way is refused before it begins, with one sentence each."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._operate import obstacles
from ansible_collections.rarebooks.platform.plugins.module_utils._operate.carrying import Move
from ansible_collections.rarebooks.platform.plugins.module_utils._operate.standing import OperationError
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import Database
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.cluster import DATA, Cluster

OF_18 = "/var/lib/postgresql/18/docker"
DEBIANS = "/usr/share/postgresql/17/extension"
MIB = 1 << 20


def move(path: str, name: str = "orders") -> Move:
    before = Cluster("postgres:15", 15, f"{name}_data", path, DATA, DATA)
    return Move(Database(name, name, "postgres"), before, 17, "postgres:17", f"{name}_17", f"shop_{name}_17", DATA, name, {})


class Server:
    """What databases and disks answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tablespaces, self.extensions, self.image = list[str](), ["plpgsql"], {f"{DEBIANS}/plpgsql.control"}
        self.disks, self.free, self.looked = dict[str, int](), 1000 * MIB, 0
        monkeypatch.setattr(obstacles, "query", self.query)
        monkeypatch.setattr(obstacles, "size", lambda _client, _database: 200 * MIB)
        monkeypatch.setattr(obstacles.container_files, "found_in_image", self.found)
        monkeypatch.setattr(obstacles, "os", SimpleNamespace(stat=lambda path: SimpleNamespace(st_dev=self.disks.get(path, 1))))
        monkeypatch.setattr(obstacles, "shutil", SimpleNamespace(disk_usage=lambda _path: SimpleNamespace(free=self.free)))

    def query(self, _client: Any, _database: Database, sql: str) -> list[list[str]]:
        return [[name] for name in (self.extensions if "pg_extension" in sql else self.tablespaces)]

    def found(self, _client: Any, _image: str, paths: set[str], _project: str) -> set[str]:
        self.looked += 1
        return paths & self.image

    def refuse(self, *moves: Move) -> None:
        client: Any = None
        obstacles.refuse(client, "shop", moves)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(monkeypatch)


def test_room_is_that_of_all_new_volumes_on_a_disk(server: Server) -> None:
    orders, stock = move("/var/lib/docker/orders"), move("/var/lib/docker/stock", "stock")
    server.refuse(orders)
    server.free = 700 * MIB
    server.refuse(orders)
    with pytest.raises(OperationError, match=r"at least 800 MiB free for .* database orders and stock, got 700 MiB\. Nothing"):
        server.refuse(orders, stock)
    server.disks[stock.before.path] = 2
    server.refuse(orders, stock)


def test_a_tablespace_lies_in_no_volume(server: Server) -> None:
    server.tablespaces = ["fast"]
    with pytest.raises(OperationError, match=r"got the tablespace fast outside of it\. Nothing .* DROP TABLESPACE fast\."):
        server.refuse(move("/a"))


def test_an_image_has_what_the_database_uses(server: Server) -> None:
    server.refuse(move("/a"))
    assert server.looked == 0  # Only for what is no part of PostgreSQL itself.
    server.extensions = ["plpgsql", "pg_trgm", "postgis"]
    server.image |= {f"{DEBIANS}/pg_trgm.control"}
    with pytest.raises(OperationError, match=r"with the extension postgis, which database orders uses, got postgres:17 without\."):
        server.refuse(move("/a"))
    server.refuse(replace(move("/a"), is_image_present=False))
    server.image.clear()  # It keeps them where nobody looks.
    server.refuse(move("/a"))


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ({"volumes": [{"target": DATA}, {"target": f"{DATA}/pg_hba.conf"}]}, f"{DATA}/pg_hba.conf"),
        ({"command": ["postgres", "-c", f"hba_file={DATA}/pg_hba.conf"]}, r"command: \["),
        ({"environment": {"PGDATA": DATA, "BACKUP_OF": DATA}}, f"BACKUP_OF={DATA}"),
    ],
)
def test_what_names_the_old_directory_is_not_left_where_the_new_data_are_elsewhere(definition: dict[str, Any], said: str) -> None:
    """From 18 on the official image has moved them."""
    before = move("/a").before
    obstacles.refuse_tied("db", definition, before, DATA)
    with pytest.raises(OperationError, match=rf"db: expected nothing but the volume .* got .*{said}.* in {OF_18}, and would not find"):
        obstacles.refuse_tied("db", definition, before, OF_18)


def test_a_write_ahead_log_of_its_own_is_refused() -> None:
    definition = {"environment": {"POSTGRES_INITDB_WALDIR": "/wal"}}
    with pytest.raises(OperationError, match=r"db: expected its write-ahead log in the volume .* POSTGRES_INITDB_WALDIR=/wal\. Nothing"):
        obstacles.refuse_tied("db", definition, move("/a").before, DATA)


def test_an_ordinary_service_goes_to_18() -> None:
    definition = {"volumes": [{"target": DATA}, {"target": "/docker-entrypoint-initdb.d"}], "environment": {"POSTGRES_DB": "shop"}}
    obstacles.refuse_tied("db", definition, move("/a").before, OF_18)
