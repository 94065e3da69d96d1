# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What becomes of a check that cannot be made, of a server that says nothing, and of texts that programs wrote."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base.sentence import say
from ansible_collections.rarebooks.platform.plugins.module_utils._base.state import StateError
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.client import DockerUnavailable
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Release
from ansible_collections.rarebooks.platform.plugins.module_utils._verify import run
from ansible_collections.rarebooks.platform.plugins.module_utils._verify.finding import AREAS, Finding, failed, passed, warning, worst
from ansible_collections.rarebooks.platform.plugins.module_utils._verify.settings import Settings

SETTINGS = Settings("/opt/rarebooks", "shop", "/opt/rarebooks/.secrets.json")


def server(**others: Any) -> Any:
    return SimpleNamespace(settings=SETTINGS, secrets={"key": "hunter2hunter2"}, **others)


def test_a_check_that_cannot_be_made_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_server: Any) -> Iterator[Finding]:
        said = "its probe said hunter2hunter2 of postgres://app:geheim@db/x"
        yield warning("network", "proxy", say("{output}", output=said), "")
        raise ValueError("hunter2hunter2 is no number")

    monkeypatch.setattr(run, "observe", lambda _settings: server(release=Release(apps=(App(name="a", containers=("c",)),))))
    monkeypatch.setattr(run, "CHECKS", {"server": lambda _server: [passed("server", "clock", say("is right"))], "network": broken})
    found = run.run(SETTINGS)
    assert [(one.area, one.level) for one in found] == [("network", "warning"), ("network", "failed"), ("server", "passed")]
    assert "is no number" in str(found[1].text) and "hunter2" not in f"{found[0].text}{found[1].text}"
    assert "geheim" not in str(found[0].text)


@pytest.mark.parametrize(
    ("error", "area", "told"),
    [
        (DockerUnavailable("no socket"), "server", "no socket"),
        (TimeoutError("Read timed out."), "server", "Read timed out."),
        (StateError("x.json is damaged"), "files", "x.json is damaged"),
    ],
)
def test_what_keeps_everything_from_being_read_is_one_finding(
    monkeypatch: pytest.MonkeyPatch, error: Exception, area: str, told: str
) -> None:
    def refuse(_settings: Settings) -> Any:
        raise error

    monkeypatch.setattr(run, "observe", refuse)
    (found,) = run.run(SETTINGS)
    assert (found.area, found.level) == (area, "failed") and told in str(found.text)


def test_a_server_without_a_release_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "observe", lambda _settings: server(release=Release()))
    (found,) = run.run(SETTINGS)
    assert found.level == "failed" and "deploy.yml" in str(found.next)


def test_every_check_has_its_place_in_the_report() -> None:
    assert set(run.CHECKS) <= set(AREAS)


def test_the_worst_counts() -> None:
    one, two, three = (make("server", "x", say("is on"), *rest) for make, *rest in ((passed,), (warning, "w"), (failed, "f")))
    assert worst([]) == worst([one]) == "passed"
    assert worst([one, two]) == "warning"
    assert worst([three, one]) == "failed"


def test_what_programs_wrote_reaches_nobody_as_more_than_text() -> None:
    said = failed("logs", "a\x1b]0;x\x07", say("{error}", error="\x1b[2Jx\n"), say("Deploy first: {command}", command="ls\x07")).said("ru")
    assert not set("".join(said.values())) & set("\x1b\x07\n\r")
    assert (
        said["text"] == "\N{REPLACEMENT CHARACTER}[2Jx"
        and said["next"].startswith("Сначала")
        and said["command"] == "ls\N{REPLACEMENT CHARACTER}"
    )
