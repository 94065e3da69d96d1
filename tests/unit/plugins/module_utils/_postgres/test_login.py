"""A login as the app makes it, asked of Docker's command line."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.login import DatabaseContainer, complaint, find

CONTAINER = DatabaseContainer("db", "running", "postgres", "secret", "172.19.0.2", frozenset({"db_data"}))
SHOWN: dict[str, Any] = {
    "status": "running",
    "environment": ["PATH=/bin", "POSTGRES_PASSWORD=secret"],
    "networks": {"one": {"IPAddress": "172.19.0.2"}, "two": {"IPAddress": "172.20.0.2"}},
    "mounts": [{"Type": "volume", "Name": "db_data"}, {"Type": "bind", "Source": "/etc/hosts"}],
}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, CONTAINER),
        ({"environment": ["POSTGRES_PASSWORD=a=b=c"]}, replace(CONTAINER, password="a=b=c")),
        ({"environment": ["POSTGRES_USER=shop"]}, replace(CONTAINER, user="shop", password="")),
        # A stopped one has no address, one with the host's network no networks of its own.
        (
            {"status": "exited", "networks": {"one": {"IPAddress": ""}}},
            DatabaseContainer("db", "exited", "postgres", "secret", "", CONTAINER.volumes),
        ),
        (
            {"environment": None, "networks": None, "mounts": None},
            DatabaseContainer("db", "running", "postgres", "", "", frozenset()),
        ),
    ],
)
def test_what_the_engine_shows(facts: dict[str, Any], expected: DatabaseContainer) -> None:
    assert find(lambda *_arguments, **_options: (0, json.dumps({**SHOWN, **facts}), ""), "db") == expected


def test_no_container() -> None:
    assert find(lambda *_arguments, **_options: (1, "", "No such container: db"), "db") is None


def test_a_password_is_not_shown_by_its_container() -> None:
    assert "secret" not in repr(CONTAINER)


def test_the_login_comes_over_the_network_and_its_password_in_the_environment() -> None:
    asked: dict[str, Any] = {}

    def run(argv: list[str], **options: Any) -> tuple[int, str, str]:
        asked.update(argv=argv, **options)
        return 0, "1", ""

    assert complaint(run, CONTAINER, "shop", "Shop Books", "secret") == ""
    assert (
        asked["environ_update"].items()
        >= {
            "PGHOST": "172.19.0.2",
            "PGUSER": "shop",
            "PGDATABASE": "Shop Books",
            "PGPASSWORD": "secret",
        }.items()
    )
    assert "secret" not in " ".join(asked["argv"])
    named = [name for word, name in pairwise(asked["argv"]) if word == "--env"]
    assert named == list(asked["environ_update"])


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("psql: error: one\nFATAL:  two\n", "FATAL:  two"),
        ("", "exit code 2"),
    ],
)
def test_why_it_failed(error: str, expected: str) -> None:
    assert complaint(lambda *_arguments, **_options: (2, "", error), CONTAINER, "postgres", "Shop", "x") == expected
