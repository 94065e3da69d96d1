# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Giving the user of a real PostgreSQL 15 another password: what it keeps, whom it lets in, and what it writes into its log."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import docker
import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base.command import execute
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import login, password
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import query

sys.path.insert(0, os.path.dirname(__file__))
from lab import DATABASE, NAME, PASSWORD, running


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    client = docker.from_env(version="auto")
    with running(client):
        # Everything that a careless administrator may have it write.
        query(client, DATABASE, "ALTER SYSTEM SET log_statement = 'all'; SELECT pg_reload_conf()")
        yield client
    client.close()


def run_command(argv: list[str], environ_update: dict[str, str] | None = None, **_options: object) -> tuple[int, str, str]:
    return execute(argv, environ_update)


def lets_in(value: str) -> bool:
    container = login.find(run_command, NAME)
    assert container is not None
    return login.complaint(run_command, container, DATABASE.user, DATABASE.name, value) == ""


@pytest.mark.parametrize("value", ["another", "пароль № ①", "a\u00adb \u2000 $'\"\\;", "\u0627\u0031"])
def test_the_new_one_lets_in_and_the_old_one_does_not(client: docker.DockerClient, value: str) -> None:
    kept = password.stored(client, DATABASE)
    assert kept
    password.give(client, DATABASE, value, kept)
    kept = password.stored(client, DATABASE)
    assert kept and password.opens(kept, DATABASE.user, value) and not password.opens(kept, DATABASE.user, PASSWORD)
    assert lets_in(value) and not lets_in(PASSWORD)
    log = client.containers.get(NAME).logs().decode()
    assert value not in log and "SCRAM-SHA-256" not in log


@pytest.mark.parametrize("encryption", ["md5", "scram-sha-256"])
def test_what_it_made_itself_is_recognised_and_keeps_its_form(client: docker.DockerClient, encryption: str) -> None:
    query(client, DATABASE, f"SET password_encryption = '{encryption}'; ALTER ROLE shopkeeper PASSWORD 'made by itself'")
    kept = password.stored(client, DATABASE)
    assert kept and password.opens(kept, DATABASE.user, "made by itself") and not password.opens(kept, DATABASE.user, "another")
    password.give(client, DATABASE, "another", kept)
    now = password.stored(client, DATABASE)
    assert now and now[:3] == kept[:3] and password.opens(now, DATABASE.user, "another")
