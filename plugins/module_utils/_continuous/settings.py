# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What following the write-ahead log is bounded by, and where it keeps what."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import timedelta

DIRECTORY = "/var/lib/rarebooks.platform/continuous"
# Of the receivers and of what makes bases; no name that a run's own containers have, which the next run takes away.
PREFIX = "rarebooks-continuous-"
LABEL = "rarebooks.platform.continuous"
# What a restore to a moment is called: the directory in which it works, and in the name of its container.
RESTORING = "restore"
# What a drill of the log is called, likewise.
DRILL = "drill"
SLOT = "rarebooks_continuous"
MIB = 1 << 20


@dataclass(frozen=True)
class Bounds:
    """How often, and how much at most. Sizes are bytes."""

    # Between two looks; bringing it there takes some seconds more, and a minute is what may be lost.
    seconds: float = 20.0
    # What a database keeps for a receiver that does not come. It looks at that when it has written max_wal_size, 1 GiB, more.
    slot: int = 1024 * MIB
    # What was received, here: of what is in each repository already, and of all. Above that nothing more is received.
    kept_here: int = 512 * MIB
    waiting: int = 2048 * MIB
    base_age: timedelta = timedelta(days=7)
    bases: int = 2


@dataclass(frozen=True)
class Place:
    """Where the log of one database cluster lies. The cluster is part of it: another one counts its segments anew."""

    container: str
    cluster: str
    root: str = field(default=DIRECTORY)

    @property
    def log(self) -> str:
        return os.path.join(self.root, self.container, self.cluster)

    @property
    def before_gap(self) -> str:
        """Return where that lies which was received before the slot was lost, until each repository has it."""
        return f"{self.log}.before-gap"

    @property
    def shipping(self) -> str:
        return os.path.join(self.root, self.container, "shipping")

    @property
    def base(self) -> str:
        """Return where a base is made, the same place each time, so that it deduplicates."""
        return os.path.join(self.root, self.container, "base")

    @property
    def tags(self) -> list[str]:
        """Return the tags of all that a repository has of it."""
        return [f"container:{self.container}", f"cluster:{self.cluster}"]
