"""Events of one cause are one group, and nothing secret is in what is shown of it."""

from __future__ import annotations

import pytest
import recorded_logs
from ansible_collections.rarebooks.platform.plugins.module_utils._base.secret_store import MASK
from ansible_collections.rarebooks.platform.plugins.module_utils._logs.event import Event, Reader
from ansible_collections.rarebooks.platform.plugins.module_utils._logs.group import MOST, OTHERS, Groups
from ansible_collections.rarebooks.platform.plugins.module_utils._logs.masking import masked
from ansible_collections.rarebooks.platform.plugins.module_utils._logs.report import Report
from ansible_collections.rarebooks.platform.plugins.module_utils._logs.signature import path_signature, signature
from recorded_logs import recorded


def grouped(text: str) -> Groups:
    groups = Groups()
    for one in Reader(1.0).events(recorded(text)):
        groups.add("web", one)
    return groups


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            ["fail: A.B[20102]", "      Failed executing DbCommand (12ms) [Parameters=[@p='?']]"],
            "fail: A.B: Failed executing DbCommand (<n>ms) [Parameters=[@p='…']]",
        ),
        (
            ["fail: A.Handler[1]", "      An unhandled exception.", "      Npgsql.PostgresException (0x80004005): 42P01"],
            "fail: A.Handler: An unhandled exception. (Npgsql.PostgresException)",
        ),
        (
            ['2026-11-26 10:51:03.000 UTC [31] ERROR:  duplicate key value violates unique constraint "PK_Users"'],
            'ERROR:  duplicate key value violates unique constraint "…"',
        ),
        (
            ["2026/11/26 10:44:07 [error] 31#31: *17 connect() failed (111: Connection refused), client: 10.1.2.3"],
            "[error] connect() failed (<n>: Connection refused)",
        ),
        (
            ["ERROR 0HN8KQ2V7L3T1 to 10.0.0.7:5432 of 5f0c2a52-8a13-4f4e-9d0a-1d2a90a6b6b1"],
            "ERROR <id> to <address> of <id>",
        ),
        (["ERROR can't open 'a' nor 'b' of HTTP2, IPv4, db_books2"], "ERROR can't open '…' nor '…' of HTTP2, IPv4, db_books2"),
    ],
)
def test_signatures(lines: list[str], expected: str) -> None:
    assert signature(lines) == expected


def test_a_group_counts_from_first_to_last_and_shows_the_last() -> None:
    group = next(one for one in grouped(recorded_logs.NGINX).sorted_events() if one.level == "error")
    assert (group.count, group.first, group.last) == (2, "2026-11-26T10:44:00.003", "2026-11-26T10:44:00.004")
    assert "10.9.9.9" in group.example[0]


def test_errors_come_first_and_what_is_frequent() -> None:
    assert [(one.level, one.count) for one in grouped(recorded_logs.NGINX).sorted_events()] == [
        ("error", 2),
        ("warning", 1),
        ("warning", 1),
    ]


def test_requests_are_counted_by_what_they_ask_for() -> None:
    found = [(one.path, one.status, one.count, one.slowest) for one in grouped(recorded_logs.NGINX).sorted_requests()]
    assert found == [("/api/books/<id>", 502, 2, 0.003), ("/web/index.html", 500, 1, 0.0), ("/api/export", 200, 1, 4.25)]


def test_a_program_that_says_something_else_each_time_fills_no_memory() -> None:
    groups = Groups()
    for number in range(MOST + 50):
        words = "".join(chr(ord("a") + int(digit)) for digit in str(number))
        groups.add("web", Event("t", "error", [f"ERROR {words}"]))
    others = groups.events[("web", "error", OTHERS)]
    assert len(groups.events) == MOST + 1 and (others.count, others.said({})) == (50, OTHERS)


@pytest.mark.parametrize("secret", ["s3cret-0f-this-5erver", "k8Jz1'x\"9", "0123456789"])
def test_a_secret_with_digits_is_masked_before_they_are_folded(secret: str) -> None:
    report = Report()
    for number in range(2):
        report.groups.add("web", Event(str(number), "error", [f"ERROR {number} key {secret} is bad", f"  at {secret}"]))
    (event,) = report.to_dict({"any": secret})["events"]
    assert (event["signature"], event["example"]) == (f"ERROR <n> key {MASK} is bad", [f"ERROR 1 key {MASK} is bad", f"  at {MASK}"])


@pytest.mark.parametrize("path", ["/api/chats/5f0c2a52-8a13-4f4e-9d0a-1d2a90a6b6b1", "/api/chats/17"])
def test_ids_in_paths_are_folded(path: str) -> None:
    assert path_signature(path) == "/api/chats/<id>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "GET /hubs/chat?id=7&access_token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln HTTP",
            f"GET /hubs/chat?id=7&access_token={MASK} HTTP",
        ),
        ("GET /chat?access_token=opaque-1234&id=7", f"GET /chat?access_token={MASK}&id=7"),
        ("token was eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln.", f"token was {MASK}."),
        ("Host=db;Username=postgres;Password=hidden one;Database=x", f"Host=db;Username=postgres;Password={MASK};Database=x"),
        ("Authorization: Bearer 0123456789abcdef", f"Authorization: Bearer {MASK}"),
        ('{"phoneNumber":"+7","password":"p\'w"}', f'{{"phoneNumber":"+7","password":"{MASK}"}}'),
        ("postgres://app:geheim@db/x", f"postgres://app:{MASK}@db/x"),
        ("the stored one: s3cret-of-this-server", f"the stored one: {MASK}"),
        ("password authentication failed for user", "password authentication failed for user"),
    ],
)
def test_secrets_do_not_come_out(text: str, expected: str) -> None:
    assert masked(text, {"any": "s3cret-of-this-server"}) == expected
