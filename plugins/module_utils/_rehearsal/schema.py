# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a new version made of a database's schema, from PostgreSQL's own catalogs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._postgres.client import Database, query

if TYPE_CHECKING:
    from docker import DockerClient

# Each column of each table with its type; a table stands for itself with an empty column, since it may have none.
_COLUMNS = """
SELECT format('%I.%I', nspname, relname), coalesce(quote_ident(attname), ''), coalesce(format_type(atttypid, atttypmod), '')
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped
 WHERE relkind IN ('r', 'p') AND nspname NOT IN ('pg_catalog', 'information_schema')"""
_SHOWN = 8

Schema = Mapping[tuple[str, str], str]


def read(client: DockerClient, database: Database) -> Schema:
    """Return the type of each column by table and name."""
    found = {(table, column): kind for table, column, kind in query(client, database, _COLUMNS)}
    return {**{(table, ""): "" for table, _column in found}, **found}


@dataclass(frozen=True)
class Change:
    """What differs between two schemas: tables and columns by name, a table that is new or gone without its columns."""

    added: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    other: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = {"new": self.added, "gone": self.gone, "of another type": self.other}
        return "; ".join(f"{what}: {_listed(names)}" for what, names in parts.items() if names) or "no table or column differs"

    @property
    def breaks(self) -> bool:
        """Say whether the version of before may miss something."""
        return bool(self.gone or self.other)


def difference(before: Schema, after: Schema) -> Change:
    """Compare two schemas."""
    other = [".".join(key) for key in before.keys() & after.keys() if before[key] != after[key]]
    return Change(_names(after, before), _names(before, after), tuple(sorted(other)))


def _names(these: Schema, those: Schema) -> tuple[str, ...]:
    """Return the tables and columns of the first that the second has not."""
    tables = {table for table, column in these if not column and (table, "") not in those}
    columns = {f"{table}.{column}" for table, column in these.keys() - those.keys() if column and table not in tables}
    return tuple(sorted(tables | columns))


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
