# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The time for which tables are locked is that between two looks which both find the lock; a moment is not told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._rehearsal import locks
from ansible_collections.rarebooks.platform.plugins.module_utils._rehearsal.locks import Locks

TABLES = {"11": "public.books", "12": "public.authors", "13": "public.readers"}


class Session:
    """A psql that answers a line of each of these to each look, and then has ended."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)

    def send(self, _data: bytes) -> None:
        pass

    def frames(self) -> Iterator[tuple[bool, bytes]]:
        if self.answers:
            yield True, b"WARNING: something\n"
            yield False, self.answers.pop(0).encode()
            yield False, b"end of the locks\n"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds pass from look to look."""
    times = iter(range(0, 1000, 2))
    monkeypatch.setattr(locks.time, "monotonic", lambda: next(times))
    monkeypatch.setattr(locks, "EVERY", 0)


def followed(*answers: str) -> Locks:
    found = Locks(TABLES)
    session: Any = Session(*answers)
    found.follow(session)
    return found


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ((), ""),
        (("", "11,t\n", ""), ""),
        (("11,t\n", "11,t\n", "11,t\n"), "public.books from reading and writing for 4 s"),
        (("12,f\n11,f\n", "12,f\n11,f\n"), "public.authors from writing for 2 s, public.books from writing for 2 s"),
        (("11,f\n", "11,t\n", "11,t\n"), "public.books from reading and writing for 2 s, public.books from writing for 2 s"),
        (("99,t\n", "99,t\n"), ""),
    ],
    ids=["nothing", "a moment", "a while", "two", "more and more", "a table that was not there before"],
)
def test_what_is_told(answers: tuple[str, ...], told: str) -> None:
    assert str(followed(*answers)) == told


def test_less_than_somebody_notices_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "NOTICED", 3)
    assert str(followed("11,t\n", "11,t\n")) == ""
