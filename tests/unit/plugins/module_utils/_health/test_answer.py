# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers against expectations, without a network."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._health.answer import Answer, HttpCheck, check_answer, describe, difference

URL = "https://www.rare-books.ru/"


def validated(answer: dict[str, Any], expected: dict[str, Any]) -> str:
    came = {"status": 200, "headers": {}, "body": "", **answer}
    return check_answer(HttpCheck(URL, "probe", **expected), Answer(came["status"], came["headers"], came["body"].encode()))


@pytest.mark.parametrize(
    ("expected", "actual", "error"),
    [
        ({}, {"any": 1}, ""),
        ({"success": True}, {"success": True, "isInitialSetupNeeded": False}, ""),
        ({"success": True}, {"success": False}, "JSON success: expected true, got false"),
        ({"success": True}, {"success": 1}, "JSON success: expected true, got 1"),
        ({"count": 1}, {"count": True}, "JSON count: expected 1, got true"),
        ({"success": True}, {}, "JSON has no success"),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 1, "d": 2}}}, ""),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {}}}, "JSON has no a.b.c"),
        ({"a": {"b": 1}}, {"a": [1]}, 'JSON a: expected {"b": 1}, got [1]'),
        ({"a": None}, {"a": None}, ""),
        ({"a": None}, {}, "JSON has no a"),
        ({}, [], "JSON body: expected {}, got []"),
        ({"checks": [{"name": "database"}]}, {"checks": [{"name": "disk"}, {"name": "database", "ms": 1}]}, ""),
        (
            {"checks": [{"name": "database"}]},
            {"checks": [{"name": "disk"}]},
            'JSON checks has no item like {"name": "database"}',
        ),
        ({"checks": []}, {"checks": [1]}, ""),
    ],
)
def test_difference(expected: Any, actual: Any, error: str) -> None:
    assert difference(expected, actual) == error


@pytest.mark.parametrize(
    ("answer", "expected", "error"),
    [
        ({}, {}, ""),
        ({"status": 401}, {"status": [401, 403]}, ""),
        (
            {"status": 502, "body": "<html>\n<h1>Bad Gateway</h1>"},
            {},
            "status 502 instead of 200, body '<html> <h1>Bad Gateway</h1>'",
        ),
        ({"status": 200}, {"status": [401, 403]}, "status 200 instead of 401 or 403"),
        (
            {"status": 301, "headers": {"location": "https://x/"}},
            {},
            "status 301 to https://x/ instead of 200",
        ),
        ({"headers": {"location": URL}}, {"headers": {"location": URL}}, ""),
        (
            {"headers": {"location": URL + "a"}},
            {"headers": {"location": URL}},
            f"expected header location: {URL}, got {URL}a",
        ),
        ({}, {"headers": {"x-served-by": 7}}, "expected header x-served-by: 7, got no such header"),
        ({"headers": {"x-served-by": "7"}}, {"headers": {"x-served-by": 7}}, ""),
        (
            {"headers": {"content-type": "text/html"}, "body": "<!doctype html><title>Shop</title>"},
            {"json": {"success": True}},
            "expected JSON, got text/html '<!doctype html><title>Shop</title>'",
        ),
        ({"body": ""}, {"json": {}}, "expected JSON, got no type ''"),
        ({"body": '\ufeff{"success": true}'}, {"json": {"success": True}}, ""),
        ({"body": "<html>"}, {"body_contains": "<html"}, ""),
        ({"body": "<body>"}, {"body_contains": "<html"}, "expected a body with '<html', got '<body>'"),
        (
            {"body": "{}"},
            {"json": {"a": 1}, "headers": {"x": "y"}},
            "expected header x: y, got no such header; JSON has no a",
        ),
    ],
)
def test_judge_answer(answer: dict[str, Any], expected: dict[str, Any], error: str) -> None:
    assert validated(answer, expected) == error


def test_a_long_body_is_cut() -> None:
    assert len(validated({"status": 500, "body": "x" * 10_000}, {})) < 200


@pytest.mark.parametrize(
    "url",
    ["", "www.rare-books.ru/", "ftp://x/", "https://", "https:///path", "https://x:99999/", "https://x:port/", "http://x:0"],
)
def test_a_url_that_can_never_work_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"probe 'Shop': expected a URL like https://host"):
        HttpCheck(url, "Shop")


@pytest.mark.parametrize(("url", "port"), [("http://x/", 80), ("https://x", 443), ("https://x:8443/a", 8443)])
def test_port(url: str, port: int) -> None:
    assert HttpCheck(url, "probe").port == port


def test_describe_names_every_expectation() -> None:
    check = HttpCheck(URL, "p", status=(200, 204), headers={"x": "y"}, json={"ok": True}, body_contains="ok")
    assert describe(check) == """200 or 204, x: y, JSON with {"ok": true}, a body with 'ok'"""
    assert describe(HttpCheck(URL, "p", json={})) == "200, a JSON object"
