"""The newest backup on the server is as old as its name says, unless that is of a time that has not been yet."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._verify import backups

NOW = datetime(2026, 11, 26, 12, tzinfo=timezone.utc)


def found(monkeypatch: pytest.MonkeyPatch, age: timedelta, days: int = 2) -> tuple[str, str]:
    one = SimpleNamespace(id=f"{NOW - age:%Y%m%d_%H%M%S}", kind="sealed", damage="")
    monkeypatch.setattr(backups.listing, "find_all", lambda _root: [one])
    monkeypatch.setattr(backups.listing, "as_found", lambda one: one)
    server: Any = SimpleNamespace(settings=SimpleNamespace(path="/x", backup_days=days), began=NOW)
    (finding,) = backups.check(cast(Any, server))
    return finding.level, finding.text.text("en")


@pytest.mark.parametrize(
    ("age", "level", "told"),
    [
        (timedelta(hours=6), "passed", "is 0.2 days old"),
        (timedelta(days=3), "failed", "expected a backup of the last 2 days, got one that is 3 days old"),
        (timedelta(seconds=-40), "passed", "is 0.0 days old"),
        (
            timedelta(days=-1),
            "warning",
            "the newest backup is of 2026-11-27T12:00:00Z, which has not been yet: the clock of this server was",
        ),
    ],
)
def test_how_old_it_is(monkeypatch: pytest.MonkeyPatch, age: timedelta, level: str, told: str) -> None:
    found_level, text = found(monkeypatch, age)
    assert (found_level, text.startswith(told)) == (level, True), text
