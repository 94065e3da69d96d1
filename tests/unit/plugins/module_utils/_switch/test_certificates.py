"""A release that is the same as before and does not serve: the certificates go back only if they are what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates import live as certificates_live
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import Installed
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.proxy import ProxyError
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import certificates, run, switch
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import target as switch_target
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.options import Invocation, Options
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.run import prove
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.server import Server
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.switch import SwitchError
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.wanted import ReleaseError
from ansible_collections.rarebooks.platform.plugins.module_utils._tree.plan import Plan
from backup_support import PROJECT, Engine, description
from certificates import pair

OLD, NEW = pair("web.example.org"), pair("web.example.org")
SICK = SwitchError("web is sick.")


class Case:
    """A server on which a certificate was exchanged, and how its proofs end."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        live = tmp_path / "letsencrypt/live"
        live.mkdir(parents=True)
        monkeypatch.setattr(certificates_live, "LIVE", str(live))
        self.installed = Installed("web", str(live))
        self.installed.put(OLD)
        self.installed.exchange(NEW)
        self.server = Server(Engine(str(tmp_path)), lambda *_a, **_k: (0, "", ""), str(tmp_path), PROJECT, [], "", None, False, 0, {})
        self.complaints: list[str] = []
        self.reloads: list[Any] = []
        monkeypatch.setattr(switch, "reload", self.reload)
        monkeypatch.setattr(switch, "wait_until_serving", self.hold)
        monkeypatch.setattr(certificates, "complaint", lambda _server, _target: self.complaints.pop(0))
        self.gate: Exception | None = SICK

    def reload(self, *_arguments: Any, **_options: Any) -> bool:
        outcome = self.reloads.pop(0) if self.reloads else True
        if isinstance(outcome, Exception):
            raise outcome
        return bool(outcome)

    def hold(self, *_arguments: Any) -> list[str]:
        if self.gate:
            raise self.gate
        return []

    def prove(self) -> str:
        with pytest.raises(ReleaseError) as error:
            prove(self.server, switch_target.from_inventory([], description("web")))
        return str(error.value)


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    return Case(tmp_path, monkeypatch)


def test_what_is_not_trusted_gives_way_to_what_was(case: Case) -> None:
    case.complaints = ["not trusted", ""]
    assert case.prove() == "web is sick.\n\nThe certificates of before (web) are back and were proven."
    assert (case.installed.pair(), case.installed.before()) == (OLD, None)


def test_what_nginx_refuses_gives_way_too(case: Case) -> None:
    case.reloads = [ProxyError("nginx refuses its configuration"), True]
    case.complaints = ["still the old one", ""]
    assert case.prove().startswith("nginx refuses its configuration\n\nThe certificates of before (web) are back")
    assert case.installed.pair() == OLD


@pytest.mark.parametrize("reload", [True, ProxyError("no proxy")])
def test_where_those_do_not_serve_either_it_is_said_loudly(case: Case, reload: Any) -> None:
    case.reloads, case.complaints = [True, reload], ["not trusted", "nothing listens"]
    expected = "no proxy" if isinstance(reload, Exception) else "nothing listens"
    assert case.prove().endswith(f"The certificates of before (web) were put back, but COULD NOT BE PROVEN: {expected}")
    assert case.installed.pair() == OLD


def test_a_sick_app_keeps_no_certificate_from_being_renewed(case: Case) -> None:
    case.complaints = [""]
    assert case.prove() == "web is sick."
    assert (case.installed.pair(), case.installed.before()) == (NEW, None)


def test_where_nothing_was_exchanged_nothing_is_asked(case: Case) -> None:
    case.installed.settle()
    assert case.prove() == "web is sick."
    assert case.installed.pair() == NEW


def test_what_serves_is_proven(case: Case) -> None:
    case.gate = None
    assert prove(case.server, switch_target.from_inventory([], description("web"))) == ([], True, [])
    assert (case.installed.pair(), case.installed.before()) == (NEW, None)


def test_a_release_that_is_refused_leaves_the_certificates_of_before(case: Case, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As where nginx refuses the tree: nothing was changed, and nginx has not read the new ones."""
    target = switch_target.from_inventory([], description("web"))
    wanted = run.Wanted(target, {})
    plan = Plan(str(tmp_path), [], {}, {}, {}, {}, True)
    for name, value in (
        ("read_wanted", lambda *_a: wanted),
        ("connect", lambda: case.server.client),
        ("carry_out", refuse),
        ("Recorder", MagicMock()),
    ):
        monkeypatch.setattr(run, name, value)
    monkeypatch.setattr(run.run_lease, "begin_step", lambda *_a, **_k: None)
    monkeypatch.setattr(run.tree_plan, "make", lambda *_a: plan)
    monkeypatch.setattr(run.engine_containers, "containers_of", lambda *_a: {})
    monkeypatch.setattr(run.tree_diff, "report", lambda *_a: {"diff": []})
    monkeypatch.setattr(switch, "needed", lambda *_a: switch.Needed())
    params = {
        "path": str(tmp_path),
        "lease_directory": str(tmp_path),
        "run": {},
        "to": "",
        "project": PROJECT,
        "proxy_paths": [],
        "proxy_record": "",
        "deadline": 0,
        "watch": 0,
        "rehearse": "never",
        "rehearse_limit": 300,
        "only_unchanged": False,
        "validators": [],
        "backup": "",
        "restore_database": False,
        "accept_unsealed": False,
        "adopt": False,
        "adopt_proxy": "now",
        "let_go": [],
        "secrets_pending": [],
        "verified": "",
        "validated": "",
        "secrets_file": None,
        "files": [],
    }
    with pytest.raises(ReleaseError, match="nginx refuses"):
        run.make_live(Options.from_params(params), Invocation(False, False, lambda: "", lambda *_a, **_k: (0, "", "")))
    assert (case.installed.pair(), case.installed.before()) == (OLD, None)


def refuse(*_arguments: Any) -> None:
    raise SwitchError("nginx refuses the tree")
