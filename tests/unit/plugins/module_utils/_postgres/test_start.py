# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A database that is down is started before it is dumped; where that cannot be done, the message begins with keeping the data."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import start
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import Database, DatabaseError
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.programs import CompletedProgram, DatabaseDown
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.start import ensure_running

CHAT = Database("db_chat", "chat", "postgres")


class Engine:
    """One container in a state, that a start or Compose may change."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, status: str, starts: bool = True, answers_after: int = 2) -> None:
        self.status, self.starts, self.questions, self.did = status, starts, answers_after, list[str]()
        self.asked = self.socket_only = 0
        self.containers = self.api = self
        monkeypatch.setattr(start, "query", self.query)
        monkeypatch.setattr(start, "run_program", self.run)
        monkeypatch.setattr(start, "POLL_SECONDS", 0)

    def list(self, filters: dict[str, str], all: bool = False) -> list[Any]:
        assert filters["name"] == "^/db_chat$"
        if not self.status or ("status" in filters and self.status != filters["status"]):
            return []
        return [SimpleNamespace(status=self.status, start=lambda: self.begin("start"), unpause=lambda: self.begin("unpause"))]

    def begin(self, how: str) -> None:
        self.did.append(how)
        self.status = "running" if self.starts else "exited"

    def up_container(self, name: str) -> None:
        self.begin(f"up {name}")

    def run(self, _client: Any, container: str, argv: Sequence[str]) -> CompletedProgram:
        assert container == "db_chat" and argv[:3] == ["pg_isready", "-h", "127.0.0.1"]
        self.socket_only -= 1
        return CompletedProgram(0 if self.socket_only < 0 else 2, b"", b"")

    def query(self, _client: Any, database: Database, _sql: str) -> list[list[str]]:
        self.questions -= 1
        self.asked += 1
        if self.questions > 0 or self.status != "running":
            raise DatabaseError(str(database), "psql failed", "exit code 0", "exit code 2", "")
        return [["1"]]

    def logs(self, _name: str, tail: int) -> bytes:
        return b"PANIC:  could not locate a valid checkpoint record\n"


@pytest.mark.parametrize(
    ("status", "did"), [("exited", "start"), ("created", "start"), ("dead", "start"), ("paused", "unpause"), ("", "up db_chat")]
)
def test_what_is_down_is_started_and_waited_for(monkeypatch: pytest.MonkeyPatch, status: str, did: str) -> None:
    engine = Engine(monkeypatch, status)
    (note,) = ensure_running(engine, engine, [CHAT], {})  # type: ignore[arg-type]
    assert engine.did == [did] and engine.questions == 0
    assert note.startswith("Database chat: container db_chat did not run. It was started")


def test_a_new_cluster_that_is_still_being_made_is_not_taken_for_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, "", answers_after=1)
    engine.socket_only = 3
    ensure_running(engine, engine, [CHAT], {})  # type: ignore[arg-type]
    assert engine.socket_only < 0 and engine.asked == 1


def test_what_runs_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, "running")
    assert ensure_running(engine, engine, [CHAT], {}) == [] and engine.did == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("last", "told"), [({"db_chat": "20261124_120000"}, "Its newest dump is in backup 20261124_120000"), ({}, "There is no dump of it yet")]
)
def test_one_that_ends_again_is_an_error_that_keeps_the_data(monkeypatch: pytest.MonkeyPatch, last: dict[str, str], told: str) -> None:
    monkeypatch.setattr(start, "SECONDS_TO_START", 1)
    engine = Engine(monkeypatch, "exited", starts=False)
    with pytest.raises(DatabaseDown) as raised:
        ensure_running(engine, engine, [CHAT], last)  # type: ignore[arg-type]
    message = str(raised.value)
    assert engine.asked <= 1, "one that has ended was waited for"
    assert "could not locate a valid checkpoint record" in message and told in message
    assert "Start it on the server with `docker start db_chat`" in message
    assert "off" not in message.split() and "Nothing that runs has been changed" in message


def test_one_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "SECONDS_TO_START", 0)
    engine = Engine(monkeypatch, "exited", answers_after=10**6)
    with pytest.raises(DatabaseDown, match="could not be started"):
        ensure_running(engine, engine, [CHAT], {})  # type: ignore[arg-type]
