# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the ledger is told of a switch: one entry a run, and one for a run that died without any."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._release import journal
from ansible_collections.rarebooks.platform.plugins.module_utils._release.journal import Journal
from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease, ledger
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import recorder as switch_recorder
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.recorder import STEP, Recorder
from transaction_support import Stage

RUN = {"token": "mine", "action": "deploy", "started": "2026-11-24T20:00:00Z"}
DEAD = {"token": "dead", "action": "deploy", "started": "2026-11-24T19:00:00Z"}


class Desk:
    """A server on which a run holds the lease."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.stage = root, Stage(root, monkeypatch)
        self.place = lease.Place(str(root), str(root / "run"))
        lease.take(self.place, ledger.Run.from_dict(RUN), "switching")

    def recorder(self, to: str = "", backup: str = "sealed") -> Recorder:
        return Recorder(self.place, ledger.Run.from_dict(RUN), self.stage.server, backup, to)

    @property
    def entries(self) -> list[dict[str, Any]]:
        return ledger.read(str(self.root))[0]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("to", "result", "written"), [("", "", "deployed"), ("20261124_120000", "", "rolled back"), ("20261124_120000", "restored", "restored")]
)
def test_a_proven_release_is_recorded_as_what_it_is(desk: Desk, to: str, result: str, written: str) -> None:
    recorder = desk.recorder(to)
    recorder.proven(result, "the gate gave up" if result else "", {})
    (entry,) = desk.entries
    assert (entry["result"], entry["backup"], entry["to"]) == (written, "sealed", to)
    assert entry["release"] == recorder.release != "" and lease.mine(desk.place, "mine").recorded
    assert (entry["step"], entry["error"]) == ((STEP, "the gate gave up") if result else ("", ""))


def test_what_came_of_a_rehearsal_after_the_recorder_was_made_is_kept(desk: Desk) -> None:
    results: dict[str, str] = {}
    recorder = Recorder(desk.place, ledger.Run.from_dict(RUN), desk.stage.server, "sealed", rehearsed=results)
    results["chat"] = "healthy after 4 s."
    recorder.record("refused", "", "the gate gave up")
    assert desk.entries[0]["rehearsed"] == results


def test_a_run_that_died_is_recorded_once(desk: Desk) -> None:
    journal.write(str(desk.root), Journal(DEAD, "before", []))
    for _again in range(2):
        assert desk.recorder(backup="").backup == "before"
    assert [(entry["run"], entry["result"]) for entry in desk.entries] == [("dead", "interrupted")]


def test_a_ledger_that_cannot_be_written_fails_no_release(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(switch_recorder, "ledger", SimpleNamespace(**{**vars(ledger), "append": full}))
    recorder = desk.recorder()
    recorder.proven("", "", {})
    (note,) = recorder.notes
    assert "could not be recorded" in note and "No space left" in note
