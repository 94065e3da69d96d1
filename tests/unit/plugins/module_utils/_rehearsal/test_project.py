"""A rehearsal starts the databases, fills them, starts the apps, tells which did not become healthy, and leaves nothing behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._health.run import Gate
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import Database
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.dump import Dump
from ansible_collections.rarebooks.platform.plugins.module_utils._rehearsal import project
from ansible_collections.rarebooks.platform.plugins.module_utils._rehearsal.project import RehearsalError, of_backup

DATABASE = Database("db_chat", "chat", "postgres")
DUMP = Dump("chat.dump", "custom", 3, 1.0, {"public.a": 3})
SERVICES = {
    "backend": {"container_name": "chat_backend", "image": "chat:1"},
    "db": {"container_name": "db_chat", "image": "postgres:15"},
}


class Stage:
    """A backup of an app with a database, and a Compose that notes what it is asked for."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.done, self.ill, self.missing = root, [], "", ""
        self.serving, self.dump = True, {"dump": {"file": "chat.dump"}}
        self.told: list[str] = []
        monkeypatch.setattr(project, "wait_until_ready", lambda _client, name, _user: self.done.append(f"wait for {name}"))
        monkeypatch.setattr(project.proof, "fill", self.fill)
        monkeypatch.setattr(project.health, "wait_until_healthy", self.ask)
        monkeypatch.setattr(project, "remove", lambda _client, name: self.done.append(f"remove {name}"))

    def fill(self, _client: Any, database: Database, dump: Dump, _directory: str, _where: str) -> None:
        self.done.append(f"fill {database.container} from {dump.file}")

    def compose(self, argv: list[str], **_options: Any) -> tuple[int, str, str]:
        if "config" in argv:
            return 0, json.dumps({"services": SERVICES}), ""
        started = argv[argv.index("--no-build") + 1 :]
        self.done.append(f"up {' '.join(started)}")
        return (1, "", "no such image") if self.missing in started else (0, "", "")

    def ask(self, gate: Gate, _secrets: dict[str, str], tell: Callable[[str], None]) -> tuple[bool, dict[str, Any]]:
        tell(f"waiting for {gate.containers[0]} (starting, 3 s)")
        self.done.append(f"ask {' '.join(gate.containers)} for {gate.deadline} s")
        facts = {"state": "exited", "health": "none", "exit_code": 3, "logs": ["no such table"]}
        reports = [{"name": name, "cause": "its log says no such table" if self.ill in name else "", **facts} for name in gate.containers]
        return not self.ill, {"containers": reports}

    def run(self) -> list[str]:
        app = SimpleNamespace(databases=(DATABASE,), containers=("chat_backend", "db_chat"))
        images = {"chat_backend": {"id": "sha256:app"}, "db_chat": {"id": "sha256:db"}}
        manifest: Any = SimpleNamespace(
            id="20261124_083000",
            project="shop",
            apps=(app,),
            files={"docker-compose.yml": {}},
            images=images,
            databases={"db_chat": self.dump},
            is_serving=lambda _app: self.serving,
        )
        client: Any = None
        made = of_backup(client, self.compose, manifest, str(self.root), str(self.root), "drill")
        return replace(made, tell=self.told.append).run({DATABASE: DUMP})


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(tmp_path, monkeypatch)


def test_databases_are_filled_before_any_app_starts_and_nothing_stays(stage: Stage) -> None:
    assert stage.run() == ["chat_backend"]
    filled = ["up db", "wait for drill-db-1", "fill drill-db-1 from chat.dump"]
    assert stage.done == [*filled, "up backend", "ask drill-backend-1 drill-db-1 for 600 s", "remove drill"]
    assert (stage.root / "docker-compose.yml").stat().st_mode & 0o777 == 0o600


def test_who_waits_reads_the_names_that_he_knows(stage: Stage) -> None:
    stage.run()
    assert stage.told == [f"restoring {DATABASE}", "waiting for chat_backend (starting, 3 s)"]


def test_an_app_that_does_not_become_healthy_is_told_with_its_log(stage: Stage) -> None:
    stage.ill = "backend"
    told = r"expected chat_backend to become healthy.*got chat_backend: exited, exit code 3, its log says no such table"
    with pytest.raises(RehearsalError, match=told) as caught:
        stage.run()
    assert caught.value.facts == {"logs": {"chat_backend": ["no such table"]}}
    assert stage.done[-1] == "remove drill"


def test_one_that_cannot_be_started_is_told_in_the_words_of_compose(stage: Stage) -> None:
    stage.missing = "backend"
    with pytest.raises(RehearsalError, match=r"(?s)expected chat_backend to become healthy.*no such image"):
        stage.run()
    assert stage.done[-1] == "remove drill"


def test_an_app_that_did_not_serve_is_not_started(stage: Stage) -> None:
    stage.serving = False
    assert (stage.run(), stage.done) == ([], [])


def test_an_app_without_a_dump_is_not_started(stage: Stage) -> None:
    stage.dump = {"dump": {}}
    assert (stage.run(), stage.done) == ([], [])
