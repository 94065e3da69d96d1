"""Users and invite codes in the database."""

from __future__ import annotations

from uuid import UUID, uuid4

import asyncpg
from standin.database import Database

from ..domain.errors import Refused
from ..domain.models import Role, User


def _user(row: asyncpg.Record) -> User:
    return User(
        id=row["Id"],
        phone_number=row["PhoneNumber"],
        display_name=row["DisplayName"],
        password_hash=row["PasswordHash"],
        avatar=row["Avatar"],
        role=Role(row["Role"]),
    )


class UserStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_id(self, user_id: UUID) -> User | None:
        async with self._database.transaction() as connection:
            row = await connection.fetchrow('SELECT * FROM "Users" WHERE "Id" = $1', user_id)
        return _user(row) if row else None

    async def by_phone(self, phone_number: str) -> User | None:
        async with self._database.transaction() as connection:
            row = await connection.fetchrow('SELECT * FROM "Users" WHERE "PhoneNumber" = $1', phone_number)
        return _user(row) if row else None

    async def all(self) -> list[User]:
        async with self._database.transaction() as connection:
            return [_user(row) for row in await connection.fetch('SELECT * FROM "Users" ORDER BY "CreatedAt"')]

    async def register(self, phone_number: str, display_name: str, password_hash: str, invite_code: str) -> User:
        """Add a user and count the use of the invite code: both, or neither."""
        async with self._database.transaction() as connection:
            used = await connection.fetchval(
                'UPDATE "InviteLinks" SET "UsageCount" = "UsageCount" + 1 WHERE "Code" = $1 AND "IsActive" RETURNING "Id"',
                invite_code,
            )
            if used is None:
                raise Refused("The invite code is not valid.")
            try:
                row = await connection.fetchrow(
                    'INSERT INTO "Users" ("Id", "PhoneNumber", "DisplayName", "PasswordHash", "Role") '
                    "VALUES ($1, $2, $3, $4, $5) RETURNING *",
                    uuid4(),
                    phone_number,
                    display_name,
                    password_hash,
                    Role.User,
                )
            except asyncpg.UniqueViolationError:
                raise Refused("This phone number is registered already.") from None
            return _user(row)

    async def delete(self, user_id: UUID) -> list[str] | None:
        """Delete a user with all messages sent; return their files, or None where there is no such user."""
        async with self._database.transaction() as connection:
            files = await connection.fetch('SELECT "FilePath" FROM "Messages" WHERE "SenderId" = $1 AND "FilePath" IS NOT NULL', user_id)
            deleted = await connection.fetchval('DELETE FROM "Users" WHERE "Id" = $1 RETURNING "Id"', user_id)
        return [row["FilePath"] for row in files] if deleted else None
