# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How far a PostgreSQL has written, by its own count: a clock can be set back, and transactions are numbered in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from .client import Database, query

if TYPE_CHECKING:
    from docker import DockerClient

# By their older names, which each supported version knows, also one that is being recovered. All before xmin have ended; xmax is the
# number after the last one that has.
_ASK = """
SELECT system_identifier, txid_snapshot_xmin(txid_current_snapshot()), txid_snapshot_xmax(txid_current_snapshot()) FROM pg_control_system()
"""


@dataclass(frozen=True)
class Position:
    """A point in the history of a cluster: what ended before the first transaction is in, what begins at the next one is not."""

    cluster: str
    first: int
    next: int

    @classmethod
    def of(cls, client: DockerClient, database: Database) -> Position:
        """Return where a database is now."""
        ((cluster, first, following),) = query(client, database, _ASK)
        return cls(cluster, int(first), int(following))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Position:
        """Return what a manifest says."""
        return cls(str(data["cluster"]), int(data["first"]), int(data["next"]))

    def to_dict(self) -> dict[str, Any]:
        """Return it for a manifest."""
        return asdict(self)

    def may_be_beyond(self, other: Position) -> bool:
        """Tell whether something may have been written after another point of the same cluster."""
        return self.next > other.first
