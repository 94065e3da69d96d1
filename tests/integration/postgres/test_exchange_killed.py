# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A rollback with databases, killed before each single thing it does to PostgreSQL or to its files, while the app goes on writing.

Whatever row the app was told is written must be in a database or in a sealed dump afterwards. PostgreSQL, the journal, the ledger
and the transaction are real; the containers of the app are not there, so that the switch itself is played.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import docker
import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import listing
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import seal as backup_seal
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import FORMAT, Manifest, dump, seal_of
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import dump as postgres_dump
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import exchange
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import UNDEFINED_TABLE, Database, DatabaseError, query
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.helper import MOUNT, beside
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.programs import run_program
from ansible_collections.rarebooks.platform.plugins.module_utils._release import description, journal
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Release
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import target, transaction
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import transaction as switch_transaction
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.databases import Exchange
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.server import Server
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.switch import Switched
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.transaction import Failed, SwitchRequest, carry_out
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import plan as tree_plan

sys.path.insert(0, os.path.dirname(__file__))
import crashes
from crashes import killed_before
from lab import LABELS, NAME, running

CHAT = Database(NAME, "chat", "shopkeeper")
DATABASE = description.Database(container=NAME, name="chat", user=CHAT.user)
RELEASE = Release(apps=(App(name="chat", title="Chat", containers=(NAME,), databases=(DATABASE,)),))
TARGET = target.from_inventory([], RELEASE)
# Counted with the operations on files: each program that is started beside the database, such as psql.
PROGRAMS = [(docker.APIClient, "exec_create")]
OLD = "20261124_120000"
NEVER = 999


@dataclass
class Shop:
    """A server with one database, and the app that writes to it."""

    root: Path
    client: docker.DockerClient
    # A container that sees root: one for all dumps that are read.
    reader: str
    acknowledged: set[str] = field(default_factory=set)
    _dumped: dict[Path, set[str]] = field(default_factory=dict)

    def write(self) -> None:
        """Write a row as the app does; where the database takes no connection nobody is told that it is written."""
        row = f"row {len(self.acknowledged) + 1}"
        try:
            query(self.client, CHAT, "INSERT INTO message VALUES (:'row')", row=row)
        except DatabaseError:
            return
        self.acknowledged.add(row)

    def seal(self, identifier: str) -> Manifest:
        """Seal a backup of nothing but the database, as the module backup does."""
        directory = self.root / "backups" / identifier
        (directory / "files").mkdir(parents=True)
        (directory / "dumps").mkdir()
        facts = {
            "oid": exchange.number_of(self.client, CHAT, CHAT.name),
            "written": exchange.rows_written(self.client, CHAT, CHAT.name),
        }
        made = postgres_dump.dump(self.client, CHAT, str(directory / "dumps"))
        entry = {"name": "chat", "user": CHAT.user, "schema_query": "", "schema": "", "dump": made.to_dict(), "proof_seconds": 1.0, **facts}
        manifest = Manifest(
            FORMAT,
            identifier,
            "2026-11-24T12:00:00Z",
            "a test",
            "",
            "",
            "shop",
            "r",
            {},
            {},
            {NAME: entry},
            backup_seal.measured(str(directory / "dumps")),
            {},
            RELEASE,
            [NAME],
        )
        (directory / "manifest.json").write_bytes(dump(manifest))
        (directory / "manifest.json.sha256").write_bytes(seal_of(dump(manifest)))
        return manifest

    def write_off(self) -> None:
        """Take over what the app wrote within a run."""
        path = self.root / "acknowledged"
        self.acknowledged |= set(path.read_text().splitlines()) if path.exists() else set()

    def rows(self, name: str) -> set[str]:
        exchange.reopen(self.client, CHAT, name)
        try:
            return {row for (row,) in query(self.client, CHAT, "SELECT text FROM message", dbname=name)}
        except DatabaseError as error:
            assert error.sqlstate == UNDEFINED_TABLE  # It was killed while it restored this one.
            return set()

    def dumped(self) -> set[str]:
        """Return the rows of all sealed dumps."""
        for path in self.root.glob("backups/*/dumps/*.dump"):
            if path not in self._dumped:
                there = f"{MOUNT}/{path.relative_to(self.root)}"
                read = run_program(self.client, self.reader, ["pg_restore", "--data-only", "-f", "-", there])
                assert read.code == 0, read
                self._dumped[path] = set(read.stdout.decode().splitlines())
        return set().union(*self._dumped.values())

    def everywhere(self) -> set[str]:
        """Return the rows of all databases and of all sealed dumps."""
        names = set(exchange.numbers(self.client, CHAT).values())
        return self.dumped().union(*(self.rows(name) for name in names if name.startswith("chat")))


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    client = docker.from_env(version="auto")
    with running(client):
        yield client
    client.close()


@pytest.fixture
def shop(client: docker.DockerClient, tmp_path: Path) -> Iterator[Shop]:
    for name in exchange.numbers(client, CHAT).values():
        if name.startswith("chat"):
            query(client, CHAT, 'DROP DATABASE :"name" WITH (FORCE)', dbname="postgres", name=name)
    query(client, CHAT, "CREATE DATABASE chat", dbname="postgres")
    query(client, CHAT, "CREATE TABLE message (text text)")
    with beside(client, CHAT, "look", str(tmp_path), LABELS, writable=False) as reader:
        shop = Shop(tmp_path, client, reader)
        shop.write()
        shop.seal(OLD)
        shop.write()
        yield shop


def roll_back(root: Path, number: int, sealed: str, broken: bool = False) -> None:
    """What the module release does of a rollback with databases, in which the app writes as soon as it is started."""
    client = docker.from_env(version="auto")  # Of its own: it runs in a child.
    token = f"{number:08x}" + "0" * 24
    server = Server(client, lambda *_a, **_k: (0, "", ""), str(root), "shop", [], "", None, False, 0, {})
    backup = listing.get(str(root), OLD)
    assert backup.manifest is not None
    request = SwitchRequest(TARGET, {"token": token}, sealed, exchange=Exchange(client, backup.directory, backup.manifest, token))

    def play(
        _server: Server, _target: Any, plan: Any, _extra: Any, _validate: Any = None, begin: Any = None, between: Any = None
    ) -> Switched:
        if begin:
            begin()
        between()
        query(client, CHAT, "INSERT INTO message VALUES (:'row')", row=app_row(number))
        (root / "acknowledged").open("a").write(f"{app_row(number)}\n")
        (root / "operations").write_text(str(crashes.counted_operations))
        if broken and begin:
            raise RuntimeError("The app does not serve")
        return Switched(plan)

    def proven(result: str, _error: str, _reasons: Any) -> None:
        ledger.append(str(root), ledger.entry(request.run, result or "rolled back", 1.0))

    mock.patch.object(transaction, "switch", play).start()
    switch_transaction.end_proven(server)
    try:
        carry_out(server, request, tree_plan.Plan(str(root), [], {}, {}, {}, {}, False), proven)
    except Failed as failure:
        assert broken and failure.result == "restored", failure.message


def app_row(number: int) -> str:
    return f"by the app in run {number}"


def killed(shop: Shop, point: int, broken: bool) -> bool:
    """Roll back, killed before an operation, while the app writes before and after it; say whether it came to that."""
    sealed = f"20261201_00{point // 60:02}{point % 60:02}"
    shop.seal(sealed)
    shop.write()
    was_killed = killed_before(point, partial(roll_back, shop.root, point, sealed, broken), PROGRAMS)
    shop.write()
    shop.write_off()
    assert shop.acknowledged <= shop.everywhere(), f"killed before operation {point}"
    return was_killed


@pytest.mark.parametrize("broken", [False, True], ids=["sound", "broken"])
def test_no_row_is_lost_wherever_it_is_killed(shop: Shop, broken: bool) -> None:
    first = 1
    if broken:
        # Until the app turns out to be broken, it is the same as where it is sound.
        killed(shop, NEVER, broken)
        first = int((shop.root / "operations").read_text())
        assert first > 10
    points = itertools.count(first)
    last = next(point for point in points if not killed(shop, point, broken))
    assert 25 < last < NEVER
    # The last one was not killed: nothing of all those before it is in the way, and nothing is left to do.
    assert journal.read(str(shop.root)) is None
