"""A rollback that takes databases along, through the module: what goes back, what is kept, and what a failure or a kill leaves."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._release import journal
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import databases, transaction
from ansible_collections.rarebooks.platform.plugins.modules import backup_info
from machine import Machine


class Killed(BaseException):
    """The end of the process, which nothing in it may catch."""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    """Return a server on which release 2 serves, after release 1 that had three rows; now there are five."""
    machine = Machine(tmp_path, monkeypatch, capsys)
    for number in (1, 2):
        machine.image(number)
    machine.deploy(1)
    machine.postgres.write("db", "chat", "Users", 3)
    machine.deploy(2)
    machine.postgres.write("db", "chat", "Users", 2)
    return machine


@pytest.fixture
def first(machine: Machine) -> str:
    return min(path.name for path in (machine.root / "backups").iterdir())


def test_the_data_of_then_are_live_and_those_of_today_in_the_backup(machine: Machine, first: str) -> None:
    result = machine.rollback(first, restore_database=True)
    assert result["changed"] and machine.images["web"] == "web:1"
    assert machine.databases == {"chat": 3} and machine.journal is None
    assert "stop web" in machine.engine.events, "the app wrote to a database that was being exchanged"
    today = max(path.name for path in (machine.root / "backups").iterdir())
    assert machine.rollback(today, restore_database=True)["changed"] and machine.databases == {"chat": 5}


def test_a_dump_is_read_before_it_is_restored_and_not_where_it_is_not(machine: Machine, first: str) -> None:
    """Its size is right; what was proven without the dumps is no proof of them."""
    verified = machine.call(backup_info, id=first, dumps=False)["backup"]["verified"]
    dump = machine.root / "backups" / first / "dumps/db.dump"
    dump.write_bytes(dump.read_bytes()[::-1])
    result = machine.rollback(first, restore_database=True, verified=verified)
    assert "dumps/db.dump was changed: its SHA-256 is not the sealed one" in result["msg"]
    assert (machine.images["web"], machine.databases, machine.journal) == ("web:2", {"chat": 5}, None)
    assert machine.rollback(first, verified=verified)["changed"] and machine.databases == {"chat": 5}


def test_data_go_back_also_where_the_release_stays_the_same(machine: Machine) -> None:
    identifier = machine.seal()["id"]
    machine.postgres.write("db", "chat", "Users", 2)
    result = machine.rollback(identifier, restore_database=True)
    assert result["changed"] and machine.databases == {"chat": 5} and machine.images["web"] == "web:2"


def test_what_was_written_after_the_dump_is_kept(machine: Machine, first: str) -> None:
    run = machine.run("rollback")
    sealed = machine.seal(run)
    machine.postgres.write("db", "chat", "Users")
    result = machine.switch(run, to=first, backup=sealed["id"], restore_database=True)
    assert machine.databases == {"chat": 3, f"chat_before_{machine.short}": 6}
    assert any(f"is kept, with all the rest of it, as database chat_before_{machine.short}" in note for note in result["notes"])


def test_a_release_that_does_not_serve_with_them_gives_them_back(machine: Machine, first: str) -> None:
    machine.image(1, "exited")
    result = machine.rollback(first, restore_database=True)
    assert result["result"] == "restored" and machine.images["web"] == "web:2"
    assert machine.databases == {"chat": 5} and machine.journal is None


def test_what_the_restored_data_were_written_to_meanwhile_is_kept(machine: Machine, first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    perform = databases.perform

    def busy(*arguments: object) -> None:
        perform(*arguments)  # type: ignore[arg-type]
        if arguments[1]:
            machine.postgres.write("db", "chat", "Users")

    monkeypatch.setattr(databases, "perform", busy)
    machine.image(1, "exited")
    told = machine.rollback(first, restore_database=True)["msg"]
    assert f"is kept as database chat_kept_{machine.short}" in told
    assert machine.databases == {"chat": 5, f"chat_kept_{machine.short}": 4}


@pytest.mark.parametrize(
    ("where", "action", "left"),
    [
        # Before the names are exchanged, and with them exchanged: the next run begins with the data that were live.
        ("perform", "deploy", {"chat": 5}),
        ("up", "deploy", {"chat": 5}),
        # What this run's backup has a dump of is the restored one, so that it drops no other.
        ("up", "rollback", {"chat": 3, "chat_before_00000004": 5}),
    ],
)
def test_a_run_that_was_killed_is_undone_by_the_next(
    machine: Machine, first: str, where: str, action: str, left: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        if where == "perform":
            patch.setattr(databases, "perform", kill)
        else:
            patch.setattr(transaction.switch_databases, "perform", lambda *arguments: (databases_perform(*arguments), kill()))
        with pytest.raises(Killed):
            machine.rollback(first, restore_database=True)
    dead = machine.journal
    assert dead and [swap.name for swap in dead.swaps] == ["chat"]
    result = machine.deploy(2) if action == "deploy" else machine.rollback(first, restore_database=True)
    assert result["interrupted"] and machine.databases == left and machine.journal is None
    assert ("rollback", "interrupted") in machine.ledger


databases_perform = databases.perform


def kill(*_arguments: object) -> None:
    raise Killed


def test_killed_while_it_tidied_up_it_had_ended_well(machine: Machine, first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(databases, "finish", kill)
        with pytest.raises(Killed):
            machine.rollback(first, restore_database=True)
    assert machine.ledger[-1] == ("rollback", "rolled back") and machine.journal
    result = machine.deploy(1)
    assert not result["changed"] and not result["interrupted"]
    assert machine.databases == {"chat": 3} and machine.journal is None


def test_killed_between_both_it_asks_the_journal_again(machine: Machine, first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Databases are dropped while the journal still names them: without it nobody would know of those that are left."""
    with monkeypatch.context() as patch:
        patch.setattr(journal, "clear", kill)
        with pytest.raises(Killed):
            machine.rollback(first, restore_database=True)
    assert machine.databases == {"chat": 3} and machine.journal


def test_one_that_could_not_go_back_stands_in_the_ledger_and_in_the_journal(machine: Machine, first: str) -> None:
    for number in (1, 2):
        machine.image(number, "exited")
    result = machine.rollback(first, restore_database=True)
    assert result["result"] == "broken" and machine.databases == {"chat": 5}
    assert machine.ledger[-1] == ("rollback", "broken") and machine.journal


def test_a_failed_deploy_that_was_asked_to_takes_the_data_back_as_well(machine: Machine) -> None:
    run = machine.run()
    sealed = machine.seal(run)
    machine.postgres.write("db", "chat", "Users")
    machine.image(3, "exited")
    result = machine.switch(run, files=machine.files(3), backup=sealed["id"], restore_database=True)
    assert result["result"] == "restored"
    assert machine.databases == {"chat": 5, f"chat_before_{machine.short}": 6}
    assert "after its dump and before the app was stopped is kept" in result["msg"]


def test_a_newer_schema_is_told_with_the_way_to_the_data(machine: Machine, first: str) -> None:
    machine.postgres.clusters["db"]["chat"].schema = "Second"
    (note,) = machine.rollback(first)["notes"]
    assert note.startswith("Database chat in db is at schema Second, this release was sealed with (none)")
    assert f"rollback_to={first} -e rollback_restore_database=true" in note


def test_a_dump_that_cannot_be_restored_is_refused_while_the_app_runs(machine: Machine, first: str) -> None:
    machine.postgres.refuses = 'CREATE DATABASE "chat_restored'
    result = machine.rollback(first, restore_database=True)
    assert result["result"] == "refused" and "psql failed" in result["msg"]
    assert "stop web" not in machine.engine.events and machine.databases == {"chat": 5} and machine.journal is None
