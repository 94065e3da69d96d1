"""The table of requests asks for everything that either configuration has, by methods that change nothing."""

from __future__ import annotations

import pytest
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _nginx_requests
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_requests import UNKNOWN_HOST, UNKNOWN_PATH
from nginx_support import by_hand, http, release


def test_each_host_is_asked_for_each_path_of_both_configurations() -> None:
    current = http("server { listen 443 ssl; server_name a.ru; location /x/ { } location ~ ^/y/(a|b)/ { } }")
    table = _nginx_requests.table(current, http("server { server_name a.ru b.ru _; location = /z { } }"))
    asked = {(one["scheme"], one["host"], one["path"]) for one in table if one["method"] == "GET"}
    both = {("https", "a.ru", path) for path in ("/", UNKNOWN_PATH, "/x/", "/y/a/", "/z")}
    assert asked == {
        *both,
        *(("http", host, path) for _scheme, host, path in both),
        *(("http", "b.ru", path) for path in ("/", UNKNOWN_PATH, "/z")),
        ("http", UNKNOWN_HOST, "/"),
        ("https", UNKNOWN_HOST, "/"),
    }


def test_the_most_telling_come_first_and_none_changes_anything() -> None:
    methods = [one["method"] for one in _nginx_requests.table(by_hand("month_later.conf"), release())]
    assert methods == sorted(methods, key=["GET", "HEAD", "OPTIONS"].index) and set(methods) == {"GET", "HEAD", "OPTIONS"}
    assert len(methods) < 400


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/a/", "/a/"),
        ("= /a", "/a"),
        ("~ ^/api/(setup|test|setupcheck)/", "/api/setup/"),
        ("~ ^/uploads/audio/(.+)$", "/uploads/audio/x"),
        ("~* \\.(jpg|png)$", "/x.jpg"),
        ("~ ^/v[0-9]+/(?<name>[^/]+)/(?:a|b)$", "/v0/x/a"),
        ("~ /\\.(?!well-known)", "/."),
        ("~ ^/(a(b|c))\\d{2}$", ""),
        ("~ ^/a((b|c)|d)+/x?$", "/ab/x"),
        ("~ (", ""),
    ],
)
def test_a_path_is_made_up_for_each_location(location: str, path: str) -> None:
    modifier, _blank, rest = location.rpartition(" ")
    server = http(f'server {{ location {modifier} "{rest}" {{ }} }}').servers[0]
    assert _nginx_requests.example(server.locations[0]) == path


@pytest.mark.parametrize(("name", "host"), [("*.a.ru", "any.a.ru"), (".a.ru", "a.ru")])
def test_of_names_for_many_hosts_one_is_asked(name: str, host: str) -> None:
    assert _nginx_requests.table(http(f"server {{ server_name {name}; }}"), http(""))[0]["host"] == host


def test_hosts_of_regular_expressions_are_left_out() -> None:
    table = _nginx_requests.table(http("server { server_name ~^a localhost _; }"), http(""))
    assert {one["host"] for one in table} == {UNKNOWN_HOST}
