"""Which errors of a step that changes nothing undo a release, and which are given another chance."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.client import DockerUnavailable
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.compose import ComposeError, Project
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.proxy import ProxyError
from ansible_collections.rarebooks.platform.plugins.module_utils._health import run
from ansible_collections.rarebooks.platform.plugins.module_utils._health.traffic import TrafficProbe
from ansible_collections.rarebooks.platform.plugins.module_utils._release import drift
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Proxy, Release
from ansible_collections.rarebooks.platform.plugins.module_utils._release.drift import Drift
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import switch, target
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.server import Server
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.switch import SwitchError
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.visitors import Visitors
from backup_support import description

RACE = ProcessLookupError(3, "No such process")
TARGET = target.from_inventory([], description("web"))
SERVER = Server(None, lambda *_a, **_k: (0, "", ""), "/opt/x", "shop", [], "/nowhere", None, False, 0, {})


class Clock:
    """Time that only sleeping and slow steps make pass."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(switch.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(switch.time, "sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def stumbling(*outcomes: Any) -> Callable[..., Any]:
    """Return a function that raises or returns what the script says, one after another."""
    script = list(outcomes)

    def step(*_arguments: Any, **_options: Any) -> Any:
        outcome = script.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return step


@pytest.mark.parametrize("error", [RACE, DockerUnavailable("connection reset"), KeyError("State")])
def test_a_gate_that_stumbles_is_asked_again(error: Exception, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "wait_until_healthy", stumbling(error, error, (True, {"expiring": []})))
    assert switch.wait_until_serving(SERVER, TARGET) == []


def test_who_waits_for_the_gate_is_told_what_for(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def wait(_gate: Any, _secrets: Any, tell: Callable[[str], None]) -> tuple[bool, dict[str, Any]]:
        tell("waiting for web")
        return True, {"expiring": []}

    monkeypatch.setattr(run, "wait_until_healthy", wait)
    switch.wait_until_serving(dataclasses.replace(SERVER, tell=told.append), TARGET)
    assert told == ["waiting for web"]


def test_a_gate_that_says_no_is_believed_at_once(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "wait_until_healthy", stumbling((False, {"msg": "web died", "failed_fast": True})))
    with pytest.raises(SwitchError, match="web died"):
        switch.wait_until_serving(SERVER, TARGET)


@pytest.mark.parametrize("outcomes", [[RACE], [RACE, RACE]])
def test_a_reload_that_stumbles_is_asked_again(outcomes: list[Exception], clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `test_a_rollback_killed_at_every_boundary` met once: an old worker ended while it was looked at."""
    monkeypatch.setattr(switch.Proxy, "reload", stumbling(*outcomes, None))
    assert switch.reload(SERVER, TARGET, force=True)


def test_a_refused_configuration_is_not_tried_again(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switch.Proxy, "reload", stumbling(ProxyError("nginx refuses its configuration")))
    with pytest.raises(ProxyError):
        switch.reload(SERVER, TARGET, force=True)


def test_an_error_that_stays_is_told_in_the_end(clock: Clock) -> None:
    with pytest.raises(ProcessLookupError):
        switch.again(stumbling(RACE, RACE, RACE, "never asked"))


def test_an_error_at_the_end_of_a_long_gate_does_not_begin_it_anew(clock: Clock) -> None:
    """A bug in the report on a release that does not serve must not keep its site down three times as long."""

    def long_gate() -> None:
        clock.sleep(400)
        raise RACE

    with pytest.raises(ProcessLookupError):
        switch.again(long_gate)
    assert clock.now == 1400.0


@pytest.mark.parametrize(("given", "at_least"), [(0, 0), (5, 5), (900, 900)])
def test_the_way_back_has_a_deadline_of_its_own(given: float, at_least: float) -> None:
    """The deadline of the release that failed may have been its trouble: it lengthens the way back and never shortens it."""
    back = dataclasses.replace(SERVER, deadline=given).way_back
    gate = switch.gate(back, TARGET)
    assert (gate.deadline, gate.at_least) == (0, at_least)
    assert back.way_back == back


def app(name: str) -> App:
    return App(name=name, title=name.title(), server_names=(f"{name}.example.org",), containers=(f"{name}_backend",))


def two_apps() -> target.Target:
    apps = (app("shop"), app("chat"))
    return target.from_inventory([], Release(proxy=Proxy(containers=("nginx",)), apps=apps))


@pytest.mark.parametrize(
    ("started", "containers", "sites"),
    [
        (["chat_backend"], ["chat_backend"], ["Chat"]),
        (["chat_backend", "left_over"], ["chat_backend"], ["Chat"]),
        (["nginx"], ["nginx"], ["Shop", "Chat"]),
    ],
    ids=["of one app", "with one of before", "the proxy"],
)
def test_what_was_started_is_watched_and_its_sites(
    started: list[str], containers: list[str], sites: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched: list[Any] = []

    def watch(gate: run.Gate, traffic: list[TrafficProbe], seconds: float, _secrets: dict[str, str]) -> tuple[bool, dict[str, Any]]:
        watched.append((gate.containers, [one.name for one in traffic], seconds))
        return False, {"msg": "It served, but not for long.", "failed_fast": True}

    monkeypatch.setattr(run, "watch", watch)
    with pytest.raises(SwitchError, match="It served, but not for long"):
        switch.watch(dataclasses.replace(SERVER, watch=30), two_apps(), started, Visitors("nginx", lambda _lines, _since: "", ""))
    assert watched == [(containers, sites, 30)]


@pytest.mark.parametrize(("seconds", "started"), [(0, ["chat_backend"]), (30, [])], ids=["not wanted", "nothing started"])
def test_nothing_else_is_watched(seconds: int, started: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "watch", stumbling())
    switch.watch(dataclasses.replace(SERVER, watch=seconds), two_apps(), started, None)


def test_nobody_watches_on_the_way_back() -> None:
    assert dataclasses.replace(SERVER, watch=30).way_back.watch == 0


DRIFT = Drift("web", "web", "running", "paused", "unpause")


@pytest.mark.parametrize(
    ("files_differ", "drifts", "stale", "containers"),
    [
        (False, [], [], []),
        (False, [], ["db"], ["db"]),
        (False, [DRIFT], ["db"], ["db", "web"]),
        (False, [DRIFT, DRIFT], [], ["web"]),
        # What else `up` will start cannot be known before the files are there; what a person did can.
        (True, [DRIFT], ["db"], ["web"]),
        (False, ComposeError("no such image"), ["db"], ["db"]),
    ],
)
def test_containers_that_are_not_as_the_files_say(
    files_differ: bool, drifts: Any, stale: list[str], containers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drift, "find", stumbling(drifts))
    monkeypatch.setattr(switch, "stale", lambda _server, _target: stale)
    plan = SimpleNamespace(files=["docker-compose.yml"], needed=files_differ)
    found = switch.needed(SERVER, TARGET, plan)  # type: ignore[arg-type]
    assert (found.containers, bool(found)) == (containers, bool(containers))


def test_a_release_without_files_needs_nothing() -> None:
    assert not switch.needed(SERVER, TARGET, SimpleNamespace(files=[], needed=False))  # type: ignore[arg-type]


def test_what_a_person_did_is_undone_before_anything_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    did: list[str] = []
    monkeypatch.setattr(drift, "mend", lambda _project, _client: did.append("mend") or ["web"])
    monkeypatch.setattr(Project, "up", lambda _project: did.append("up") or ["db", "web"])
    assert switch.up(SERVER, TARGET) == ["db", "web"] and did == ["mend", "up"]


def test_what_visitors_got_before_is_read_once_all_is_validated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rehearsal may take long: what came to an end meanwhile, or began, is nothing that a new version did."""
    did: list[str] = []
    quiet: dict[Any, list[str]] = {
        switch.beside: ["settle"],
        switch: ["reload", "wait_until_serving", "watch"],
        switch.images: ["put_back", "moved"],
    }
    for place, names in quiet.items():
        for name in names:
            monkeypatch.setattr(place, name, lambda *_given, **_more: None)
    for place, name in ((switch.passwords, "follow"), (switch.kept_files, "keep"), (switch.kept_files, "give_back"), (switch, "up")):
        monkeypatch.setattr(place, name, lambda *_given, name=name: did.append(name) or [])
    monkeypatch.setattr(switch, "exchange", lambda *_given: did.append("exchange") or switch.Exchanged())
    monkeypatch.setattr(switch.promote, "apply", lambda _plan, validate: validate("/staged"))
    monkeypatch.setattr(switch.Visitors, "of", lambda *_given: did.append("read the log"))
    monkeypatch.setattr(Project, "remove", lambda _project, _names: [])
    plan: Any = SimpleNamespace(needed=True)
    switch.switch(SERVER, TARGET, plan, set(), validate=lambda _tree: did.append("validate"))
    assert did == ["validate", "read the log", "follow", "keep", "give_back", "exchange", "up"]
