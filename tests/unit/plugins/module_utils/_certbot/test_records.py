"""Pauses after failed orders, and the week's limit, against what Let's Encrypt allows."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.records import Record, Records
from lineages import settings

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=timezone.utc)
NAMES = ["rare-books.ru", "www.rare-books.ru"]
HOUR = timedelta(hours=1)


def test_pauses_double_up_to_a_day() -> None:
    record, pauses = Record(), []
    for _ in range(9):
        record = record.failed("no", NOW)
        pauses.append(record.not_before)
    assert pauses == [
        "2026-11-24T08:15:00Z",
        "2026-11-24T08:30:00Z",
        "2026-11-24T09:00:00Z",
        "2026-11-24T10:00:00Z",
        "2026-11-24T12:00:00Z",
        "2026-11-24T16:00:00Z",
        "2026-11-25T00:00:00Z",
        "2026-11-25T08:00:00Z",
        "2026-11-25T08:00:00Z",
    ]


def test_fewer_than_five_failures_fit_into_any_hour() -> None:
    """The authority counts failures per host name and hour."""
    record, now, failures = Record(), NOW, list[datetime]()
    for _ in range(500):
        if not record.is_paused(now):
            record = record.failed("no", now)
            failures.append(now)
        now += timedelta(minutes=1)
    assert max(len([other for other in failures if one <= other < one + HOUR]) for one in failures) < 5


@pytest.mark.parametrize(
    ("said", "until"),
    [
        ("too many failed authorizations (5) for x in the last 1h0m0s, retry after 2026-11-24 09:10:11 UTC: see", "2026-11-24T09:10:11Z"),
        ("retry after 2026-11-24T08:01:00Z", "2026-11-24T08:15:00Z"),
    ],
)
def test_the_authoritys_own_time_counts_where_it_is_later(said: str, until: str) -> None:
    assert Record().failed(said, NOW).not_before == until


def test_a_success_ends_the_pause() -> None:
    record = Record().failed("no", NOW).issued(NAMES, NOW + HOUR)
    assert (record.is_paused(NOW + HOUR), record.failures, record.error) == (False, 0, "")


def test_one_of_five_certificates_a_week_is_kept_in_reserve() -> None:
    record = Record()
    for day in range(4):
        assert record.used_up(NAMES, NOW + day * timedelta(days=1)) == ""
        record = record.issued(NAMES if day % 2 else NAMES[::-1], NOW + day * timedelta(days=1))
    assert record.used_up(["WWW.rare-books.ru", "rare-books.ru"], NOW + timedelta(days=4)) == "2026-12-01T08:00:00Z"
    assert record.used_up(["rare-books.ru"], NOW + timedelta(days=4)) == ""
    assert record.used_up(NAMES, NOW + timedelta(days=7, seconds=1)) == ""


def test_what_is_written_is_read_again_and_private(tmp_path: Path) -> None:
    records = Records(settings(tmp_path))
    assert records.read("site") == Record()
    record = Record().issued(NAMES, NOW).failed("because", NOW)
    records.write("site", record)
    assert records.read("site") == record
    assert (tmp_path / "letsencrypt/orders/site.json").stat().st_mode & 0o777 == 0o600


def test_a_damaged_record_locks_nobody_out(tmp_path: Path) -> None:
    (tmp_path / "letsencrypt/orders").mkdir(parents=True)
    (tmp_path / "letsencrypt/orders/site.json").write_text('{"orders": 3')
    assert Records(settings(tmp_path)).read("site") == Record()
