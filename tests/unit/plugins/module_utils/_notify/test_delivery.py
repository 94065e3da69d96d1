"""What a target does not take waits for it, and for no longer than a day."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from ansible_collections.rarebooks.platform.plugins.module_utils._notify.delivery import deliver
from ansible_collections.rarebooks.platform.plugins.module_utils._notify.memory import Failing, Memory
from ansible_collections.rarebooks.platform.plugins.module_utils._notify.message import Written
from ansible_collections.rarebooks.platform.plugins.module_utils._notify.targets import Target

NOON = datetime(2026, 11, 26, 12, tzinfo=timezone.utc)
ONE, OTHER = Target(1, "1", "json://one"), Target(2, "2", "json://other")


class Post:
    """Takes messages, but for targets that are closed."""

    def __init__(self) -> None:
        self.closed: set[int] = set()
        self.taken: list[tuple[int, str]] = []

    def __call__(self, target: Target, message: Written) -> str:
        if target.number in self.closed:
            return "no route"
        self.taken.append((target.number, message.title))
        return ""


def say(title: str) -> Written:
    return Written("info", title, "")


def test_one_that_fails_keeps_no_other_from_being_told() -> None:
    post, memory = Post(), Memory()
    post.closed = {1}
    deliver(memory, [ONE, OTHER], [say("a")], post, NOON)
    assert post.taken == [(2, "a")]
    assert memory.failing == {ONE.key: Failing("2026-11-26T12:00:00Z", "no route")}


def test_what_waited_comes_first_and_once_when_the_target_takes_it() -> None:
    post, memory = Post(), Memory()
    post.closed = {1}
    deliver(memory, [ONE], [say("a"), say("b")], post, NOON)
    deliver(memory, [ONE], [], post, NOON + timedelta(minutes=5))
    assert memory.failing[ONE.key].since == "2026-11-26T12:00:00Z"
    post.closed = set()
    deliver(memory, [ONE], [say("c")], post, NOON + timedelta(minutes=10))
    deliver(memory, [ONE], [], post, NOON + timedelta(minutes=15))
    assert post.taken == [(1, "a"), (1, "b"), (1, "c")]
    assert (memory.failing, memory.waiting) == ({}, [])


def test_after_a_day_nothing_waits_any_more() -> None:
    post, memory = Post(), Memory()
    post.closed = {1}
    deliver(memory, [ONE], [say("a")], post, NOON)
    post.closed = set()
    deliver(memory, [ONE], [], post, NOON + timedelta(days=1, minutes=5))
    assert post.taken == []


def test_a_target_that_is_gone_is_forgotten() -> None:
    post, memory = Post(), Memory()
    post.closed = {1}
    deliver(memory, [ONE], [say("a")], post, NOON)
    deliver(memory, [OTHER], [], post, NOON)
    assert (memory.failing, memory.waiting, post.taken) == ({}, [], [])


def test_a_long_outage_does_not_fill_the_disk() -> None:
    post, memory = Post(), Memory()
    post.closed = {1}
    for number in range(80):
        deliver(memory, [ONE], [say(str(number))], post, NOON)
    assert [one.message.title for one in memory.waiting] == [str(number) for number in range(30, 80)]
