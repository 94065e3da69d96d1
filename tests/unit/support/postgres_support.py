# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An engine in memory with a PostgreSQL, whose programs answer as they are told."""

from __future__ import annotations

import copy
from typing import Any

import memory_engine
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import Database
from memory_programs import END, Answer, Call, frame

__all__ = ["END", "INSPECTED", "IN_USE", "MISSING", "SECRET", "SHOP", "SNAPSHOT", "Answer", "Call", "Engine", "frame"]

SHOP = Database("db_shop", "shop", "keeper")
SECRET = "horse staple"
INSPECTED = {
    "Id": "4fdd",
    "Image": "sha256:15",
    "Config": {"Labels": {}, "Env": [f"POSTGRES_PASSWORD={SECRET}", "LANG=C.UTF-8", "ODD"]},
    "State": {"Status": "running", "ExitCode": 0},
}
MISSING = b'ERROR:  42P01: relation "x" does not exist\nLINE 1: SELECT ...\nLOCATION:  x.c:1\n'
IN_USE = b'ERROR:  55006: database "shop" is being accessed by other users\nDETAIL:  There is 1.\n'


# What every dump asks for beside its rows.
SURROUNDINGS = (
    Answer("SELECT b.rolname", b"keeper,keeper,15\n"),
    Answer("SELECT rolname FROM pg_roles\n", b"keeper\n"),
    Answer("pg_shdepend", b"keeper\nreader\n"),
    Answer("pg_dumpall", b"CREATE ROLE keeper;\nALTER ROLE keeper WITH SUPERUSER;\nCREATE ROLE reader;\nALTER ROLE reader WITH LOGIN;\n"),
    Answer("SELECT 0, format('CREATE DATABASE", b'0,"CREATE DATABASE :""target"" OWNER keeper"\n'),
)


class Engine(memory_engine.Engine):
    """An engine with a PostgreSQL or two; the first answer that fits is given, and given again."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__("/", *answers, *SURROUNDINGS)
        self.settings: dict[str, Any] = {}
        for name in ("db", SHOP.container):
            self.run(name, "postgres:15", "sha256:15", health="none")
            self.running[name] |= copy.deepcopy(INSPECTED)

    def make(self, name: str, image: str, labels: dict[str, str] | None = None, **settings: Any) -> dict[str, Any]:
        self.settings = {"image": image, "name": name, "labels": labels, **settings}
        return super().make(name, image, labels, **settings)

    @property
    def there(self) -> set[str]:
        """Return the containers besides those of the databases."""
        return self.running.keys() - {"db", SHOP.container}


SNAPSHOT = Answer("pg_export_snapshot", b'00000003-1B-1\npublic.Users,3\n"public.a,b",0\n' + END + b"\n")
