"""A server that is being restored has its databases filled once its own containers have made them, and before any app meets them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import Database
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import databases
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.databases import FirstFill

BOOKS, USERS = Database("books_db", "books", "postgres"), Database("users_db", "users", "postgres")


def test_what_an_image_has_just_made_goes_and_what_was_there_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = list[str]()
    swaps = [SimpleNamespace(container=one.container, database=one, aside=f"{one.name}_before") for one in (BOOKS, USERS)]
    exchange: Any = SimpleNamespace(
        databases=[BOOKS, USERS],
        restore=lambda: steps.append("restored"),
        swaps=lambda apps: swaps if apps == ["app"] else [],
    )
    # A run that was cut off has left the one of the users, in which somebody may have written.
    monkeypatch.setattr(databases, "containers_of", lambda *_project: {"users_db": {}})
    monkeypatch.setattr(databases, "ensure_running", lambda _client, _project, all_of, _last: steps.append(f"started {len(all_of)}"))
    monkeypatch.setattr(databases, "perform", lambda _client, found: steps.append(f"exchanged {len(found)}"))
    monkeypatch.setattr(databases.postgres_restore, "drop", lambda _client, _database, name: steps.append(f"dropped {name}"))
    monkeypatch.setattr(databases, "finish", lambda _client, found, _sealed: [f"looked at {one.container}" for one in found])
    monkeypatch.setattr(databases, "_locked_out", lambda _client, database: [f"{database.name} keeps one out"] if database == BOOKS else [])
    client: Any = None
    project: Any = SimpleNamespace(name="shop")
    apps: Any = ["app"]
    assert FirstFill(client, exchange).fill(project, apps) == ["books keeps one out", "looked at users_db"]
    assert steps == ["started 2", "restored", "exchanged 2", "dropped books_before"]
