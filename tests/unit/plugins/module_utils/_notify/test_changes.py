"""A change is news when it is seen twice in a row, and once only."""

from __future__ import annotations

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._notify.changes import Known, Level, compare, unconfirmed

KEY = "containers/backend"


def levels(text: str) -> list[Level]:
    names: dict[str, Level] = {"p": "passed", "w": "warning", "f": "failed"}
    return [names[one] for one in text]


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ("ppp", "---"),
        ("pfpfp", "-----"),
        ("ff", "-f"),
        ("fffff", "-f---"),
        ("ffpp", "-f-p"),
        ("ffpfpp", "-f---p"),
        ("wwff", "-w-f"),
        ("wfff", "--f-"),
        ("ffwwpp", "-f-w-p"),
    ],
)
def test_what_is_told_of_what_is_seen(seen: str, told: str) -> None:
    known: dict[str, Known] = {}
    news = [compare(known, {KEY: level}) for level in levels(seen)]
    assert "".join(one[KEY][0] if one else "-" for one in news) == told


def test_what_has_passed_is_forgotten() -> None:
    known: dict[str, Known] = {}
    for level in levels("ffpp"):
        compare(known, {KEY: level})
    assert known == {}


def test_what_is_no_longer_found_has_passed_where_its_area_was_looked_at() -> None:
    known = {KEY: Known("failed", "failed")}
    assert compare(known, {"engine/docker": "failed"}) == {}
    assert known[KEY] == Known("failed", "failed")
    assert compare(known, {"containers/verify": "failed"}) == compare(known, {"containers/verify": "passed"}) == {}
    known = {KEY: Known("failed", "failed")}
    assert compare(known, {"containers/proxy": "passed"}) == {}
    assert compare(known, {"containers/proxy": "passed"}) == {KEY: "passed"}


def test_what_was_seen_once_has_to_be_looked_at_again() -> None:
    known: dict[str, Known] = {}
    compare(known, {KEY: "failed"})
    assert unconfirmed(known)
    compare(known, {KEY: "failed"})
    assert not unconfirmed(known)
