# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a boot makes of a switch that was cut off: one release that serves, the ledger says which, and no journal any more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base import state
from ansible_collections.rarebooks.platform.plugins.module_utils._release import journal
from ansible_collections.rarebooks.platform.plugins.module_utils._release.journal import Journal
from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease, ledger
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import recovery
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import plan
from backup_support import PROJECT, description, sealed
from transaction_support import GATE, Stage

DEAD = {"token": "dead", "action": "deploy", "by": "alice@laptop", "started": "2026-11-24T20:00:00Z"}


class Boot:
    """A server that comes up again."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.stage, self.capsys = root, Stage(root, monkeypatch), capsys
        monkeypatch.setattr(recovery, "switch", self.stage.switch)
        monkeypatch.setattr(recovery, "connect", lambda: self.stage.engine)
        monkeypatch.setattr(recovery, "WAIT_SECONDS", 0)
        self.place = lease.Place(str(root), str(root / "run"))
        monkeypatch.setattr(recovery.lease, "Place", lambda _path: self.place)
        monkeypatch.chdir(root)
        settings = {
            "host": "shop",
            "path": str(root),
            "project": PROJECT,
            "secrets_file": str(root / "none.json"),
            "proxy_paths": [],
            "proxy_record": "",
        }
        (root / "settings.json").write_text(json.dumps(settings))
        monkeypatch.setattr("sys.argv", ["recovery", str(root / "settings.json")])

    def cut_off(self, backup: str) -> None:
        journal.write(str(self.root), Journal(DEAD, backup, ["web", "new"]))
        (self.root / "release.json").write_text(json.dumps(state.plain(description("web"))))

    def __call__(self, *outcomes: Exception | None) -> tuple[int, str]:
        self.stage.outcomes = list(outcomes)
        code = recovery.main()
        assert self.place.load() is None and self.stage.outcomes == []
        return code, self.capsys.readouterr().out

    @property
    def results(self) -> list[tuple[Any, ...]]:
        return [(one["action"], one["result"]) for one in ledger.read(str(self.root))[0]]


@pytest.fixture
def boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Boot:
    return Boot(tmp_path, monkeypatch, capsys)


def test_without_a_journal_nothing_is_done(boot: Boot) -> None:
    assert boot() == (0, "") and boot.results == []


def test_the_release_before_is_brought_back(boot: Boot) -> None:
    boot.cut_off(sealed(boot.root, boot.stage.engine).id)
    code, said = boot(None)
    assert code == 0 and boot.stage.journal is None
    assert boot.results == [("deploy", "interrupted"), ("recovery", "restored")]
    assert "<5>shop: The server ended while a switch was under way (deploy by alice@laptop" in said
    assert "The release that ran before is back and was proven" in said
    # What the release that was begun had added goes.
    assert "new" in boot.stage.extra[0]


def test_where_that_fails_the_next_run_knows_and_the_unit_fails(boot: Boot) -> None:
    boot.cut_off(sealed(boot.root, boot.stage.engine).id)
    code, said = boot(GATE)
    assert code == 1 and "<3>shop: THE RELEASE THAT RAN BEFORE COULD NOT BE BROUGHT BACK" in said
    assert boot.results[-1] == ("recovery", "broken") and boot.stage.journal is not None


def test_where_nothing_served_before_the_begun_release_is_completed(boot: Boot) -> None:
    boot.cut_off("")
    code, said = boot(None)
    assert code == 0 and "The switch that was cut off was completed" in said
    assert boot.results[-1] == ("recovery", "deployed") and boot.stage.journal is None
    assert [app.name for app in boot.stage.goals[0].apps] == ["web"]


def test_a_half_promoted_tree_is_completed_first(boot: Boot) -> None:
    boot.cut_off("")
    (boot.root / plan.STAGED).mkdir()
    assert boot(None)[0] == 0 and not (boot.root / plan.STAGED).exists()


def test_and_where_that_does_not_serve_it_is_not_given_up(boot: Boot) -> None:
    boot.cut_off("")
    code, said = boot(GATE)
    assert code == 1 and "could not be completed: The health gate gave up" in said
    assert boot.results[-1] == ("recovery", "broken") and boot.stage.journal is not None


def test_a_switch_that_was_proven_is_only_tidied_up_after(boot: Boot) -> None:
    boot.cut_off(sealed(boot.root, boot.stage.engine).id)
    ledger.append(str(boot.root), ledger.entry(DEAD, "deployed", 1.0))
    code, said = boot()
    assert code == 0 and "had ended well" in said
    assert boot.results == [("deploy", "deployed")] and boot.stage.journal is None


def test_an_engine_that_does_not_answer_leaves_it_to_the_next_run(boot: Boot, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise recovery.state.StateError("Docker does not answer")

    boot.cut_off("")
    monkeypatch.setattr(recovery, "connect", refuse)
    code, said = boot()
    assert code == 1 and boot.stage.journal is not None
    assert "could not be ended: Docker does not answer Run deploy.yml or rollback.yml" in said
