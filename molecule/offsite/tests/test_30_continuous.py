"""A database comes back as it was at a second, beside the live one, and in its place when told; what follows it survives a kill."""

from __future__ import annotations

import json

import server
from printed import exchange_time, restore_time
from support import wait_until
from terminal import type_in

STATE = "/var/lib/rarebooks.platform/continuous"
DATABASE = "maymessenger"


def sql(statement: str) -> str:
    return server.run("docker", "exec", "db_maymessenger", "psql", "-U", "postgres", "-d", DATABASE, "-Atc", statement).strip()


def has_base() -> bool:
    found = json.loads(server.run("sh", "-c", f"cat {STATE}/bases.json 2>/dev/null || echo '{{}}'"))
    return any(one.get("at") for one in found.get("databases", {}).get("db_maymessenger", {}).values())


def test_a_second_comes_back_beside_what_is_live_and_in_its_place_when_told() -> None:
    wait_until(has_base, "the base of the database to be in the repository", seconds=300)
    sql("CREATE TABLE kept AS SELECT generate_series(1, 7) n")
    moment = sql("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC' + '1 s', 'YYYY-MM-DD HH24:MI:SS+00')")
    wait_until(lambda: sql(f"SELECT clock_timestamp() > timestamptz '{moment}' + '1 s'") == "t", "the next second")
    sql("DELETE FROM kept; CREATE TABLE too_late (n int)")
    # Whatever is killed is there again, and lets no gap in.
    server.run("sh", "-c", "docker kill rarebooks-continuous-db_maymessenger; systemctl kill --signal=KILL rarebooks-continuous.service")
    done = type_in(restore_time(moment))
    assert done.code == 0, done.output
    said = " ".join(done.output.split())
    assert "public.kept: 0 now, 7 then" in said and "public.too_late: 0 now, no table then" in said
    assert sql("SELECT count(*) FROM kept") == "0", "the live one was not touched"
    assert type_in(exchange_time(DATABASE, moment.replace(" ", "T"))).code == 0
    assert sql("SELECT count(*) FROM kept") == "7"
    assert sql("SELECT to_regclass('too_late') IS NULL") == "t"
