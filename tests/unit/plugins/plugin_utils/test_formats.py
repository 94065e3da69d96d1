"""What may enter nginx, Compose, PostgreSQL and a container's environment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Database, Source
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _formats

APP = App(name="chat", title="Chat", containers=(), certificate="chat.example.org")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("size", ["50m", "1G", "0", "1048576", "8k"]),
        (
            "image",
            [
                "nginx",
                "nginx:1.28",
                "postgres@sha256:" + "a" * 64,
                "docker.io/library/postgres:15",
                "r.example.org:5000/a/b__c:x-1",
                "localhost/a",
                "nginx:1.28@sha256:" + "0" * 64,
                "Registry.example.org/shop",
            ],
        ),
        ("name", ["db_books_data", "rare-books.ru"]),
        ("project", ["rarebooksdokploy", "a-b_1"]),
        ("path", ["/opt/rarebooks", "/audio/", "/root/RareBooksDokploy", "/"]),
        ("time", ["3600s", "1d", "60", "900ms", "1M"]),
        ("prefix", ["/audio/", "/uploads/audio/", "/a.b/c~+@-/"]),
        ("directory", ["MayMessenger/backend", "_may_messenger_backend", "cache", "nginx-client", "apps/nginx", "profiles", "apps/files"]),
        ("user", ["postgres", "app_user", "app@tenant"]),
        ("port", [1, 443, "8443", 65535]),
        ("network", ["192.0.2.7", "10.0.0.0/8", "2001:db8::/32", "::1"]),
    ],
)
def test_what_may_be(kind: str, values: list[Any]) -> None:
    assert [problem for value in values for problem in _formats.problems({kind: {"x": value}})] == []


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("size", ["1m; location /x { return 200; }", "50 m", "", "m", "50mb", "1m\n", "$x"]),
        ("image", ["x y", "", "nginx:", ":1", "nginx\n", "nginx:$TAG", "nginx: {a: b}", "-nginx", "https://r.example.org/a", "Nginx"]),
        ("name", ["a b", "", "../x", "a;b", "a/b", "-a", "a\n"]),
        ("project", ["RareBooks", "a.b", "", "a b"]),
        ("path", ["opt/rarebooks", "/x/ {}", "/a b", "/$HOME", "", "/a:/b", "/x;", "/a\n"]),
        ("time", ["1d; location /x { return 200; }", "1 d", "", "d", "1day", "1d\n", "$x", "-1"]),
        ("prefix", ["/audio", "audio/", "/", "//", "/a b/", "/$x/", "/(a)/", "", "/a//b/", "/a/\n"]),
        (
            "directory",
            [
                "/opt",
                "..",
                "a/../b",
                ".recovery",
                "nginx",
                "env/x",
                "backups/",
                "a/",
                "",
                "a b",
                "compose\n",
                "a/.b",
                "files",
                "letsencrypt/x",
                "logs",
            ],
        ),
        ("user", ["pa$word", "a;b", "", "a b", "a=b", "a'b"]),
        ("port", [0, 65536, "-1"]),
        ("network", ["10.0.0.1/8", "all", "", "10.0.0.0/8; allow all", "10.0.0.0/33", "example.org"]),
    ],
)
def test_what_may_not_be(kind: str, values: list[Any]) -> None:
    for value in values:
        (problem,) = _formats.problems({kind: {"chat_x": value}})
        assert problem.startswith("chat_x: expected ") and ", got " in problem


def test_variables_of_a_container_are_named_by_variable_and_key() -> None:
    given = {"A": 1350, "B": True, "C": 1.1, "E": ["a", "b"], "F": None, "Logging:LogLevel": "x", "A B": "x", "N": "\0", "G": "22:30"}
    assert _formats.problems({"environment": {"chat_extra_environment": given}}) == [
        "chat_extra_environment: A: expected a text, got a number. Put it in quotes.",
        "chat_extra_environment: B: expected a text, got a truth value. Put it in quotes.",
        "chat_extra_environment: C: expected a text, got a number. Put it in quotes.",
        "chat_extra_environment: E: expected a text, got a list. Put it in quotes.",
        "chat_extra_environment: F: expected a text, got nothing. Put it in quotes.",
        "chat_extra_environment: Logging:LogLevel: expected a name of letters, digits and _.-, got another character. "
        "Write Logging__LogLevel, which ASP.NET reads as Logging:LogLevel.",
        "chat_extra_environment: A B: expected a name of letters, digits and _.-, got another character.",
        "chat_extra_environment: N: expected a text without NUL characters, which no container's environment can hold.",
    ]


def test_an_app_s_own_values_are_checked_once_by_the_variable_where_that_is_known() -> None:
    database = Database(container="db", name="d", user="a;b")
    app = replace(
        APP,
        images=("a b", "c d", "a b"),
        source=Source(src="a", checksum="", dest="files", image="c", required=(), max_entries=1, max_size=1, max_ratio=1),
        volumes=("x/y",),
        databases=(database, database),
        formats={"image": {"chat_image": "a b"}},
    )
    assert [problem.partition(": expected")[0] for problem in _formats.app_problems([app])] == [
        "chat_image",
        "Chat: image",
        "Chat: volume",
        "Chat: database user",
        "Chat: source",
    ]
    assert _formats.app_problems([APP]) == []


def test_a_format_that_does_not_exist_is_the_app_s_fault() -> None:
    (problem,) = _formats.problems({"siez": {"chat_size": "1m"}})
    assert problem.startswith("chat_size: expected one of the formats size, ") and problem.endswith("got siez.")
