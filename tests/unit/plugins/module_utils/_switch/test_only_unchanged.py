"""A comparison that proves in the same call what it finds unchanged, and does nothing where anything differs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import Release
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import run, switch
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import target as switch_target
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.options import Invocation, Options
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.recorder import STEP
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.wanted import Wanted
from ansible_collections.rarebooks.platform.plugins.module_utils._tree.plan import Plan

CHANGES = ("end_proven", "recover_tree", "carry_out")


class Comparison:
    """The module on a server of which nothing but the outcome of the comparison is said."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.held: list[str] = []
        self.proven = 0
        self.path, self._monkeypatch = tmp_path, monkeypatch
        target = switch_target.from_inventory([], Release())
        self.set(run, "connect", MagicMock)
        self.set(run, "read_wanted", lambda *_a: Wanted(target, {}))
        self.set(run, "Recorder", MagicMock())
        self.set(run, "prove", self._prove)
        self.set(run.run_lease, "begin_step", lambda _place, _token, step, **_k: self.held.append(step))
        self.set(run.run_lease, "note", lambda *_a, **_k: None)
        self.set(run.live, "read", lambda *_a: SimpleNamespace(digest="abc"))
        self.set(run.tree_diff, "report", lambda *_a: {"diff": []})
        self.set(run.Validators, "validate_copy", lambda *_a: None)
        self.set(switch, "stale", lambda *_a: [])
        for name in CHANGES:
            self.set(run, name, lambda *_a, name=name: pytest.fail(f"{name} was called"))
        self.find()

    def set(self, where: Any, name: str, value: Any) -> None:
        self._monkeypatch.setattr(where, name, value)

    def find(self, needed: bool = False, started: tuple[str, ...] = (), unfinished: Any = None, journal: Any = None) -> None:
        self.set(run.tree_plan, "make", lambda *_a: Plan(str(self.path), [], {}, {}, {}, {}, needed))
        self.set(switch, "needed", lambda *_a: switch.Needed(list(started)))
        self.set(run.journal, "unfinished", lambda _root: unfinished)
        self.set(run.journal, "read", lambda _root: journal)

    def _prove(self, *_a: Any) -> tuple[list[str], bool, list[str]]:
        self.proven += 1
        return [], False, []

    def run(self, check_mode: bool = False) -> dict[str, Any]:
        path = str(self.path)
        params = {"path": path, "lease_directory": path, "run": {}, "to": "", "project": "p", "proxy_paths": [], "proxy_record": ""}
        params |= {
            "deadline": 0,
            "watch": 0,
            "rehearse": "never",
            "rehearse_limit": 300,
            "only_unchanged": True,
            "validators": [],
            "backup": "",
            "restore_database": False,
        }
        params |= {"accept_unsealed": False, "secrets_file": None, "files": []}
        params |= {"secrets_pending": [], "adopt": False, "adopt_proxy": "now", "let_go": [], "verified": "", "validated": ""}
        return run.make_live(Options.from_params(params), Invocation(check_mode, False, lambda: path, lambda *_a, **_k: (0, "", "")))


@pytest.fixture
def comparison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Comparison:
    return Comparison(tmp_path, monkeypatch)


def test_what_is_live_already_is_proven_in_the_same_call(comparison: Comparison) -> None:
    result = comparison.run()
    assert (result["changed"], result["proven"], result["release"]) == (False, True, "abc")
    assert comparison.proven == 1 and comparison.held == [STEP]


@pytest.mark.parametrize(
    "found",
    [{"needed": True}, {"started": ("web",)}, {"unfinished": SimpleNamespace(containers=[])}, {"journal": object()}],
    ids=["a file", "a container", "a switch cut off", "a switch to tidy up after"],
)
def test_where_anything_differs_nothing_is_done(comparison: Comparison, found: dict[str, Any]) -> None:
    comparison.find(**found)
    result = comparison.run()
    assert not result["proven"] and comparison.proven == 0
    assert comparison.held == []  # A run that is refused later was not at this step.


def test_check_mode_proves_nothing(comparison: Comparison) -> None:
    result = comparison.run(check_mode=True)
    assert not result["proven"] and (comparison.proven, comparison.held) == (0, [])
