# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When a transaction touches databases: nothing live before the journal knows of it, nothing dropped before the ledger does."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base import files
from ansible_collections.rarebooks.platform.plugins.module_utils._base.state import StateError
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.exchange import Swap
from ansible_collections.rarebooks.platform.plugins.module_utils._release import journal as release_journal
from ansible_collections.rarebooks.platform.plugins.module_utils._release.journal import Journal
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import databases as switch_databases
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import report, transaction
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import target as switch_target
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.transaction import Failed, SwitchRequest, carry_out
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import plan as tree_plan
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import promote
from backup_support import description, sealed
from transaction_support import GATE, RUN, Stage

OLD = Swap("db", "chat", "postgres", "chat_restored_old", "chat_before_old", 10, 11, 5)
NEW = Swap("db", "chat", "postgres", "chat_restored_new", "chat_before_new", 10, 12, 5)


class Databases:
    """What is done to databases, in request, with what the journal knew and the ledger had been told by then."""

    def __init__(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stage, self.did = stage, list[str]()
        self.known: list[list[Swap]] = []
        for name in ("undo", "perform"):
            monkeypatch.setattr(switch_databases, name, self.note(name))
        monkeypatch.setattr(switch_databases, "finish", lambda _client, swaps, _sealed: self.note("finish")(None, swaps) or ["told"])
        monkeypatch.setattr(transaction, "Exchange", lambda *_arguments: self)

    def note(self, name: str) -> Any:
        def play(_client: Any, swaps: Iterable[Swap]) -> list[str]:
            if list(swaps):
                self.did.append(f"{name} {' '.join(swap.aside for swap in swaps)}")
                journal = self.stage.journal
                self.known.append(journal.swaps if journal else [])
                self.did += [f"  recorded {result}" for result in self.stage.recorded]
            return []

        return play

    def restore(self, pending: Iterable[Swap] = ()) -> None:
        self.did.append(f"restore, sparing {' '.join(swap.incoming for swap in pending) or 'nothing'}")

    def swaps(self, _apps: Any) -> list[Swap]:
        return [NEW]

    def discard(self) -> None:
        self.did.append("discard")

    def run(self, *outcomes: Exception | None, backup: str = "", with_exchange: bool = True, restore_database: bool = False) -> Any:
        self.stage.outcomes = list(outcomes)
        target = switch_target.from_inventory([], description("web"))
        plan = tree_plan.Plan(str(self.stage.root), [], {}, {}, {}, {}, False)
        exchange: Any = self if with_exchange else None
        request = SwitchRequest(target, RUN, backup, exchange=exchange, restore_database=restore_database)
        return carry_out(self.stage.server, request, plan, lambda result, _error, _reasons: self.stage.recorded.append(result or "success"))


@pytest.fixture
def databases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Databases:
    return Databases(Stage(tmp_path, monkeypatch), monkeypatch)


def test_restored_while_the_app_runs_exchanged_under_the_journal_dropped_under_the_ledger(databases: Databases) -> None:
    done = databases.run(None, backup=sealed(databases.stage.root, databases.stage.engine).id)
    assert databases.did == [
        "restore, sparing nothing", "perform chat_before_new", "finish chat_before_new", "  recorded success",
    ]  # fmt: skip
    # At each of them the journal, which the next run would go by, still tells of it.
    assert databases.known == [[NEW], [NEW]]
    assert databases.stage.journal is None and done.notes == ["told"]


def test_what_a_dead_run_exchanged_is_undone_first(databases: Databases) -> None:
    stage = databases.stage
    backup = sealed(stage.root, stage.engine).id
    release_journal.write(str(stage.root), Journal({"token": "dead"}, backup, [], [OLD]))
    databases.run(None, backup=backup)
    assert databases.did[:3] == ["restore, sparing chat_restored_old", "undo chat_before_old", "perform chat_before_new"]


def test_a_deploy_undoes_it_as_well(databases: Databases) -> None:
    stage = databases.stage
    release_journal.write(str(stage.root), Journal({"token": "dead"}, "", [], [OLD]))
    databases.run(None, with_exchange=False)
    assert databases.did == ["undo chat_before_old"] and stage.journal is None


def test_what_is_refused_leaves_no_restored_database(databases: Databases) -> None:
    with pytest.raises(tree_plan.TreeError):
        databases.run(tree_plan.TreeError("nginx refuses"), backup=sealed(databases.stage.root, databases.stage.engine).id)
    assert databases.did == ["restore, sparing nothing", "discard"]


def with_dump(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> str:
    """Seal a backup, and let it seem to hold a dump."""
    backup = sealed(databases.stage.root, databases.stage.engine)
    backup.databases["db"] = {"dump": {"file": "db.dump"}}
    found = SimpleNamespace(id=backup.id, manifest=backup, directory=str(databases.stage.root / "backups" / backup.id))
    monkeypatch.setattr(transaction.listing, "get", lambda _root, _id: found)
    monkeypatch.setattr(report.backup_databases, "moved_schemas", lambda *_arguments: {})
    return backup.id


def test_a_release_that_fails_takes_its_exchange_back_and_makes_no_other(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = with_dump(databases, monkeypatch)
    with pytest.raises(Failed) as failure:
        databases.run(GATE, None, backup=backup, restore_database=True)
    assert databases.did == ["restore, sparing nothing", "perform chat_before_new", "undo chat_before_new"]
    assert failure.value.result == "restored" and databases.stage.recorded == ["restored"]


def test_where_it_was_asked_for_the_way_back_takes_the_data_along_under_a_journal(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = with_dump(databases, monkeypatch)
    with pytest.raises(Failed) as failure:
        databases.run(GATE, None, backup=backup, with_exchange=False, restore_database=True)
    assert databases.did == [
        "restore, sparing nothing", "perform chat_before_new", "finish chat_before_new", "  recorded restored",
    ]  # fmt: skip
    assert databases.known == [[NEW], [NEW]] and "told" in failure.value.message


def test_where_nothing_served_before_the_restored_data_stay_and_the_others_are_named(databases: Databases) -> None:
    stage = databases.stage
    stage.engine.run("web", "web:1", "sha256:" + "1" * 64, health="unhealthy")
    with pytest.raises(Failed, match="Nothing served before") as failure:
        databases.run(GATE, backup=sealed(stage.root, stage.engine).id)
    assert "the one before is kept as database chat_before_new" in failure.value.message
    assert databases.did[-1] == "perform chat_before_new"


def test_a_half_promoted_tree_is_completed_before_the_way_back(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = databases.stage
    backup = sealed(stage.root, stage.engine).id
    (stage.root / tree_plan.STAGED).mkdir()
    with pytest.raises(Failed):
        databases.run(GATE, None, backup=backup, with_exchange=False)
    assert not promote.interrupted(str(stage.root))


def test_the_way_back_has_a_deadline_of_its_own(databases: Databases) -> None:
    stage = databases.stage
    stage.server = transaction.replace(stage.server, deadline=5)
    with pytest.raises(Failed):
        databases.run(GATE, None, backup=sealed(stage.root, stage.engine).id, with_exchange=False)
    assert [server.deadline for server in stage.servers] == [5, 0]


def test_a_damaged_backup_is_not_switched_to(databases: Databases) -> None:
    stage = databases.stage
    backup = sealed(stage.root, stage.engine).id
    (stage.root / f"backups/{backup}/files/docker-compose.yml").write_text("")
    with pytest.raises(Failed, match=r"COULD NOT BE BROUGHT BACK: .*was changed or truncated"):
        databases.run(GATE, backup=backup, with_exchange=False)


def test_the_end_of_the_journal_is_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a power cut after a proven switch would have it undone."""
    release_journal.write(str(tmp_path), Journal(RUN, "", []))
    synced: list[tuple[str, bool]] = []
    here = tmp_path / release_journal.FILE
    monkeypatch.setattr(release_journal, "sync_directory", lambda path: synced.append((path, here.exists())))
    release_journal.clear(str(tmp_path))
    assert synced == [(str(tmp_path), False)]


def test_an_exchange_that_0_3_0_began_is_not_guessed_at(tmp_path: Path) -> None:
    text = b'{"run": {"token": "dead"}, "backup": "20261124_120000", "containers": [], "aside": {"db": "chat_before_20261124_120000"}}'
    files.write_durably(str(tmp_path / release_journal.FILE), text, 0o600)
    with pytest.raises(StateError, match=r"written by version 0.3.0 while databases were exchanged \(db\)"):
        release_journal.read(str(tmp_path))
