"""Whether somebody would be told is looked at as well."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, cast

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._notify import delivery, memory, targets
from ansible_collections.rarebooks.platform.plugins.module_utils._notify.memory import Failing
from ansible_collections.rarebooks.platform.plugins.module_utils._verify import notifications
from ansible_collections.rarebooks.platform.plugins.module_utils._verify.observed import Observed
from ansible_collections.rarebooks.platform.plugins.module_utils._verify.settings import Settings
from notify_support import Stack

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=timezone.utc)
DOWN = Failing("2026-11-26T11:00:00Z", "no route")


@dataclass
class Machine:
    """Since when the server runs."""

    uptime: float = 86400.0


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    found = Machine()
    monkeypatch.setattr(notifications, "uptime", lambda: found.uptime)
    return found


def look(stack: Stack, **settings: Any) -> list[tuple[str, str, str]]:
    (stack.path / ".watch").mkdir(exist_ok=True)
    (stack.path / ".watch/settings.json").write_text(json.dumps(asdict(stack.settings(**settings))))
    server = cast(Observed, type("Server", (), {"settings": Settings(str(stack.path), "project", "secrets")}))
    return [(one.subject, one.level, str(one.text)) for one in notifications.check(server)]


@pytest.mark.parametrize(
    ("up", "looked", "level"),
    [
        (86400, "2026-11-26T11:55:00Z", "passed"),
        (86400, "", "passed"),
        (86400, "2026-11-26T11:35:00Z", "failed"),
        (300, "2026-11-20T11:35:00Z", "passed"),
    ],
)
def test_the_timer(machine: Machine, up: float, looked: str, level: str) -> None:
    machine.uptime = up
    assert notifications.timer(looked, NOW).level == level


def test_each_target_is_told_of_by_number_and_scheme(tmp_path: Path, machine: Machine) -> None:
    stack = Stack(tmp_path)
    stack.aim_at("json://one/secret", "tgram://two")
    failing, _other = targets.find(str(tmp_path / ".watch"))
    with memory.opened(stack.settings().memory) as remembered:
        remembered.failing[failing.key] = DOWN
    assert look(stack) == [
        ("watch", "passed", "looks at this server every five minutes"),
        ("target 1 (json)", "warning", "has taken nothing since 2026-11-26T11:00:00Z: no route"),
        ("target 2 (tgram)", "passed", "takes messages"),
    ]


def test_that_nobody_can_be_told_is_a_failure(tmp_path: Path, machine: Machine) -> None:
    stack = Stack(tmp_path)
    stack.aim_at("json://one", "json://two")
    with memory.opened(stack.settings().memory) as remembered:
        remembered.failing = {one.key: DOWN for one in targets.find(str(tmp_path / ".watch"))}
    assert [level for _subject, level, _text in look(stack, watch=False)] == ["failed", "failed"]


def test_the_switch_and_the_metrics(tmp_path: Path, machine: Machine) -> None:
    stack = Stack(tmp_path)
    with memory.opened(stack.settings().memory) as remembered:
        remembered.failing = {delivery.DEAD_MAN: DOWN, delivery.TEXTFILE: DOWN}
    assert [subject for subject, _level, _text in look(stack, watch=False)] == ["verify_dead_man_url", "verify_textfile_dir"]


def test_a_server_without_a_watch(tmp_path: Path) -> None:
    server = cast(Observed, type("Server", (), {"settings": Settings(str(tmp_path), "project", "secrets")}))
    assert list(notifications.check(server)) == []
