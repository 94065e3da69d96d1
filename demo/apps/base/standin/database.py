"""A PostgreSQL database that may be late, go away, and come back, possibly empty."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

PRODUCT_VERSION = "8.0.0"
RETRY_AFTER = 1.0
WATCH_EVERY = 1.0
ANSWER_WITHIN = 2.0
# One key for every service: schema steps of the old and the new container, started side by side, follow one another.
SCHEMA_LOCK = 0x5EED

_GONE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.UndefinedTableError,
)
_HISTORY = """
CREATE TABLE IF NOT EXISTS "__EFMigrationsHistory" (
    "MigrationId" varchar(150) PRIMARY KEY,
    "ProductVersion" varchar(32) NOT NULL
)"""


class DatabaseUnavailable(Exception):
    """No query can be answered now; later perhaps."""


class MigrationFailed(Exception):
    """The schema step failed and left nothing behind."""


@dataclass(frozen=True)
class Migration:
    """A step of the schema, with the first rows that belong to it."""

    id: str
    sql: str
    seed: Callable[[asyncpg.Connection], Awaitable[None]] | None = None


class Database:
    """Keeps a pool to one database, and its schema in place."""

    def __init__(self, address: Mapping[str, Any], migrations: Sequence[Migration], log: logging.Logger, fail_migration: bool) -> None:
        self._address = address
        self._name = f"{address['database']} on {address['host']}:{address['port']}"
        self._migrations = migrations
        self._log = log
        self._fail_migration = fail_migration
        self._pool: asyncpg.Pool | None = None
        # Health has a connection of its own: a busy pool is not a database that does not answer.
        self._watch: asyncpg.Connection | None = None
        self._watching = asyncio.Lock()
        self._problem = "not connected yet"

    async def keep_ready(self) -> None:
        """Connect, watch, and start again whenever the database is lost. Never returns."""
        while True:
            try:
                await self._open()
                self._log.info("Database %s is ready.", self._name)
                while True:
                    await asyncio.sleep(WATCH_EVERY)
                    await self.check()
            except MigrationFailed as error:
                self._problem = f"the schema step failed: {error}"
                self._log.error("Database %s: %s", self._name, self._problem)
            except asyncpg.InvalidAuthorizationSpecificationError as error:
                # Waiting does not heal this one: changing POSTGRES_PASSWORD changes nothing in a volume that has data.
                self._problem = str(error)
                self._log.error("Database %s refuses us: %s", self._name, self._problem)
            except (DatabaseUnavailable, asyncpg.PostgresError, *_GONE) as error:
                self._problem = str(error) or type(error).__name__
                self._log.warning("Database %s does not answer: %s", self._name, self._problem)
            finally:
                self.close()
            await asyncio.sleep(RETRY_AFTER)

    async def check(self) -> None:
        """Raise DatabaseUnavailable unless the database answers and has its schema."""
        async with self._watching:
            if self._watch is None or self._watch.is_closed():
                raise DatabaseUnavailable(self._problem)
            try:
                await self._watch.fetchval('SELECT count(*) FROM "__EFMigrationsHistory"', timeout=ANSWER_WITHIN)
            except _GONE as error:
                # Left open, it would make the next query wait for the cancellation of this one, without a limit.
                self._watch.terminate()
                self._problem = str(error) or type(error).__name__
                raise DatabaseUnavailable(self._problem) from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection in a transaction: all of what is done with it, or nothing."""
        if self._pool is None:
            raise DatabaseUnavailable(self._problem)
        try:
            async with self._pool.acquire(timeout=ANSWER_WITHIN) as connection, connection.transaction():
                yield connection
        except _GONE as error:
            raise DatabaseUnavailable(str(error) or type(error).__name__) from error

    def close(self) -> None:
        """Drop every connection at once; a lost server would not answer a polite farewell."""
        pool, watch, self._pool, self._watch = self._pool, self._watch, None, None
        if pool is not None:
            pool.terminate()
        if watch is not None:
            watch.terminate()

    async def _open(self) -> None:
        watch = await asyncpg.connect(**self._address, timeout=ANSWER_WITHIN)
        try:
            await self._migrate(watch)
        except BaseException:
            watch.terminate()
            raise
        # Not before: a probe that asked over it would break the migration off.
        self._watch = watch
        self._pool = await asyncpg.create_pool(**self._address, min_size=1, max_size=20, timeout=ANSWER_WITHIN, command_timeout=10)

    async def _migrate(self, connection: asyncpg.Connection) -> None:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", SCHEMA_LOCK)
            await connection.execute(_HISTORY)
            rows = await connection.fetch('SELECT "MigrationId" FROM "__EFMigrationsHistory"')
            done = {row["MigrationId"] for row in rows}
            for migration in self._migrations:
                if migration.id in done:
                    continue
                self._log.info("Applying migration '%s' to %s.", migration.id, self._name)
                try:
                    await connection.execute(migration.sql)
                    if migration.seed is not None:
                        await migration.seed(connection)
                except (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError):
                    raise
                except asyncpg.PostgresError as error:
                    raise MigrationFailed(f"{migration.id}: {error}") from error
                await connection.execute('INSERT INTO "__EFMigrationsHistory" VALUES ($1, $2)', migration.id, PRODUCT_VERSION)
            if self._fail_migration:
                raise MigrationFailed("DEMO_FAIL_MIGRATION is set.")
