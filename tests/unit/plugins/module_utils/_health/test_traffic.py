# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Errors that visitors got only since a switch are told from those that they always get."""

from __future__ import annotations

import time

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._health import traffic
from ansible_collections.rarebooks.platform.plugins.module_utils._health.traffic import Answers, TrafficProbe

SITE = ["www.rare-books.ru", "rare-books.ru"]


def line(status: int, host: str = "rare-books.ru", request: str = "GET /api/books HTTP/2.0") -> str:
    return f'192.0.2.7 [27/Nov/2026:21:14:30 +0300] {host} "{request}" {status} 12 "-" "curl/8" upstream=172.18.0.5:80 0.004 s\n'


def log(fine: int, errors: int, host: str = "rare-books.ru") -> str:
    return line(200, host) * fine + line(500, host) * errors


def test_only_answers_of_these_hosts_count_and_only_5xx_are_errors() -> None:
    text = "".join(
        [
            line(200),
            line(404),
            line(499),
            line(500),
            line(503, "www.rare-books.ru"),
            line(500, "messenger.rare-books.ru"),
            line(200, request="GET /\\x22 500 HTTP/1.1"),
            "2026/11/27 21:14:30 [error] 29#29: *1 connect() failed (111: Connection refused) while connecting to upstream\n",
        ]
    )
    assert traffic.count(text, SITE) == Answers(all=6, errors=2)
    assert traffic.count("(the log cannot be read: no such driver)", SITE) == Answers()


@pytest.mark.parametrize(
    ("before", "since", "verdict"),
    [
        (log(100, 0), log(30, 9), "ok"),
        (log(100, 0), log(30, 10), "waiting"),
        (log(100, 0), log(300, 10), "ok"),
        (log(80, 20), log(50, 50), "ok"),
        (log(80, 20), log(39, 61), "waiting"),
        ("", log(0, 10), "waiting"),
        ("", log(0, 10, "messenger.rare-books.ru"), "ok"),
        ("", "", "ok"),
    ],
    ids=["few", "many", "few among many", "as often as ever", "more often than ever", "no visitor before", "another site's", "nobody"],
)
def test_it_is_the_share_that_tells(before: str, since: str, verdict: str) -> None:
    probe = TrafficProbe("RareBooks", SITE, lambda _lines, _since: since, before, "nginx_container")
    assert probe.check().verdict == verdict


def test_the_log_is_read_from_the_next_second_on_and_before_for_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, float]] = []

    def read(lines: int, since: float) -> str:
        asked.append((lines, since))
        return ""

    monkeypatch.setattr(time, "time", lambda: 1000.7)
    TrafficProbe("RareBooks", SITE, read, traffic.before(read), "nginx_container").check()
    assert asked == [(20_000, 700.7), (20_000, 1001)]


def test_what_it_says_has_numbers_and_a_command() -> None:
    probe = TrafficProbe("RareBooks", SITE, lambda _lines, _since: log(1, 19), log(99, 1), "nginx_container")
    assert probe.check().error == "19 of 20 answers since the switch are errors"
    assert probe.expectation == "no more errors (5xx) than before the switch, 1 of 100 answers in 5 minutes"
    assert probe.next_step() == "docker logs --tail=200 nginx_container"
