"""Whether containers run with no more privileges than their Compose file gives them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.compose import Project
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Release
from ansible_collections.rarebooks.platform.plugins.module_utils._verify import confinement
from ansible_collections.rarebooks.platform.plugins.module_utils._verify.observed import Observed
from ansible_collections.rarebooks.platform.plugins.module_utils._verify.settings import Settings

SERVICE = {"container_name": "web", "security_opt": ["no-new-privileges:true"], "cap_drop": ["MKNOD", "NET_RAW"], "pids_limit": 4096}
SETTINGS = {"SecurityOpt": ["no-new-privileges:true"], "CapDrop": ["CAP_MKNOD", "CAP_NET_RAW"], "PidsLimit": 4096}


def found(
    monkeypatch: pytest.MonkeyPatch, service: dict[str, Any], settings: dict[str, Any], carried: bool = False
) -> list[tuple[str, str, str]]:
    monkeypatch.setattr(Project, "services", lambda _self: [service])
    monkeypatch.setattr(Project, "carried", lambda _self: {"web": "web"} if carried else {})
    release = Release(apps=(App(name="shop", containers=("web",)),))
    nothing: Any = SimpleNamespace()
    server = Observed(Settings("/x", "p", "/x/s"), nothing, nothing, release, {"web": {"HostConfig": settings}}, [])
    return [(one.level, str(one.text), str(one.next)) for one in confinement.check(server)]


def test_one_that_is_confined_passes_in_the_words_of_any_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    for dropped in (["MKNOD", "NET_RAW"], ["CAP_NET_RAW", "CAP_MKNOD", "CAP_CHOWN"]):
        [(level, text, _step)] = found(monkeypatch, SERVICE, {**SETTINGS, "CapDrop": dropped})
        assert (level, text) == ("passed", "is confined as its Compose file says")


@pytest.mark.parametrize(
    ("change", "lacking", "mends"),
    [
        ({"SecurityOpt": None}, "no-new-privileges:true", "ansible-playbook deploy.yml"),
        ({"CapDrop": ["CAP_MKNOD"]}, "cap_drop NET_RAW", "ansible-playbook deploy.yml"),
        ({"PidsLimit": None}, "pids_limit 4096", "docker update --pids-limit 4096 web"),
        ({"PidsLimit": -1, "CapDrop": None}, "cap_drop MKNOD, cap_drop NET_RAW, pids_limit 4096", "ansible-playbook deploy.yml"),
    ],
)
def test_one_that_is_not_fails_unless_it_was_made_by_hand(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], lacking: str, mends: str
) -> None:
    [(level, text, step)] = found(monkeypatch, SERVICE, {**SETTINGS, **change})
    assert (level, text) == ("failed", f"expected it confined as its Compose file says, got it without {lacking}")
    assert step == f"Have it confined again: {mends}"
    [(level, text, _step)] = found(monkeypatch, SERVICE, {**SETTINGS, **change}, carried=True)
    assert (level, text) == ("passed", "runs as it was made by hand, and is confined from its own next release on")


@pytest.mark.parametrize("said", [{}, {"cap_drop": [], "security_opt": [], "pids_limit": -1}])
def test_nothing_is_said_of_one_that_its_compose_file_does_not_confine(monkeypatch: pytest.MonkeyPatch, said: dict[str, Any]) -> None:
    assert found(monkeypatch, {"container_name": "web", **said}, {}) == []
