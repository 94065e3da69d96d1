# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A copy on which a new version is tried is a database as the app has it, who may do little in it and knows nothing of the rest."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import docker
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import proof
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import Database, query
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.dump import dump
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.helper import MOUNT, wait_until_ready
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.programs import run_program

sys.path.insert(0, os.path.dirname(__file__))
from lab import DATABASE, IMAGE, LABELS, NAME, PASSWORD, bare

# Nothing of this is in a dump but the table.
OF_AN_APP = """
CREATE ROLE app LOGIN PASSWORD 'of the app';
CREATE SCHEMA books AUTHORIZATION app;
CREATE TABLE books.book AS SELECT generate_series(1, 1000) AS id;
ALTER TABLE books.book OWNER TO app;
ALTER DATABASE shop OWNER TO app;
ALTER DATABASE shop SET search_path TO books;
"""
LOGIN = (
    """PGPASSWORD='of the app' psql -h "$(hostname -i)" -U app -d shop -Atc 'ALTER TABLE book ADD title text; SELECT count(*) FROM book'"""
)


def test_an_app_finds_there_what_it_has(tmp_path: Path) -> None:
    client = docker.from_env()
    with bare(client, f"{NAME}-of-an-app") as source:
        query(client, source, OF_AN_APP)
        app = Database(source.container, source.name, "app")
        made = dump(client, app, str(tmp_path), labels=LABELS)
        environment = {"POSTGRES_USER": DATABASE.user, "POSTGRES_PASSWORD": PASSWORD, "POSTGRES_DB": source.name}
        volumes = [f"{tmp_path / made.file}:{MOUNT}:ro"]
        name = f"{NAME}-copy"
        container = client.containers.run(IMAGE, name=name, detach=True, environment=environment, labels=LABELS, volumes=volumes)
        try:
            wait_until_ready(client, name, DATABASE.user)
            # As a script of the image does, which runs in an empty database.
            query(client, Database(name, source.name, DATABASE.user), "CREATE SCHEMA books; CREATE TABLE books.book (id int)")
            proof.fill(client, Database(name, source.name, "app"), made, str(tmp_path), "copy")
            estimated = "SELECT reltuples FROM pg_class WHERE relname = 'book'"
            assert query(client, Database(name, source.name, "app"), estimated) == [["1000"]]
            assert run_program(client, name, ["sh", "-c", LOGIN]).stdout == b"ALTER TABLE\n1000\n"
        finally:
            container.remove(force=True, v=True)
