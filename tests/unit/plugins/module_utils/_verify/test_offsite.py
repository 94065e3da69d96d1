"""A server that could be lost is told of: no repository, no snapshot of late, one that fails, a password that nobody else has."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import records, settings
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.records import Checked, Drilled, Known, Taken, Trouble
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.settings import Settings
from ansible_collections.rarebooks.platform.plugins.module_utils._verify import offsite
from ansible_collections.rarebooks.platform.plugins.module_utils._verify.observed import Observed

SHOWN = "sftp:me@store:/x"


def ago(**time: int) -> str:
    return (datetime.now(timezone.utc) - timedelta(**time)).strftime("%Y-%m-%dT%H:%M:%SZ")


def taken(at: str, notes: tuple[str, ...] = ()) -> Taken:
    return Taken("1", at, "20261126_020000", "r", 1, 2, 3.0, list(notes))


def found(
    monkeypatch: pytest.MonkeyPatch, known: Known | None = None, days: int = 2, since: int = 0, **more: Any
) -> list[tuple[str, str, str]]:
    common = {"host": "h", "path": "/x", "project": "p", "secrets_file": "/s", "letsencrypt_path": "/l", "ca_path": "/c"}
    wanted = Settings(**common, repositories=(SHOWN,), **more) if known is not None else None  # type: ignore[arg-type]
    monkeypatch.setattr(settings, "load", lambda: wanted)
    monkeypatch.setattr(settings, "written", lambda: datetime.now(timezone.utc) - timedelta(days=since))
    monkeypatch.setattr(records, "read", lambda: records.Records({SHOWN: known} if known else {}))
    server = cast(Observed, SimpleNamespace(settings=SimpleNamespace(offsite_days=days)))
    return [(one.subject, one.level, one.text.text("en")) for one in offsite.check(server)]


def test_a_server_without_a_repository_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    ((subject, level, text),) = found(monkeypatch)
    assert (subject, level) == ("repository", "warning")
    assert "on this server alone" in text


def test_a_password_that_nobody_else_has_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Known(snapshot=taken(ago(hours=3)))
    assert [(subject, level) for subject, level, _text in found(monkeypatch, one)] == [(SHOWN, "passed"), ("password", "warning")]
    assert found(monkeypatch, one, password_kept=True)[-1][:2] == ("password", "passed")


@pytest.mark.parametrize(
    ("known", "days", "expected"),
    [
        (Known(), 2, [("passed", "no snapshot yet: the first one is made after the deploy")]),
        (Known(snapshot=taken(ago(hours=3))), 2, [("passed", "the last snapshot is 3 hours old")]),
        (Known(snapshot=taken(ago(days=3))), 2, [("failed", "expected a snapshot of the last 2 days, got one that is 72 hours old")]),
        (Known(snapshot=taken(ago(days=3))), 0, [("passed", "the last snapshot is 72 hours old")]),
        (
            Known(snapshot=taken(ago(hours=1), ("A is down.",))),
            2,
            [("passed", "the last snapshot is 1 hours old"), ("warning", "the last snapshot is not whole: A is down.")],
        ),
        (
            Known(troubles={"snapshot": Trouble("2026-11-26T02:30:00Z", "full", "Repository x: it is full.")}),
            2,
            [("failed", "snapshot failed at 2026-11-26T02:30:00Z: Repository x: it is full.")],
        ),
    ],
)
def test_how_the_last_snapshot_is(monkeypatch: pytest.MonkeyPatch, known: Known, days: int, expected: list[tuple[str, str]]) -> None:
    assert [one[1:] for one in found(monkeypatch, known, days, password_kept=True)[:-1]] == expected


def test_one_that_never_had_a_snapshot_does_not_pass_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(monkeypatch, Known(), since=1)[0][1] == "passed"
    assert found(monkeypatch, Known(), since=3)[0][1:] == ("failed", "expected a snapshot of the last 2 days, got none yet")


@pytest.mark.parametrize(("drill", "since", "warned"), [(5, 90, False), (30, 1, True), (0, 1, False), (0, 30, True)])
def test_one_that_no_drill_has_proven_for_weeks_is_warned_of(monkeypatch: pytest.MonkeyPatch, drill: int, since: int, warned: bool) -> None:
    drilled = Drilled(ago(days=drill), "20261126_020000", 1.0) if drill else None
    one = Known(snapshot=taken(ago(hours=3)), check=Checked(ago(days=1), 1, 4), drill=drilled)
    levels = [level for _subject, level, _text in found(monkeypatch, one, since=since, password_kept=True)]
    assert ("warning" in levels) == warned
    assert levels[0] == levels[-1] == "passed"


def test_a_repository_that_nobody_checks_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Known(snapshot=taken(ago(hours=1)), check=Checked(ago(days=40), 1, 4))
    assert [level for _subject, level, _text in found(monkeypatch, one)] == ["passed", "warning", "warning"]


def test_what_was_written_down_is_read_as_it_was(tmp_path: Path) -> None:
    with records.changing(str(tmp_path)) as known:
        known.of(SHOWN).snapshot = taken("2026-11-26T02:30:00Z", ("x",))
    assert asdict(records.read(str(tmp_path)).of(SHOWN).snapshot or taken(""))["notes"] == ["x"]
    (tmp_path / records.FILE).write_text("{")
    with records.changing(str(tmp_path)) as known:
        assert known.repositories == {}


def test_what_the_last_drill_left_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    drilled = Drilled(ago(days=1), "20261126_020000", 1.0, notes=["The apps were not started: no memory."])
    told = found(monkeypatch, Known(snapshot=taken(ago(hours=3)), drill=drilled), password_kept=True)
    assert (SHOWN, "warning", "the last drill left something out: The apps were not started: no memory.") in told


def ahead(days: int) -> str:
    return (datetime.now(timezone.utc) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("days", [1, 400])
@pytest.mark.parametrize("limit", [0, 2])
def test_a_time_that_has_not_been_proves_nothing(monkeypatch: pytest.MonkeyPatch, days: int, limit: int) -> None:
    one = Known(
        snapshot=taken(ahead(days)), check=Checked(ahead(days), 1, 4), drill=Drilled(ahead(days), "20261126_020000", 1.0), ahead=ahead(days)
    )
    levels = [(level, text.partition(" is of ")[0]) for subject, level, text in found(monkeypatch, one, limit, password_kept=True)[:-1]]
    assert levels == [
        ("failed", "the last snapshot"),
        ("warning", "a snapshot in it"),
        ("warning", "the last drill"),
        ("warning", "the last check"),
    ]


def test_clocks_that_differ_by_seconds_are_no_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    soon = (datetime.now(timezone.utc) + timedelta(seconds=40)).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = found(monkeypatch, Known(snapshot=taken(soon)), password_kept=True)
    assert [(level, text) for _subject, level, text in told[:-1]] == [("passed", "the last snapshot is 0 hours old")]
