# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A PostgreSQL with everything that makes dumps difficult, and a client that never stops writing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import docker
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import SESSION, Database, psql, query
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.programs import run_program, started

IMAGE = "postgres:15"
NAME = "rarebooks-scratch-lab"
PASSWORD = "one-that-must-not-be-shown"
LABELS = {"rarebooks.test": "postgres"}
DATABASE = Database(NAME, "shop", "shopkeeper")

CONTENT = r"""
CREATE ROLE librarian;
CREATE TABLE "__EFMigrationsHistory" ("MigrationId" text PRIMARY KEY, "ProductVersion" text);
INSERT INTO "__EFMigrationsHistory" VALUES ('20250101000000_First', '8'), ('20260203000000_Second', '8');
CREATE TABLE "Users" (id serial PRIMARY KEY, name text UNIQUE, secret text);
INSERT INTO "Users" (name, secret) SELECT 'reader ' || i, md5(i::text) FROM generate_series(1, 1000) i;
INSERT INTO "Users" (name) VALUES (E'a|b,"c"\nd\\e'), (NULL);
CREATE SCHEMA "архив";
CREATE TABLE "архив"."Книги" (id int PRIMARY KEY, "Название" text);
INSERT INTO "архив"."Книги" VALUES (1, 'Мёртвые души'), (2, '書');
CREATE TABLE "od""d 'table' \ % $" (id int);
INSERT INTO "od""d 'table' \ % $" VALUES (1);
CREATE TABLE empty (id int);
CREATE TABLE to_be_dropped (id int);
INSERT INTO to_be_dropped VALUES (1), (2);
CREATE TABLE sale (day date, pounds int) PARTITION BY RANGE (day);
CREATE TABLE sale_2025 PARTITION OF sale FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE sale_2026 PARTITION OF sale FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO sale SELECT '2025-12-01'::date + i, i FROM generate_series(0, 59) i;
CREATE TABLE parent (id int);
CREATE TABLE heir (more int) INHERITS (parent);
INSERT INTO parent VALUES (1);
INSERT INTO heir VALUES (2, 2), (3, 3);
CREATE UNLOGGED TABLE cache (id int);
INSERT INTO cache VALUES (1);
CREATE TABLE shelved (id int);
INSERT INTO shelved VALUES (1), (2);
ALTER TABLE shelved OWNER TO librarian;
ALTER TABLE shelved ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON shelved TO librarian USING (id = 1);
GRANT SELECT ON "Users" TO librarian;
CREATE MATERIALIZED VIEW stale AS SELECT count(*) AS n FROM "Users";
SELECT lo_from_bytea(0, 'a large object');
ALTER DATABASE shop SET search_path TO "$user", public, "архив";
ALTER DATABASE shop SET timezone TO 'Europe/London';
ALTER ROLE librarian IN DATABASE shop SET work_mem TO '8MB';
REVOKE CONNECT ON DATABASE shop FROM PUBLIC;
GRANT CONNECT ON DATABASE shop TO librarian;
-- Limits that an administrator may set, and that must not end a dump.
ALTER ROLE shopkeeper SET statement_timeout TO '20ms';
ALTER ROLE shopkeeper SET idle_in_transaction_session_timeout TO '20ms';
CREATE TABLE visit (id serial, at timestamptz DEFAULT clock_timestamp())
"""

TABLES = {
    "public.__EFMigrationsHistory": 2,
    "public.Users": 1002,
    "архив.Книги": 2,
    "public.od\"d 'table' \\ % $": 1,
    "public.empty": 0,
    "public.to_be_dropped": 2,
    "public.sale_2025": 31,
    "public.sale_2026": 29,
    "public.parent": 1,
    "public.heir": 2,
    "public.cache": 1,
    "public.shelved": 2,
}

_WRITER = """
CREATE TEMPORARY TABLE nobody_elses (id int);
SELECT 'writing';
DO $$ BEGIN LOOP INSERT INTO visit DEFAULT VALUES; COMMIT; END LOOP; END $$;
"""
_END_WRITER = """
SELECT pg_terminate_backend(pid, 9000) FROM pg_stat_activity WHERE query LIKE '%visit DEFAULT%' AND datname = 'shop'"""


@contextmanager
def running(client: docker.DockerClient) -> Iterator[None]:
    """Run the laboratory."""
    remove(client)
    with bare(client, NAME):
        query(client, DATABASE, CONTENT)
        yield


@contextmanager
def bare(client: docker.DockerClient, name: str, user: str = DATABASE.user, image: str = IMAGE) -> Iterator[Database]:
    """Run a PostgreSQL as its image makes it."""
    command = ["postgres", "-c", "fsync=off", "-c", "max_prepared_transactions=2", "-c", "log_statement=ddl"]
    environment = {"POSTGRES_USER": user, "POSTGRES_PASSWORD": PASSWORD, "POSTGRES_DB": DATABASE.name}
    container = client.containers.run(image, command, name=name, detach=True, environment=environment, labels=LABELS)
    try:
        deadline = time.monotonic() + 30
        while run_program(client, name, ["pg_isready", "-h", "127.0.0.1"]).code != 0:
            assert time.monotonic() < deadline, container.logs().decode()
            time.sleep(0.1)
        yield Database(name, DATABASE.name, user)
    finally:
        if name == NAME:
            remove(client)
        else:
            container.remove(force=True, v=True)


def remove(client: docker.DockerClient) -> None:
    """Remove the laboratory, and what a run that was killed or failed left beside it."""
    for container in client.containers.list(all=True, filters={"label": "rarebooks.test=postgres"}):
        container.remove(force=True, v=True)


@contextmanager
def writing(client: docker.DockerClient) -> Iterator[None]:
    """Let a client insert row after row, each in a transaction of its own, as fast as it can."""
    with started(client, NAME, psql(DATABASE), SESSION) as program:
        program.send(b"\n" + _WRITER.encode())
        for _complaint, chunk in program.frames():
            if chunk == b"writing\n":
                break
        try:
            yield
        finally:
            assert query(client, DATABASE, _END_WRITER, dbname="postgres") == [["t"]]


def containers(client: docker.DockerClient) -> set[str]:
    """Return what is there besides the laboratory."""
    found = client.containers.list(all=True, filters={"label": "rarebooks.test=postgres"})
    return {str(container.name) for container in found} - {NAME}
