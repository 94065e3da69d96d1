"""What a service knows about its own health."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from .database import Database, DatabaseUnavailable


class Health:
    """Asks the databases each time it is asked: a remembered answer stays green after the database has gone."""

    def __init__(self, databases: Mapping[str, Database], unhealthy_after: float | None) -> None:
        self._databases = databases
        self._unhealthy_at = None if unhealthy_after is None else time.monotonic() + unhealthy_after

    async def problems(self) -> dict[str, str | None]:
        """Return what is wrong by the name of each check, None for a check that holds."""
        answers = await asyncio.gather(*(_problem(database) for database in self._databases.values()))
        found = dict(zip(self._databases, answers, strict=True))
        if self._unhealthy_at is not None and time.monotonic() >= self._unhealthy_at:
            found["switch"] = "DEMO_UNHEALTHY_AFTER has passed"
        return found


async def _problem(database: Database) -> str | None:
    try:
        await database.check()
    except DatabaseUnavailable as error:
        return str(error)
    return None
