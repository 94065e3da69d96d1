"""What the gate asks of a release: every host of it, but of one that is gone back to only those of today's certificates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates import live as certificates_live
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import Installed
from ansible_collections.rarebooks.platform.plugins.module_utils._health.answer import HttpCheck
from ansible_collections.rarebooks.platform.plugins.module_utils._health.tls import TlsCheck
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Release
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import target as switch_target
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.run import trusted
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.target import Target
from certificates import pair

APP = App(
    name="shop",
    title="Shop",
    containers=("web",),
    certificate="shop",
    server_names=("a.example.org", "b.example.org"),
    probes=(HttpCheck("https://a.example.org/"), HttpCheck("https://b.example.org/x"), HttpCheck("http://b.example.org/")),
)


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    directory = str(tmp_path / "live")
    Installed("shop", directory).put(pair("a.example.org", "c.example.org"))
    real = Installed.__init__
    monkeypatch.setattr(Installed, "__init__", lambda self, name, _live=directory: real(self, name, directory))
    monkeypatch.setattr(switch_target, "chain_files", lambda: certificates_live.chain_files(directory))
    return directory


def test_every_host_of_a_new_release_is_asked_for_its_certificate(live: str) -> None:
    target = switch_target.from_inventory([], Release(apps=(APP,), https_port=8443, certificates_warn_days=21))
    chain = f"{live}/shop/fullchain.pem"
    assert target.tls == [TlsCheck(host, 8443, certificate=chain, warn_days=21, fail_days=0) for host in APP.server_names]
    assert len(target.probes) == 3
    assert target.chains == [chain]


def test_going_back_asks_no_host_without_a_certificate(live: str) -> None:
    assert switch_target.uncovered_hosts([APP]) == {"b.example.org"}
    target = Target([], Release(apps=(APP,)), (APP,), uncovered=frozenset({"b.example.org"}))
    assert [check.host for check in target.tls] == ["a.example.org"]
    assert [probe.url for probe in target.probes] == ["https://a.example.org/", "http://b.example.org/"]


def test_going_back_asks_no_host_whose_certificate_has_expired_meanwhile(live: str) -> None:
    Installed("shop").put(pair("a.example.org", "b.example.org", left=-0.1))
    assert switch_target.uncovered_hosts([APP]) == {"a.example.org", "b.example.org"}
    Installed("shop").put(pair("a.example.org", "b.example.org", left=0.1))
    assert switch_target.uncovered_hosts([APP]) == frozenset()


def test_a_release_from_before_there_were_such_probes_is_asked_for_none(live: str) -> None:
    old = replace(APP, certificate="", server_names=())
    target = Target([], Release(apps=(old,)), (old,))
    assert (target.tls, target.chains, len(target.probes)) == ([], [f"{live}/shop/fullchain.pem"], 3)
    assert switch_target.uncovered_hosts([old]) == frozenset()


@pytest.mark.parametrize(
    ("owned", "release", "expected"),
    [
        (None, Release(ca_file="/ca.pem"), ("/ca.pem", False)),
        (None, Release(certificates_on_disk=True), (None, True)),
        # A backup says whom was trusted then; today's certificates may be another's.
        ({}, Release(ca_file="/ca.pem"), (None, True)),
    ],
)
def test_whom_the_gate_trusts(owned: Any, release: Release, expected: tuple[str | None, bool]) -> None:
    assert trusted(Target([], release, (), owned=owned)) == expected
