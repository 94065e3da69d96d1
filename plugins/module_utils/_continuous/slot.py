# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The replication slot by which a database keeps its log until it was received, and the bound of that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._postgres.client import Database, DatabaseError, query
from .settings import MIB, SLOT

if TYPE_CHECKING:
    from docker import DockerClient

LOST = "lost"
_READ = """
SELECT (SELECT system_identifier FROM pg_control_system()), pg_current_wal_lsn(), coalesce(s.wal_status, ''),
       coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn), 0)::bigint, s.slot_name IS NOT NULL,
       (SELECT setting FROM pg_settings WHERE name = 'max_slot_wal_keep_size'), current_setting('wal_level'),
       (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size'), coalesce(s.active, false), s.restart_lsn
  FROM (SELECT 1) one LEFT JOIN pg_replication_slots s ON s.slot_name = :'slot'"""
_CREATE = "SELECT pg_create_physical_replication_slot(:'slot', true)"
_DROP = """
SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots WHERE slot_name = :'slot' AND active;
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = :'slot'"""
_OURS = "SELECT setting FROM pg_file_settings WHERE name = 'max_slot_wal_keep_size' AND sourcefile LIKE '%postgresql.auto.conf'"
UNBOUNDED = "-1"


@dataclass(frozen=True)
class Cluster:
    """A database cluster as it is now. Slot is PostgreSQL's word for what it keeps for us, nothing where there is no slot.

    Active says whether somebody receives by it, received until where.
    """

    id: str
    lsn: str
    slot: str
    lag: int
    segment: int
    active: bool = False
    received: str = ""


def read(client: DockerClient, database: Database) -> Cluster:
    """Return how a cluster is."""
    return _parsed(_asked(client, database))


def ensure(client: DockerClient, database: Database, bound: int) -> Cluster:
    """Have a bounded slot, a new one in the place of a lost one."""
    answer = _asked(client, database)
    if answer[6] == "minimal":
        advice = "Set wal_level to replica in its configuration and restart it, or set stack_continuous: false."
        raise DatabaseError(str(database), "its log cannot be followed", "wal_level replica or logical", answer[6], advice)
    if answer[5] == UNBOUNDED:
        # What somebody set otherwise is a bound as well.
        query(client, database, f"ALTER SYSTEM SET max_slot_wal_keep_size = '{bound // MIB}MB';\nSELECT pg_reload_conf()")
    lost = answer[2] == LOST
    if lost:
        drop(client, database)
    if lost or answer[4] != "t":
        query(client, database, _CREATE, slot=SLOT)
        answer = _asked(client, database)
    return _parsed(answer)


def drop(client: DockerClient, database: Database) -> None:
    """Let the database keep nothing any more."""
    query(client, database, _DROP, slot=SLOT)


def release(client: DockerClient, database: Database, bound: int) -> None:
    """Remove the slot and, where it is ours, its bound: the database is as it was."""
    drop(client, database)
    if query(client, database, _OURS) == [[f"{bound // MIB}MB"]]:
        query(client, database, "ALTER SYSTEM RESET max_slot_wal_keep_size;\nSELECT pg_reload_conf()")


def _asked(client: DockerClient, database: Database) -> list[str]:
    return query(client, database, _READ, slot=SLOT)[0]


def _parsed(answer: list[str]) -> Cluster:
    return Cluster(answer[0], answer[1], answer[2], int(answer[3]), int(answer[7]), answer[8] == "t", answer[9])
