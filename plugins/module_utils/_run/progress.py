# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a long step is at, in one line beside the lease, which the controller reads with each heartbeat and shows to whoever waits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from .._base.files import write_durably
from .lease import Place

# Before the line, since a shell on the way may say something of its own.
MARK = "rarebooks.platform: "

Tell = Callable[[str], None]


def nobody(_line: str) -> None:
    """Tell nobody: there is no run that somebody waits for."""


@contextmanager
def telling(place: Place, token: str) -> Iterator[Tell]:
    """Yield what to tell with, until the step ends. A line that cannot be written is missing: none is worth a failure."""
    path = place.progress(place.file(token))

    def tell(line: str) -> None:
        with suppress(OSError):
            write_durably(path, f"{MARK}{line}\n".encode(), 0o600)

    try:
        yield tell
    finally:
        with suppress(OSError):
            os.unlink(path)
