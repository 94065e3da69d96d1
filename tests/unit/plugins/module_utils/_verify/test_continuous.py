"""A database whose log is not brought away is told of within a quarter of an hour, by what the program wrote down."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous import state_file
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.state_file import (
    Based,
    Bases,
    Followed,
    Proof,
    Proofs,
    Records,
    Shipped,
)
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import settings
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.settings import Settings
from ansible_collections.rarebooks.platform.plugins.module_utils._run.lease import LeaseHeld
from ansible_collections.rarebooks.platform.plugins.module_utils._verify import continuous
from ansible_collections.rarebooks.platform.plugins.module_utils._verify.observed import Observed

SHOWN = "/mnt/x"


def ago(**time: int) -> str:
    return (datetime.now(timezone.utc) - timedelta(**time)).strftime("%Y-%m-%dT%H:%M:%SZ")


def found(
    monkeypatch: pytest.MonkeyPatch,
    one: Followed | None,
    based: Based | None = None,
    at: str = "",
    on: bool = True,
    proof: Proof | None = None,
    since: int = 0,
) -> list[tuple[str, str]]:
    wanted = Settings("h", "/x", "p", "/s", "/l", "/c", (SHOWN,), continuous=on)
    monkeypatch.setattr(settings, "load", lambda: wanted)
    monkeypatch.setattr(settings, "written", lambda: datetime.now(timezone.utc) - timedelta(hours=since))
    monkeypatch.setattr(state_file, "read", lambda: Records(at or ago(seconds=20), {"db": one} if one else {}))
    monkeypatch.setattr(state_file, "read_bases", lambda: Bases({"db": {SHOWN: based or Based("7", ago(days=1))}}))
    monkeypatch.setattr(state_file, "read_proofs", lambda: Proofs({"db": proof} if proof else {}))
    about = SimpleNamespace(path="/x")
    server = cast(Observed, SimpleNamespace(databases=[(None, SimpleNamespace(container="db"))], settings=about))
    return [(one.level, one.text.text("en")) for one in continuous.check(server)]


def followed(shipped: Shipped | None = None, **more: Any) -> Followed:
    known = {"cluster": "7", "at": ago(seconds=20), "repositories": {SHOWN: shipped or Shipped(ago(seconds=20), since=ago(hours=1))}}
    return Followed(**{**known, **more})


def test_one_that_is_brought_away_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [level for level, _text in found(monkeypatch, followed())] == ["passed"]


@pytest.mark.parametrize(
    # Made in the test: pytest may have collected this minutes before.
    ("one", "told"),
    [
        (lambda: followed(at=ago(minutes=9), trouble="it does not run"), "not received since .*: it does not run"),
        (lambda: followed(lag=300 << 20), "300 MiB behind"),
        (lambda: followed(waiting=1500 << 20), "1500 MiB of its log wait"),
        (lambda: followed(Shipped(ago(minutes=9), trouble="it is full")), "last brought to /mnt/x at .*: it is full"),
        (lambda: followed(lost=ago(hours=1)), "has a gap since"),
    ],
)
def test_what_is_wrong_is_told(monkeypatch: pytest.MonkeyPatch, one: Callable[[], Followed], told: str) -> None:
    ((level, text),) = found(monkeypatch, one())
    assert level == "failed"
    assert re.search(told, text)


def test_a_program_that_is_dead_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [level for level, _text in found(monkeypatch, followed(), at=ago(minutes=9))] == ["failed"]


def test_a_base_that_is_old_or_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(monkeypatch, followed(), Based("7", ago(days=8)))[0][0] == "failed"
    assert found(monkeypatch, followed(), Based("7", ago(days=8), trouble="no room"))[0][1].endswith("no room")
    assert found(monkeypatch, followed(), Based())[0][0] == "warning"


def test_a_base_of_the_name_that_the_server_had_before_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(monkeypatch, followed(), Based("7", ago(days=1), host="before"))[0][1].startswith("no base in /mnt/x yet")
    assert [level for level, _text in found(monkeypatch, followed(), Based("7", ago(days=1), host="h"))] == ["passed"]


def test_one_that_was_turned_off_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [level for level, _text in found(monkeypatch, None, on=False)] == ["passed"]
    assert [level for level, _text in found(monkeypatch, None)] == ["warning"]


def test_a_log_that_was_not_restored_lately_or_could_not_be_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = Based("7", ago(days=1))
    assert [level for level, _text in found(monkeypatch, followed(), fresh, proof=Proof(ago(days=21)))] == ["passed"]
    assert found(monkeypatch, followed(), fresh, proof=Proof(ago(days=23)))[0][0] == "warning"
    ((level, text),) = found(monkeypatch, followed(), fresh, proof=Proof(ago(days=1), trouble="a segment is missing"))
    assert (level, text) == ("failed", "its log could not be restored: a segment is missing")


@pytest.mark.parametrize(("hours", "level"), [(23, "warning"), (25, "failed")])
def test_one_that_cannot_be_followed_is_no_warning_for_ever(monkeypatch: pytest.MonkeyPatch, hours: int, level: str) -> None:
    never = Followed(since=ago(hours=hours), trouble="its log cannot be followed")
    ((found_level, text),) = found(monkeypatch, never, since=90)
    assert found_level == level and text.endswith("its log cannot be followed")
    assert found(monkeypatch, None, since=hours)[0][0] == level, "nothing has ever looked at it"


@pytest.mark.parametrize(("hours", "level"), [(23, "warning"), (25, "failed")])
def test_a_first_base_that_does_not_come_is_no_warning_for_ever(monkeypatch: pytest.MonkeyPatch, hours: int, level: str) -> None:
    one = followed(Shipped(ago(seconds=20), since=ago(hours=hours)), since=ago(days=90))
    ((found_level, text),) = found(monkeypatch, one, Based())
    assert (found_level, "no base in /mnt/x yet" in text) == (level, True)


def test_a_repository_that_is_another_one_is_told_until_it_has_a_base(monkeypatch: pytest.MonkeyPatch) -> None:
    one = followed(Shipped(ago(seconds=20), since=ago(hours=2), anew=ago(hours=2)))
    ((level, text),) = found(monkeypatch, one, Based("7", ago(days=1), trouble="no room"))
    assert level == "failed"
    assert re.search(r"/mnt/x is another repository since .*no room", text)
    assert [level for level, _text in found(monkeypatch, one, Based("7", ago(hours=1)))] == ["passed"]


def test_what_a_killed_restore_left_is_named_unless_it_is_at_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(continuous, "DIRECTORY", str(tmp_path))
    monkeypatch.setattr(continuous, "inspect", lambda _place: None)
    (tmp_path / "restore" / "db").mkdir(parents=True)
    (told, _well) = found(monkeypatch, followed())
    assert told == ("warning", f"a restore to a moment was killed: its copy of the database is still in {tmp_path}/restore/db")

    def at_work(place: Any) -> None:
        raise LeaseHeld(place, cast(Any, SimpleNamespace(run="restore by anna", step="dumping", process=None)), 1.0)

    monkeypatch.setattr(continuous, "inspect", at_work)
    assert [level for level, _text in found(monkeypatch, followed())] == ["passed"]


@pytest.mark.parametrize("days", [-1, -400])
def test_a_time_that_has_not_been_hides_nothing(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    future, well = ago(days=days), ["passed"]
    assert [level for level, _text in found(monkeypatch, followed(), at=future)] == ["failed"]
    assert [level for level, _text in found(monkeypatch, followed(at=future))] == ["failed"]
    assert [level for level, _text in found(monkeypatch, followed(Shipped(future, since=ago(days=1))))] == ["failed"]
    ((level, text),) = found(monkeypatch, followed(), Based("7", future), proof=Proof(ago(days=1)))
    assert (level, text) == ("failed", f"the last base in /mnt/x is of {future}")
    assert found(monkeypatch, followed(), proof=Proof(future))[0][0] == "warning"
    assert [level for level, _text in found(monkeypatch, followed(at=ago(seconds=-40)))] == well, "clocks are set by seconds"
