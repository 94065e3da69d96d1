"""A moment is taken as it was typed, with its time zone; and when a base is due that such moments are reached from."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous import base, moment
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.moment import MomentError
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.state_file import Based, Followed, Shipped

NOW = datetime(2026, 11, 26, 12, tzinfo=timezone.utc)
MOMENT = datetime(2026, 11, 25, 18, 14, 30, tzinfo=timezone.utc)


@pytest.mark.parametrize("typed", ["2026-11-25 21:14:30+03", "2026-11-25 21:14:30+03:00", "2026-11-25T18:14:30Z", "2026-11-25 18:14:30+00"])
def test_a_time_zone_is_understood_however_it_is_typed(typed: str) -> None:
    assert moment.parse(typed, NOW) == MOMENT


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("yesterday", "expected a time such as"),
        ("2026-11-25 21:14:30", "with its time zone"),
        ("2026-11-25", "with its time zone"),
        ("2026-11-27 00:00:00+00", "that has been, at most 2026-11-26 12:00:00"),
    ],
)
def test_what_is_no_moment_of_the_past_is_refused(typed: str, told: str) -> None:
    with pytest.raises(MomentError, match=f"{told}.*Nothing has been changed"):
        moment.parse(typed, NOW)


@pytest.mark.parametrize(
    ("based", "lost", "due"),
    [
        (Based(), "", True),
        (Based("7", "2026-11-26T00:00:00Z"), "", False),
        (Based("6", "2026-11-26T00:00:00Z"), "", True),
        (Based("7", "2026-11-18T00:00:00Z"), "", True),
        (Based("7", "2026-11-26T00:00:00Z"), "2026-11-26T01:00:00Z", True),
        # It needs the log from its beginning on.
        (Based("7", "2026-11-26T01:00:00Z", began="2026-11-26T00:00:00Z"), "2026-11-26T00:30:00Z", True),
        (Based("7", "2026-11-26T01:00:00Z", began="2026-11-26T00:00:00Z"), "2026-11-25T23:30:00Z", False),
        # The log is found by the server's name, and so is the base that it is applied to.
        (Based("7", "2026-11-26T00:00:00Z", host="server"), "", False),
        (Based("7", "2026-11-26T00:00:00Z", host="before"), "", True),
    ],
)
def test_a_base_is_due_where_there_is_none_or_what_follows_it_is_not_whole(based: Based, lost: str, due: bool) -> None:
    followed = Followed("7", lost=lost, repositories={"x": Shipped("2026-11-26T00:00:00Z")})
    assert base.is_due(based, followed, "x", "server", timedelta(days=7), NOW) is due
    assert not base.is_due(based, followed, "where no log has come to yet", "server", timedelta(days=7), NOW)
