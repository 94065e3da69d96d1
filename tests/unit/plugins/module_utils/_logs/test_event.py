"""What is an event, how grave it is, and which lines belong to it: of logs that were recorded."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import recorded_logs
from ansible_collections.rarebooks.platform.plugins.module_utils._logs.access import Request
from ansible_collections.rarebooks.platform.plugins.module_utils._logs.event import MOST_LINES, Event, Reader
from ansible_collections.rarebooks.platform.plugins.module_utils._logs.group import Groups
from recorded_logs import recorded, shown


def events(lines: list[bytes], slow: float = 1.0) -> list[Event]:
    return [one for one in Reader(slow).events(lines) if isinstance(one, Event)]


@pytest.mark.parametrize("form", [recorded, shown])
@pytest.mark.parametrize(
    ("text", "found"),
    [
        (recorded_logs.ASPNET, [("warning", 2), ("error", 5), ("error", 12), ("error", 2), ("error", 2)]),
        (recorded_logs.NGINX, [("warning", 1), ("error", 1), ("error", 1), ("warning", 1)]),
        (recorded_logs.POSTGRES, [("error", 4), ("error", 2), ("error", 2), ("warning", 1)]),
        (recorded_logs.OTHERS, [("error", 4), ("error", 2), ("warning", 1), ("error", 1)]),
    ],
)
def test_events_of_each_kind_of_program(text: str, found: list[tuple[str, int]], form: Callable[[str], list[bytes]]) -> None:
    assert [(one.level, len(one.lines)) for one in events(form(text))] == found


def test_an_event_has_the_time_of_its_first_line() -> None:
    trace = events(recorded(recorded_logs.ASPNET))[2]
    assert trace.time == "2026-11-26T10:44:00.009"
    assert trace.lines[1].strip() == "An unhandled exception has occurred while executing the request."
    assert trace.lines[-1].strip() == "SqlState: 42P01"


def test_colours_of_a_terminal_hide_no_level() -> None:
    assert [one.lines[0] for one in events(recorded("\x1b[41m\x1b[30mfail\x1b[39m\x1b[22m\x1b[49m: A.B[0]\r\n      Broken"))] == [
        "fail: A.B[0]"
    ]


def test_the_rest_of_a_line_that_the_engine_cut_is_no_event() -> None:
    first, second, third = recorded("info: A[0] x\nERROR in what belongs to it\nERROR: by itself")
    cut = first.replace(b"\\n", b"")
    assert [one.lines for one in events([cut, second, third])] == [["ERROR: by itself"]]


def test_what_begins_in_the_middle_of_an_event_is_none() -> None:
    assert events(recorded("      Severity: ERROR\n      more\ninfo: A[0]\n      ERROR is what it says")) == []


def test_a_line_that_a_power_loss_tore_is_no_end() -> None:
    whole = recorded(recorded_logs.POSTGRES)
    assert len(events([*whole[:3], whole[3][:20], b"\0\0\0\n", *whole[4:]])) == 3


def test_a_long_stack_trace_is_bounded() -> None:
    assert [len(one.lines) for one in events(recorded("fail: A[0]\n" + "         at B\n" * 900))] == [MOST_LINES]


@pytest.mark.parametrize("form", [recorded, shown])
def test_requests_that_failed_or_were_slow(form: Callable[[str], list[bytes]]) -> None:
    found = [one for one in Reader(1.0).events(form(recorded_logs.NGINX)) if isinstance(one, Request)]
    assert [(one.host, one.method, one.path, one.status, one.seconds) for one in found] == [
        ("www.rare-books.ru", "GET", "/api/books/7", 502, 0.001),
        ("www.rare-books.ru", "GET", "/api/books/9", 502, 0.003),
        ("www.rare-books.ru", "GET", "/api/export", 200, 4.25),
        ("", "GET", "/web/index.html", 500, 0.0),
    ]
    assert found[0].upstream == "172.19.0.2:80"


def test_no_request_is_slow_where_nobody_asks() -> None:
    found = [one for one in Reader().events(recorded(recorded_logs.NGINX)) if isinstance(one, Request)]
    assert [one.status for one in found] == [502, 502, 500]


def test_a_large_log_takes_seconds() -> None:
    """100 MB may take 5 s: a fifth of that is read here, by the processor's own time, since others are at work as well."""
    lines = [line for text in (recorded_logs.NGINX, recorded_logs.ASPNET, recorded_logs.POSTGRES) for line in recorded(text)]
    lines += recorded(recorded_logs.NGINX.splitlines()[-3] + "\n") * 9 * len(lines)
    size, groups = sum(map(len, lines)), Groups()
    began = time.process_time()
    for one in Reader(1.0).events(lines * (20_000_000 // size)):
        groups.add("web", one)
    assert time.process_time() - began < 1.0 and groups.events
