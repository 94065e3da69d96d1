"""A server with an app that logs in to its database, and whose secrets are in a store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import password
from machine import Machine

ENVIRONMENTS = [
    {"path": "env/db.env", "content": "POSTGRES_USER=postgres\nPOSTGRES_PASSWORD=@secret(chat_db_password)@\n"},
    {"path": "env/web.env", "content": "ConnectionStrings__Db=Host=db;Username=postgres;Password=@secret(chat_db_password)@\n"},
]


class Chat(Machine):
    """A machine whose app logs in to its database."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__(root, monkeypatch, capsys)
        self.postgres.kept["db"] = password.scram("first", b"salt")
        self.store("first")

    @property
    def secrets_file(self) -> Path:
        return self.root / ".secrets.json"

    def store(self, value: str, **others: str) -> None:
        self.secrets_file.write_text(json.dumps({"chat_db_password": value, **others}))

    @property
    def stored(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.secrets_file.read_text())
        return found

    def files(self, number: int, *more: str) -> list[dict[str, str]]:
        compose, *others = super().files(number, *more)
        document = json.loads(compose["content"])
        for name in ("db", "web"):
            document["services"][name]["env_file"] = f"env/{name}.env"
        return [{**compose, "content": json.dumps(document)}, *others, *ENVIRONMENTS]

    def switch(self, run: Any, **options: Any) -> dict[str, Any]:
        return super().switch(run, secrets_file=str(self.secrets_file), **options)

    def accepts(self, value: str) -> bool:
        """Say whether the database accepts a password, and no other is in the files and in the containers' environments."""
        environments = [one["Config"]["Env"] for name, one in self.engine.running.items() if name in ("db", "web")]
        assert all(any(line.endswith(f"={value}") for line in lines) for lines in environments), environments
        assert f"Password={value}\n" in self.tree["env/web.env"]
        return password.opens(self.postgres.kept["db"], "postgres", value)
