"""Who holds the lease, who may take it over, and who is told to stop. Processes are real, clocks are the server's uptime."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base import process as base_process
from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease as run_lease
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger
from ansible_collections.rarebooks.platform.plugins.module_utils._run.lease import LeaseBusy, LeaseHeld, LeaseLost, Place
from ansible_collections.rarebooks.platform.plugins.module_utils._run.ledger import Run

ONE = Run("token-1", "deploy", "anna@laptop", "here", 1, 1, "abc123", "2026-11-24T20:15:00Z")
TWO = Run("token-2", "rollback", "boris@desk")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place("/opt/rarebooks", str(tmp_path / "leases"))


def make_old(place: Place, run: Run, seconds: float) -> None:
    Path(place.file(run.token)).write_text(f"{base_process.uptime() - seconds}\n")


def test_a_free_lease_is_taken_and_given_back(place: Place) -> None:
    assert run_lease.take(place, ONE, "checking") is None
    held = place.load()
    assert held and (held.run, held.step) == (ONE, "checking")
    assert run_lease.give_back(place, ONE.token) is not None
    assert sorted(path.suffix for path in Path(place.directory).iterdir()) == [".lock"]
    assert run_lease.take(place, TWO, "checking") is None


def test_whoever_comes_second_learns_all_about_the_first(place: Place) -> None:
    run_lease.take(place, ONE, "checking")
    run_lease.begin_step(place, ONE.token, "preparing what the release needs")
    with pytest.raises(LeaseHeld) as refusal:
        run_lease.take(place, TWO, "checking")
    for told in (
        "/opt/rarebooks",
        "deploy by anna@laptop",
        "2026-11-24T20:15:00Z",
        "abc123",
        "preparing what the release needs",
        "This run has changed nothing",
    ):
        assert told in str(refusal.value)
    assert run_lease.mine(place, ONE.token).run == ONE


@pytest.mark.parametrize("heartbeat", ["ahead", "-inf", "nan", "soon", ""])
def test_a_heartbeat_that_cannot_be_holds_nothing(place: Place, heartbeat: str) -> None:
    """One of an hour ahead would hold the lease for an hour more, and one without end for ever."""
    run_lease.take(place, ONE, "checking")
    ahead = str(base_process.uptime() + 3600)
    Path(place.file(ONE.token)).write_text(ahead if heartbeat == "ahead" else heartbeat)
    assert place.age(ONE.token) is None
    orphan = run_lease.take(place, TWO, "checking")
    assert orphan and orphan.run == ONE


@pytest.mark.parametrize("how", ["stale", "no heartbeat", "another boot", "known to be dead"])
def test_a_dead_holder_is_taken_over_without_waiting(place: Place, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run_lease.take(place, ONE, "checking")
    run_lease.begin_step(place, ONE.token, "sealing")
    if how == "stale":
        make_old(place, ONE, place.stale_after + 1)
    elif how == "no heartbeat":
        os.unlink(place.file(ONE.token))
    elif how == "another boot":
        monkeypatch.setattr(run_lease, "boot", lambda: "another")
    orphan = run_lease.take(place, TWO, "checking", ONE.token if how == "known to be dead" else "")
    assert orphan and (orphan.run, orphan.step) == (ONE, "sealing")
    # The one that was thought dead and wakes up is stopped before it changes anything.
    for step in (lambda: run_lease.begin_step(place, ONE.token, "preparing"), lambda: run_lease.note(place, ONE.token, recorded=True)):
        with pytest.raises(LeaseLost, match="rollback by boris@desk"):
            step()
    assert run_lease.give_back(place, ONE.token) is None
    assert run_lease.mine(place, TWO.token).run == TWO


@pytest.mark.parametrize("age", [0, 15])
def test_a_heartbeat_that_is_young_enough_protects(place: Place, age: float) -> None:
    run_lease.take(place, ONE, "checking")
    make_old(place, ONE, age)
    with pytest.raises(LeaseHeld):
        run_lease.take(place, TWO, "checking", "somebody-else's-token")


def test_a_switch_that_goes_on_without_its_controller_is_waited_for(place: Place) -> None:
    run_lease.take(place, ONE, "checking")
    run_lease.begin_step(place, ONE.token, "switching", process=True)  # This very process, which lives.
    os.unlink(place.file(ONE.token))
    with pytest.raises(LeaseBusy, match=f"process {os.getpid()} on the server goes on without it"):
        run_lease.take(place, TWO, "checking", ONE.token)
    run_lease.begin_step(place, ONE.token, "preparing")
    orphan = run_lease.take(place, TWO, "checking", ONE.token)
    assert orphan and orphan.run == ONE


def test_a_switch_whose_process_has_ended_is_taken_over(place: Place) -> None:
    def switch() -> None:
        run_lease.begin_step(place, ONE.token, "switching", process=True)

    run_lease.take(place, ONE, "checking")
    child = multiprocessing.get_context("fork").Process(target=switch)
    child.start()
    child.join()
    orphan = run_lease.take(place, TWO, "checking", ONE.token)
    assert orphan and orphan.process


@pytest.mark.parametrize("content", ["", "{", "[]", '{"run": {}}', '{"run": 1}'])
def test_a_lease_that_makes_no_sense_locks_nobody_out(place: Place, content: str) -> None:
    Path(place.directory).mkdir()
    Path(place.file("json")).write_text(content)
    assert run_lease.take(place, ONE, "checking") is None


def test_facts_are_remembered(place: Place) -> None:
    run_lease.take(place, ONE, "checking")
    run_lease.note(place, ONE.token, recorded=True)
    lease = run_lease.give_back(place, ONE.token)
    assert lease and lease.recorded


def test_each_directory_has_a_lease_of_its_own(place: Place) -> None:
    run_lease.take(place, ONE, "checking")
    assert run_lease.take(Place("/srv/other", place.directory), TWO, "checking") is None


def contend(place: Place, token: str, start: Any, won: Any) -> None:
    start.wait()
    try:
        run_lease.take(place, Run(token), "checking")
        won.put(token)
    except LeaseHeld:
        pass


def test_of_many_at_once_exactly_one_gets_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    for number in range(20):
        place, start, won = Place(f"/opt/{number}", str(tmp_path)), context.Barrier(4), context.SimpleQueue()
        processes = [context.Process(target=contend, args=(place, f"t{one}", start, won)) for one in range(4)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        winner = won.get()
        assert won.empty()
        assert run_lease.mine(place, winner)


@pytest.mark.parametrize("by_token", [True, False])
def test_whatever_works_for_a_run_is_waited_for_when_its_controller_is_gone(place: Place, by_token: bool) -> None:
    run_lease.take(place, ONE, "sealing")
    if by_token:
        run_lease.record_process(place, ONE.token)
    else:
        run_lease.join(place)
    make_old(place, ONE, 3600)
    with pytest.raises(LeaseBusy, match=f"process {os.getpid()} on the server goes on without it"):
        run_lease.take(place, TWO, "checking")
    lease = run_lease.mine(place, ONE.token)
    assert lease.step == "sealing" and lease.process == run_lease.this_process()


def test_joining_where_nobody_holds_the_lease_leaves_nothing_behind(place: Place) -> None:
    run_lease.join(place)
    assert not Path(place.directory).exists()


def test_who_has_lost_the_lease_does_not_begin_to_seal(place: Place) -> None:
    run_lease.take(place, TWO, "checking")
    with pytest.raises(LeaseLost):
        run_lease.record_process(place, ONE.token)


def test_others_wait_for_a_process_of_the_server_and_are_not_refused(tmp_path: Path) -> None:
    place = run_lease.Place(str(tmp_path), str(tmp_path / "run"))
    run_lease.take_unattended(place, ledger.Run("first", "renewal", started=ledger.now()), "renewing", wait=0)
    with pytest.raises(run_lease.LeaseBusy):
        run_lease.take(place, ledger.Run("second"), "checking")
    assert run_lease.give_back(place, "first")
    run_lease.take(place, ledger.Run("second"), "checking")


def test_a_process_of_the_server_leaves_what_the_next_run_must_know_of_a_dead_one(place: Place) -> None:
    """As the timer twice a day: a rollback that is repeated must find that it was interrupted, or it goes back once more."""
    run_lease.take(place, ONE, "checking")
    run_lease.begin_step(place, ONE.token, "switching")
    run_lease.note(place, ONE.token, recorded=True)
    make_old(place, ONE, place.stale_after + 1)
    orphan = run_lease.take_unattended(place, ledger.Run("renewal"), "renewing", wait=0)
    run_lease.give_back(place, "renewal", orphan)
    found = run_lease.take(place, TWO, "checking")
    assert found == orphan and found and (found.run, found.step, found.recorded) == (ONE, "switching", True)
    assert run_lease.give_back(place, TWO.token)
    assert run_lease.take(place, ONE, "checking") is None


def test_a_process_of_the_server_waits_for_a_deploy_but_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = run_lease.Place(str(tmp_path), str(tmp_path / "run"))
    run_lease.take(place, ledger.Run("deploy", by="somebody"), "switching")
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            run_lease.give_back(place, "deploy")

    monkeypatch.setattr(run_lease.time, "sleep", sleep)
    run_lease.take_unattended(place, ledger.Run("renewal"), "renewing", wait=60)
    assert waited == [2.0] * 3
    with pytest.raises(run_lease.LeaseHeld):
        run_lease.take_unattended(place, ledger.Run("another"), "renewing", wait=-1)
