# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a migration locks is seen in a real PostgreSQL: for how long, against whom, and nothing that nobody would notice."""

from __future__ import annotations

import os
import sys
import time

import docker
import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import query
from ansible_collections.rarebooks.platform.plugins.module_utils._rehearsal import locks

sys.path.insert(0, os.path.dirname(__file__))
from lab import NAME, bare

TABLES = 'CREATE TABLE "Order" (id int); CREATE TABLE book (id int); CREATE TABLE author (id int); CREATE TABLE reader (id int)'
MIGRATION = """
BEGIN; CREATE INDEX ON book (id); CREATE TABLE added (id int); SELECT pg_sleep(1.5); COMMIT;
BEGIN; LOCK author IN ROW EXCLUSIVE MODE; LOCK "Order"; SELECT pg_sleep(2.5); COMMIT;
ALTER TABLE reader ADD name text
"""


def test_what_a_migration_locks_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    client = docker.from_env()
    with bare(client, f"{NAME}-locked") as database:
        query(client, database, TABLES)
        with locks.followed(client, database) as held:
            query(client, database, MIGRATION)
        assert list(held.reading) == ['public."Order"'] and list(held.writing) == ["public.book"]
        assert 2 <= held.reading['public."Order"'] <= 3.5 and 1 <= held.writing["public.book"] <= 2.5
        assert str(held).startswith('public."Order" from reading and writing for ')
        assert ", public.book from writing for " in str(held)


def test_it_ends_with_its_database() -> None:
    client = docker.from_env()
    with bare(client, f"{NAME}-gone") as database, locks.followed(client, database) as held:
        client.containers.get(database.container).kill()
        began = time.monotonic()
    assert time.monotonic() - began < 10
    assert str(held) == ""
