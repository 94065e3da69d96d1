"""PostgreSQL in containers of an engine in memory: it knows the statements that we send, and nothing else."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from memory_engine import Engine
from memory_programs import END, Answer, Call

PREFIX = "rarebooks-scratch-"


@dataclass
class Content:
    """One database: its number, its rows by table, all that were ever written to it, and the version of its schema."""

    oid: int
    tables: dict[str, int] = field(default_factory=dict)
    written: int = 0
    schema: str = ""
    # Whether no connection to it is possible.
    damaged: bool = False


class Postgres:
    """The databases by container and name. A helper beside a container reaches that container's."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.clusters: dict[str, dict[str, Content]] = {}
        # What it keeps of the password of its user, by container.
        self.kept: dict[str, str] = {}
        # Roles whose right password is refused.
        self.locked_out: list[str] = []
        # Words of a statement that is refused, with what psql puts into it in the place of names.
        self.refuses = ""
        self._made = 0
        engine.programs.append(self)

    def create(self, container: str, name: str, schema: str = "", **tables: int) -> Content:
        """Make a database with so many rows in its tables."""
        self._made += 1
        content = Content(10 + self._made, {f"public.{table}": rows for table, rows in tables.items()}, sum(tables.values()), schema)
        self.clusters.setdefault(container, {})[name] = content
        return content

    def write(self, container: str, name: str, table: str, rows: int = 1) -> None:
        """Write rows as an app does."""
        content = self.clusters[container][name]
        content.tables[f"public.{table}"] = content.tables.get(f"public.{table}", 0) + rows
        content.written += rows

    def __call__(self, call: Call) -> Answer | None:
        program = call.argv[0]
        if program not in ("psql", "pg_isready", "pg_dump", "pg_dumpall", "pg_restore"):
            return None
        container = call.container
        for purpose in ("restore-", "dump-"):
            container = container.removeprefix(PREFIX + purpose)
        cluster = self.clusters.setdefault(container, {})
        if program == "pg_isready":
            return Answer("")
        if program == "pg_dumpall":
            return Answer("", b"-- Roles\nCREATE ROLE keeper;\nALTER ROLE keeper WITH SUPERUSER LOGIN;\n")
        name = call.argv[call.argv.index("-d") + 1].removeprefix("dbname='").removesuffix("'")
        if name in cluster and cluster[name].damaged:
            return Answer("", b"", 2, b'FATAL:  could not open file "base/11/pg_filenode.map"\n')
        if program == "pg_dump":
            return Answer("", json.dumps(asdict(cluster[name])).encode())
        if program == "pg_restore":
            mount = self.engine.running[call.container]["HostConfig"]["Mounts"][0]["Source"]
            dumped = json.loads(Path(mount).read_bytes())
            cluster[name].tables, cluster[name].schema = dumped["tables"], dumped["schema"]
            cluster[name].written = sum(dumped["tables"].values())
            return Answer("")
        variables = dict(word.split("=", 1) for at, word in enumerate(call.argv) if at and call.argv[at - 1] == "-v")
        if self.refuses and self.refuses in call.input.replace(':"target"', f'"{variables.get("target")}"'):
            return Answer("", b"", 3, b"ERROR:  42501: must be owner\n")
        if "pg_hba_file_rules" in call.input:
            return Answer("", table_of((one,) for one in self.locked_out))
        if "FROM pg_authid" in call.input:
            return Answer("", table_of([(self.kept.get(container, ""),)]))
        if "PASSWORD '" in call.input:
            self.kept[container] = call.input.rsplit("PASSWORD '", 1)[1].split("'")[0]
            return Answer("")
        return self._psql(cluster, name, call.input.strip().rstrip(";").strip(), variables)

    def _psql(self, cluster: dict[str, Content], name: str, sql: str, names: dict[str, str]) -> Answer:
        """Answer the statements; one that is not known is an error of the test."""
        here = cluster.get(name, Content(0))
        counted = sorted((table, str(rows)) for table, rows in here.tables.items())
        if "pg_export_snapshot" in sql:
            return Answer("", b"00000003-1B-1\n" + table_of(counted) + END + b"\n")
        if "query_to_xml" in sql:
            return Answer("", table_of(counted))
        if sql.startswith("SELECT oid, datname"):
            return Answer("", table_of((str(one.oid), each) for each, one in cluster.items()))
        if "pg_stat_user_tables" in sql:
            return Answer("", table_of([(str(here.written),)]))
        if "pg_control_system" in sql:
            return Answer("", table_of([("7000", str(here.written), str(here.written))]))
        if "pg_database_size" in sql:
            return Answer("", b"7500000\n")
        if '"MigrationId"' in sql:
            return Answer("", table_of([(here.schema,)] if here.schema else []))
        if "'CREATE DATABASE " in sql:
            return Answer("", table_of([("0", 'CREATE DATABASE :"target"')]))
        if sql.startswith("SELECT b.rolname"):
            return Answer("", b"keeper,keeper,15\n")
        if sql.startswith("SELECT rolname"):
            return Answer("", b"keeper\n")
        if "pg_shdepend" in sql:
            return Answer("", b"keeper\n")
        self._change(cluster, sql, names)
        return Answer("", b"1\n" if sql == "SELECT 1" else b"")

    def _change(self, cluster: dict[str, Content], sql: str, names: dict[str, str]) -> None:
        known = ("CREATE ROLE", "ALTER ROLE", "pg_db_role_setting", "ANALYZE", "SELECT 1", "pg_terminate_backend", "ALLOW_CONNECTIONS")
        if sql.endswith('CREATE DATABASE :"target"'):
            self._made += 1
            cluster[names["target"]] = Content(10 + self._made)
        elif 'RENAME TO :"aside"' in sql:
            cluster[names["aside"]] = cluster.pop(names["live"])
            cluster[names["live"]] = cluster.pop(names["incoming"])
        elif 'RENAME TO :"new"' in sql:
            cluster[names["new"]] = cluster.pop(names["old"])
        elif "DROP DATABASE" in sql:
            cluster.pop(names["target"], None)
        else:
            assert any(words in sql for words in known), sql


def table_of(rows: Iterable[tuple[str, ...]]) -> bytes:
    """Return rows as psql writes them."""
    output = io.StringIO()
    csv.writer(output, lineterminator="\n").writerows(rows)
    return output.getvalue().encode()
