"""The server restarts at night under the lease: never beside a run, told in the ledger, and with nobody beginning meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease, ledger, reboot
from ansible_collections.rarebooks.platform.plugins.module_utils._run.lease import Place
from ansible_collections.rarebooks.platform.plugins.module_utils._run.ledger import Run

DEPLOY = Run("token-1", "deploy", "anna@laptop", started="2026-11-24T20:15:00Z")
Night = Callable[..., tuple[int, list[Any]]]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    found = Place(str(tmp_path), str(tmp_path / "leases"))
    monkeypatch.setattr(reboot.lease, "Place", lambda _path: found)
    monkeypatch.setattr(reboot, "WAIT_SECONDS", 0)
    monkeypatch.setattr(reboot.sys, "argv", ["reboot", str(tmp_path), "shop"])
    return found


@pytest.fixture
def night(place: Place, monkeypatch: pytest.MonkeyPatch) -> Night:
    """Return a function that runs what the timer does, and returns its exit code and what happened, with the lease of each moment."""

    def run(code: int = 0) -> tuple[int, list[Any]]:
        happened: list[Any] = []

        def execute(argv: list[str]) -> tuple[int, str, str]:
            held = place.load()
            happened.append((argv, held.run.action if held else ""))
            return code, "", "Access denied" if code else ""

        def pause() -> None:
            with pytest.raises(lease.LeaseHeld):
                lease.take(place, DEPLOY, "checking")
            happened.append("the lease is held until the end")

        monkeypatch.setattr(reboot, "execute", execute)
        monkeypatch.setattr(reboot.signal, "pause", pause)
        return reboot.main(), happened

    return run


def test_it_restarts_under_the_lease_and_the_ledger_says_so(place: Place, night: Night) -> None:
    assert night() == (0, [(["systemctl", "reboot"], "reboot"), "the lease is held until the end"])
    (entry,), _unreadable = ledger.read(place.path)
    assert (entry["action"], entry["by"], entry["result"], entry["step"]) == ("reboot", "the timer", "done", "")


def test_not_beside_a_run(place: Place, night: Night, capsys: pytest.CaptureFixture[str]) -> None:
    lease.take(place, DEPLOY, "switching")
    assert night() == (0, [])
    assert "<5>shop is not restarted tonight" in (said := capsys.readouterr().out) and "deploy by anna@laptop" in said
    assert lease.mine(place, DEPLOY.token).run == DEPLOY and ledger.read(place.path) == ([], 0)


def test_one_that_is_refused_gives_the_lease_back(place: Place, night: Night) -> None:
    code, happened = night(code=1)
    assert code == 1 and len(happened) == 1 and place.load() is None
    (entry,), _unreadable = ledger.read(place.path)
    assert (entry["result"], entry["step"], entry["error"]) == ("failed", reboot.STEP, "Access denied")
