# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which apps are tried on a copy of their data before a switch, and what comes of what they do there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.databases import remove_leftovers
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.compose import Project
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.containers import OWNER_LABEL
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import Database as Live
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import DatabaseError
from ansible_collections.rarebooks.platform.plugins.module_utils._rehearsal.project import RehearsalError
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Database, Proxy, Release
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import rehearse, target
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.rehearse import How, RehearsalRefusal, Rehearse
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.server import Server
from memory_engine import Engine

BACKUP = "20261127_211430"
DUMP = {"file": "db_chat.dump", "format": "custom", "size": 3, "seconds": 1.0, "tables": {"public.a": 3}}
CHAT = App(
    name="chat",
    title="Chat",
    containers=("db_chat", "chat_backend"),
    databases=(Database(container="db_chat", name="chat", user="postgres"),),
)
STATIC = App(name="pages", title="Pages", containers=("pages",))
SCHEMAS = {"before": {("public.a", ""): ""}, "after": {("public.b", ""): ""}}


class Stage:
    """A staged release of two apps, of which one has a database."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rehearsed: list[str] = []
        self.dump: dict[str, Any] | None = DUMP
        self.proof: float | None = 1.5
        self.shortage, self.error = "", ""
        self.migrated = False
        self.locked = ""
        self.results: dict[str, str] = {}
        self.bytes = 3
        names = {"db_chat": "postgres:15", "chat_backend": "chat:2", "pages": "pages:2"}
        services = [{"container_name": name, "image": image} for name, image in names.items()]
        monkeypatch.setattr(rehearse, "Definition", lambda *_given: SimpleNamespace(services=lambda: services))
        monkeypatch.setattr(rehearse.listing, "get", lambda *_given: SimpleNamespace(directory="/backups/x", manifest=self.manifest))
        monkeypatch.setattr(rehearse.memory, "shortage", lambda _client, _images, _off: self.shortage)
        monkeypatch.setattr(rehearse, "postgres_size", self.size)
        monkeypatch.setattr(rehearse.project, "remove", lambda _client, name: self.rehearsed.append(f"remove {name}"))
        monkeypatch.setattr(rehearse, "Rehearsal", self.rehearsal)
        monkeypatch.setattr(rehearse, "schema_id", lambda _client, _database: "2" if self.migrated else "1")
        monkeypatch.setattr(rehearse.schema, "read", lambda _client, _database: SCHEMAS["after" if self.migrated else "before"])
        monkeypatch.setattr(rehearse.locks, "followed", lambda _client, _database: nullcontext(self.locked))
        client: Any = SimpleNamespace(
            images=SimpleNamespace(get=lambda name: SimpleNamespace(id=f"sha256:{name}")), info=lambda: {"DockerRootDir": "/"}
        )
        self.server = Server(
            client, lambda *_a, **_k: (0, "", ""), "/opt/x", "shop", [], "/none", None, False, 0, {"key": "hunter2hunter2"}
        )

    def size(self, _client: Any, database: Live) -> int:
        if self.bytes < 0:
            raise DatabaseError(str(database), "psql failed", "exit code 0", "exit code 2", "Look.")
        return self.bytes

    @property
    def manifest(self) -> Any:
        entry = {"name": "chat", "user": "postgres", "schema_query": "", "dump": self.dump, "proof_seconds": self.proof}
        return SimpleNamespace(databases={"db_chat": entry})

    def rehearsal(
        self, _client: Any, _run: Any, tree: str, _project: str, images: dict[str, str], dumps: str, *_rest: Any, **more: Any
    ) -> Any:
        def run(databases: dict[Live, Any], filled: Callable[..., None], started: Callable[..., None]) -> None:
            self.rehearsed.append(f"{tree} {sorted(images)} {dumps} {more['seconds']}")
            for database in databases:
                filled(database, database)
            if self.error:
                raise RehearsalError(self.error, logs={"chat_backend": ["password hunter2hunter2"]})
            self.migrated = True
            for database in databases:
                started(database, database)

        return SimpleNamespace(run=run)

    def run(self, mode: str, starting: set[str], running: dict[str, str], backup: str = BACKUP) -> list[str]:
        wanted = target.from_inventory([], Release(proxy=Proxy(containers=("nginx",)), apps=(CHAT, STATIC)))
        found = {name: {"Image": f"sha256:{image}"} for name, image in running.items()}
        one = Rehearse(self.server, wanted, found, How(mode, 300, backup), lambda: "/tmp/work")
        one("/staged", starting)
        self.results = one.results
        return one.notes


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


TRIED = ["remove rarebooks-scratch-rehearsal", f"/staged ['chat_backend', 'db_chat'] {Path('/backups/x/databases')} 300"]


@pytest.mark.parametrize(
    ("mode", "starting", "running", "backup", "tried"),
    [
        ("auto", {"chat_backend"}, {"chat_backend": "chat:1"}, BACKUP, True),
        ("auto", {"chat_backend"}, {"chat_backend": "chat:2"}, BACKUP, False),
        ("auto", {"chat_backend"}, {}, BACKUP, False),
        ("always", {"chat_backend"}, {"chat_backend": "chat:2"}, BACKUP, True),
        ("always", {"db_chat", "pages", "nginx"}, {"chat_backend": "chat:2"}, BACKUP, False),
        ("auto", {"nginx"}, {"chat_backend": "chat:1"}, BACKUP, True),
        ("never", {"chat_backend"}, {"chat_backend": "chat:1"}, BACKUP, False),
        ("auto", {"chat_backend"}, {"chat_backend": "chat:1"}, "", False),
    ],
    ids=["another image", "the same image", "nothing ran", "always", "none of its own", "another by the same name", "never", "no backup"],
)
def test_what_is_tried(stage: Stage, mode: str, starting: set[str], running: dict[str, str], backup: str, tried: bool) -> None:
    stage.run(mode, starting, running, backup)
    assert [one.replace("/dumps", "/databases") for one in stage.rehearsed] == (TRIED if tried else [])


@pytest.mark.parametrize(("starting", "tried"), [({"nginx"}, False), ({"chat_backend"}, True)])
def test_one_that_is_carried_over_is_tried_when_it_is_replaced(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, starting: set[str], tried: bool
) -> None:
    monkeypatch.setattr(Project, "carried", lambda _project: {"backend": "chat_backend"})
    stage.run("auto", starting, {"chat_backend": "chat:1"})
    assert bool(stage.rehearsed) is tried


NEW = ({"chat_backend"}, {"chat_backend": "chat:1"})


def test_what_it_did_to_the_schema_is_told(stage: Stage) -> None:
    tried, schema = stage.run("auto", *NEW)
    assert tried.startswith("Chat was tried on a copy of its data first, and was healthy after ")
    assert schema == (
        "Its database chat goes from schema 1 to 2: new: public.b; gone: public.a. The version of before may not work with that; going "
        "back may need its databases as well."
    )
    assert stage.results == {"chat": f"healthy after {tried.rpartition('after ')[2]} {schema}"}
    assert list(stage.server.alone) == ["chat_backend"]


def test_for_whom_visitors_will_wait_is_told(stage: Stage) -> None:
    stage.locked = "public.a from reading and writing for 12 s"
    _tried, _schema, locked = stage.run("auto", *NEW)
    assert (
        locked
        == "Meanwhile it kept others in database chat from tables, so visitors will wait: public.a from reading and writing for 12 s."
    )
    assert locked in stage.results["chat"]


def test_beside_one_that_only_adds_to_the_schema_the_version_of_before_may_run(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SCHEMAS, "after", {**SCHEMAS["before"], ("public.a", "more"): "text"})
    _tried, schema = stage.run("auto", *NEW)
    assert schema == "Its database chat goes from schema 1 to 2: new: public.a.more."
    assert stage.server.alone == {}


def test_one_that_fails_there_is_refused_and_no_secret_is_told(stage: Stage) -> None:
    stage.error = "Chat: expected chat_backend to become healthy, got exit code 3, login with hunter2hunter2 failed"
    with pytest.raises(RehearsalRefusal, match=r"login with \*+ failed\. Nothing has been changed: .* -e stack_rehearse=never") as caught:
        stage.run("auto", *NEW)
    assert "hunter2" not in str(caught.value)
    assert "\n\nThe log of chat_backend ended there with:\n    | password *" in str(caught.value)


@pytest.mark.parametrize(
    ("dump", "shortage"), [(None, ""), (DUMP, "expected 700 MiB of memory available, got 100")], ids=["no dump", "no memory"]
)
def test_what_cannot_be_tried_is_said_or_refused(stage: Stage, dump: dict[str, Any] | None, shortage: str) -> None:
    stage.dump, stage.shortage = dump, shortage
    why = shortage or f"backup {BACKUP} has no dump of db_chat"
    assert stage.run("auto", *NEW) == [f"Chat was not tried on a copy of its data first: {why}."]
    with pytest.raises(RehearsalRefusal, match="Chat could not be tried on a copy of its data: "):
        stage.run("always", *NEW)
    assert stage.rehearsed == []


def test_a_copy_that_does_not_fit_beside_what_is_live_is_not_made(stage: Stage) -> None:
    """The room that its rows take, not that of their compressed dump; and a migration may write all of them anew."""
    stage.bytes = 1 << 60
    (told,) = stage.run("auto", *NEW)
    assert told.startswith(
        f"Chat was not tried on a copy of its data first: /: expected {(2 << 60) + (32 << 20) >> 20} MiB free for a copy of its"
    )
    with pytest.raises(RehearsalRefusal, match="Chat could not be tried on a copy of its data: /: expected"):
        stage.run("always", *NEW)
    assert stage.rehearsed == []


def test_a_copy_that_cannot_be_made_keeps_nobody_from_deploying_what_was_proven(stage: Stage) -> None:
    stage.bytes = -1
    (told,) = stage.run("auto", *NEW)
    assert told.startswith("Chat was not tried on a copy of its data first: database chat in container db_chat: psql failed.")
    with pytest.raises(RehearsalRefusal, match=r"could not be tried on a copy of its data: .*psql failed.* Nothing has been changed\."):
        stage.run("always", *NEW)


def test_what_was_not_restored_for_proof_is_not_restored_for_this_unasked(stage: Stage) -> None:
    stage.proof = None
    (told,) = stage.run("auto", *NEW)
    assert told.startswith("Chat was not tried on a copy of its data first: its dumps were not restored for their proof either")
    assert stage.rehearsed == []
    assert len(stage.run("always", *NEW)) == 2


def test_what_a_killed_one_left_goes_when_the_next_run_seals(tmp_path: Path) -> None:
    engine = Engine(str(tmp_path))
    engine.has_image("chat:2", "sha256:chat")
    for name in (f"{rehearse.PROJECT}-backend-1", "rarebooks-drill-backend-1"):
        engine.make(name, "chat:2", {OWNER_LABEL: "shop"})
    remove_leftovers(engine.client, "shop")
    assert list(engine.running) == ["rarebooks-drill-backend-1"]
