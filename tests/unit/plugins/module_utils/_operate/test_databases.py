"""Another database in the place of a live one: a dump of it, or an empty one; and dumps that are proven or put beside it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import seal
from ansible_collections.rarebooks.platform.plugins.module_utils._operate import database_reads, databases
from ansible_collections.rarebooks.platform.plugins.module_utils._operate.standing import release_of
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import Database, DatabaseError
from ansible_collections.rarebooks.platform.plugins.module_utils._release import journal, stopped
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger
from ansible_collections.rarebooks.platform.plugins.module_utils._run.ledger import Run
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import databases as switch_databases
from ansible_collections.rarebooks.platform.plugins.modules import database
from machine import Machine


class Operated(Machine):
    """A machine with a dump of two messages in a backup, and three messages now."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__(root, monkeypatch, capsys)
        self.image(1)
        assert not self.deploy(1, "blog").get("failed")
        self.postgres.create("db", "chat", "v1", message=2)
        self.backup = self.seal(self.run("dump database"), only_databases=["db"])["id"]
        self.postgres.write("db", "chat", "message")

    def work(self, state: str, check: bool = False, **options: Any) -> dict[str, Any]:
        run = self.run(f"{state} database")
        undumped = {"databases": "off", "unread_databases": ["db"]} if options.get("keep") else {}
        sealed = self.seal(run, only_databases=["db"], **undumped)
        return self.call(
            database,
            state=state,
            run=run.to_dict(),
            lease_directory=self.place.directory,
            backup=sealed["id"],
            secrets_file=str(self.root / ".secrets.json"),
            proxy_record=str(self.root / ".loaded.json"),
            proxy_paths=[str(self.root / "nginx")],
            deadline=1,
            _ansible_check_mode=check,
            **{"database": "chat", **options},
        )

    @property
    def messages(self) -> int:
        return self.databases["chat"]


@pytest.fixture
def chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Operated:
    return Operated(tmp_path, monkeypatch, capsys)


def test_the_rows_of_then_are_live_and_the_other_app_is_not_touched(chat: Operated) -> None:
    blog = chat.engine.running["blog"]["State"]["StartedAt"]
    done = chat.work("restored", source=chat.backup)
    assert (done["rows"], chat.messages, done["started"]) == (2, 2, ["web"])
    assert "To have it back: ansible-playbook database.yml -e operation=restore -e database=chat -e from=2" in done["notes"][0]
    assert chat.engine.running["blog"]["State"]["StartedAt"] == blog and chat.ledger[-1] == ("restored database", "done")
    # The safety dump has all of the one before.
    assert set(chat.databases) == {"chat"} and chat.journal is None


def test_what_was_stopped_on_purpose_runs_again_and_that_is_told(chat: Operated) -> None:
    web = chat.engine.running["web"]
    web["State"]["Status"] = "exited"
    stopped.note(str(chat.root), {"web": stopped.Stopped("alice@laptop", "2026-11-26T12:00:00Z", web["Id"])})
    told = "web was stopped on purpose by alice@laptop on 2026-11-26T12:00:00Z, and runs again: Chat is proven to serve."
    assert told in chat.work("restored", source=chat.backup)["notes"] and not (chat.root / stopped.FILE).exists()


def test_the_newest_dump_is_not_the_one_of_what_is_about_to_go(chat: Operated) -> None:
    done = chat.work("restored")
    assert (done["source"], done["rows"], chat.messages) == (chat.backup, 2, 2)


def test_an_edit_by_hand_is_not_recorded_as_proven(chat: Operated) -> None:
    (chat.root / "release.json").chmod(0o600)
    assert not chat.work("restored", source=chat.backup).get("failed")
    last = ledger.read(str(chat.root))[0][-1]
    assert (last["result"], last["release"]) == ("done", "")


@pytest.mark.parametrize("check", [False, True])
def test_what_was_edited_by_hand_waits_for_a_deploy(chat: Operated, check: bool) -> None:
    edited = chat.root / "docker-compose.yml"
    edited.write_text(edited.read_text() + "\n")
    done = chat.work("restored", check, source=chat.backup)
    assert done["result"] == "refused" and chat.messages == 3
    assert "expected the files of the live release for it, got ones that were changed since: docker-compose.yml" in done["msg"]


def test_one_that_is_too_damaged_to_be_dumped_is_kept_beside(chat: Operated) -> None:
    chat.postgres.clusters["db"]["chat"].damaged = True
    run = chat.run("restore database")
    refused = chat.seal(run, only_databases=["db"], without_dump="Keep it: -e keep_damaged=chat")
    assert refused["failed"] and refused["msg"].endswith("Keep it: -e keep_damaged=chat") and "stack_backup_databases" not in refused["msg"]
    done = chat.work("restored", source=chat.backup, keep=True)
    assert not done.get("failed"), done["msg"]
    aside = f"chat_before_{chat.short}"
    assert chat.databases == {"chat": 2, aside: 3} and chat.postgres.clusters["db"][aside].damaged
    (note,) = done["notes"]
    assert f"kept as database {aside}" in note and "To have it back" not in note


def test_one_that_is_to_be_kept_is_so_though_an_older_dump_has_all_its_rows(chat: Operated) -> None:
    chat.seal(chat.run("dump database"), only_databases=["db"])
    done = chat.work("restored", source=chat.backup, keep=True)
    assert not done.get("failed"), done["msg"]
    assert chat.databases == {"chat": 2, f"chat_before_{chat.short}": 3}


def test_check_mode_changes_nothing(chat: Operated) -> None:
    done = chat.work("restored", check=True, source=chat.backup)
    assert done["changed"] and chat.messages == 3 and set(chat.databases) == {"chat"}


def test_an_app_that_does_not_serve_with_it_has_the_one_before_back(chat: Operated) -> None:
    chat.engine.turns_out[chat.engine.image("web:1")] = "exited"
    done = chat.work("restored", source=chat.backup)
    assert done["failed"] and chat.messages == 3


def test_an_empty_one_has_to_be_filled_by_the_app(chat: Operated) -> None:
    done = chat.work("recreated")
    assert done["failed"] and done["result"] == "restored" and chat.messages == 3
    assert "expected the app to make its tables in the empty database" in done["msg"]
    chat.engine.programs.insert(0, lambda call: chat.postgres.write("db", "chat", "message", 0) if "query_to_xml" in call.input else None)
    done = chat.work("recreated")
    assert not done.get("failed"), done["msg"]
    assert chat.messages == 0


def test_one_beside_it(chat: Operated) -> None:
    done = chat.work("beside", source=chat.backup)
    assert done["beside"] == f"chat_from_{chat.backup}" and chat.databases == {"chat": 3, done["beside"]: 2}
    assert "dropdb --force -U postgres" in chat.work("beside", source=chat.backup)["msg"]


def test_a_drill_takes_the_newest_dump_and_changes_nothing(chat: Operated) -> None:
    done = chat.work("proven")
    (proof,) = done["proofs"]
    assert (proof["rows"], done["changed"], chat.messages) == (3, False, 3)
    assert chat.work("proven", source=chat.backup)["proofs"][0]["rows"] == 2


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(("state", "options"), [("restored", {}), ("restored", {"keep": True}), ("beside", {}), ("proven", {})])
def test_a_disk_that_would_be_full_is_left_alone(
    chat: Operated, monkeypatch: pytest.MonkeyPatch, state: str, options: dict[str, Any], check: bool
) -> None:
    began: list[str] = []
    monkeypatch.setattr(databases.run_lease, "begin_step", lambda _place, _token, step, process=False: began.append(step))
    monkeypatch.setattr(switch_databases, "shortage", lambda _client, dumped: f"no room for {[one.name for one in dumped]}")
    monkeypatch.setattr(databases, "shortage", switch_databases.shortage)
    done = chat.work(state, check, source=chat.backup, **options)
    assert (
        done["failed"]
        and done["msg"].startswith("no room for ['chat']. Nothing has been changed. Free some space")
        and not began
        and chat.databases == {"chat": 3}
    )


@pytest.mark.parametrize(
    ("live", "dumped", "free", "short"),
    [
        (100, 70, 139, True),
        (100, 70, 140, False),
        (300, 70, 299, True),
        (300, 70, 300, False),
        (None, 70, 139, True),
        (None, 70, 140, False),
    ],
)
def test_room_is_needed_for_the_live_one_again_or_twice_the_dump(
    chat: Operated, monkeypatch: pytest.MonkeyPatch, live: int | None, dumped: int, free: int, short: bool
) -> None:
    """Of one that is damaged the dump alone says how large it is."""

    def size(*_database: Any) -> int:
        if live is None:
            raise DatabaseError("chat", "psql failed", "exit code 0", "damage", "Look.")
        return live << 20

    monkeypatch.setattr(switch_databases.postgres_client, "size", size)
    monkeypatch.setattr(seal.shutil, "disk_usage", lambda _path: SimpleNamespace(free=seal.SPARE_BYTES + (free << 20)))
    dump: Any = SimpleNamespace(size=dumped << 20)
    found = switch_databases.shortage(chat.engine.client, {Database("db", "chat", "postgres"): dump})
    assert bool(found) is short and ("MiB free for the restored database, got" in found) is short


@pytest.mark.parametrize("check", [False, True])
def test_a_rollback_with_databases_looks_at_the_disk(chat: Operated, monkeypatch: pytest.MonkeyPatch, check: bool) -> None:
    monkeypatch.setattr(switch_databases, "shortage", lambda _client, _dumped: "no room")
    going = {"to": chat.backup, "restore_database": True}
    done = chat.switch(Run("0" * 32), _ansible_check_mode=True, **going) if check else chat.rollback(**going)
    assert (check or done["result"] == "refused") and "no room" in done["msg"] and chat.databases == {"chat": 3}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"database": "other"}, "database: expected one of chat, got other"),
        ({"source": "20200101_000000"}, "20200101_000000"),
    ],
)
def test_what_there_is_not_is_refused(chat: Operated, options: dict[str, str], expected: str) -> None:
    done = chat.work("restored", **options)
    assert done["result"] == "refused" and expected in done["msg"] and chat.messages == 3


def test_nothing_is_replaced_beside_a_switch_that_was_cut_off(chat: Operated) -> None:
    """Its other apps may be half-way: to prove this one would end it for all."""
    journal.write(str(chat.root), journal.Journal(Run("x").to_dict(), chat.backup))
    done = chat.work("restored", source=chat.backup)
    assert done["result"] == "refused" and "a switch that was cut off" in done["msg"] and chat.messages == 3
    assert journal.unfinished(str(chat.root)) is not None


def test_dumps_and_rows_are_read(chat: Operated) -> None:
    root = str(chat.root)
    assert [(one["id"], one["rows"], one["proven"]) for one in database_reads.dumps(root, "DB")] == [(chat.backup, 2, True)]
    (found,) = database_reads.read_all(release_of(root), "", database_reads.row_counts)
    assert (found["counts"], found["error"]) == ({"public.message": 3}, "")


def test_one_that_does_not_answer_says_why(chat: Operated) -> None:
    chat.postgres.refuses = "query_to_xml"
    (found,) = database_reads.read_all(release_of(str(chat.root)), "", database_reads.row_counts)
    assert "must be owner" in found["error"]
