"""Chats and who takes part in them, in the database."""

from __future__ import annotations

from uuid import UUID, uuid4

import asyncpg
from standin.database import Database

from ..domain.errors import Refused
from ..domain.models import Chat, ChatType
from .messages import message_from

# A chat as participant $1 sees it, with its newest message.
_SELECT = """
SELECT c."Id" AS "ChatKey", c."Type" AS "ChatType", c."Title", c."Avatar", c."CreatorId",
       c."CreatedAt" AS "ChatCreatedAt",
       (SELECT count(*) FROM "Messages" u
         WHERE u."ChatId" = c."Id" AND u."SenderId" <> $1 AND u."CreatedAt" > p."LastReadAt") AS "Unread",
       m.*, s."DisplayName" AS "SenderName"
  FROM "Chats" c
  LEFT JOIN "ChatParticipants" p ON p."ChatId" = c."Id" AND p."UserId" = $1
  LEFT JOIN LATERAL (
       SELECT * FROM "Messages" l WHERE l."ChatId" = c."Id" ORDER BY l."CreatedAt" DESC LIMIT 1) m ON true
  LEFT JOIN "Users" s ON s."Id" = m."SenderId"
"""


def _chat(row: asyncpg.Record) -> Chat:
    return Chat(
        id=row["ChatKey"],
        type=ChatType(row["ChatType"]),
        title=row["Title"],
        avatar=row["Avatar"],
        creator_id=row["CreatorId"],
        created_at=row["ChatCreatedAt"],
        unread_count=row["Unread"],
        last_message=message_from(row) if row["Id"] else None,
    )


class ChatStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_user(self, user_id: UUID) -> list[Chat]:
        async with self._database.transaction() as connection:
            rows = await connection.fetch(_SELECT + 'WHERE p."UserId" = $1 ORDER BY coalesce(m."CreatedAt", c."CreatedAt") DESC', user_id)
        return [_chat(row) for row in rows]

    async def get(self, chat_id: UUID, user_id: UUID) -> Chat | None:
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(_SELECT + 'WHERE c."Id" = $2', user_id, chat_id)
        return _chat(row) if row else None

    async def participants(self, chat_id: UUID) -> set[UUID]:
        async with self._database.transaction() as connection:
            rows = await connection.fetch('SELECT "UserId" FROM "ChatParticipants" WHERE "ChatId" = $1', chat_id)
        return {row["UserId"] for row in rows}

    async def create(self, chat_type: ChatType, title: str, creator_id: UUID, participants: set[UUID]) -> UUID:
        chat_id = uuid4()
        async with self._database.transaction() as connection:
            await connection.execute(
                'INSERT INTO "Chats" ("Id", "Type", "Title", "CreatorId") VALUES ($1, $2, $3, $4)',
                chat_id,
                chat_type,
                title,
                creator_id,
            )
            try:
                await connection.executemany(
                    'INSERT INTO "ChatParticipants" ("ChatId", "UserId") VALUES ($1, $2)',
                    [(chat_id, participant) for participant in participants],
                )
            except asyncpg.ForeignKeyViolationError:
                raise Refused("A participant does not exist.") from None
        return chat_id

    async def delete(self, chat_id: UUID) -> list[str]:
        """Delete a chat with its messages; return the files of these."""
        async with self._database.transaction() as connection:
            files = await connection.fetch('SELECT "FilePath" FROM "Messages" WHERE "ChatId" = $1 AND "FilePath" IS NOT NULL', chat_id)
            await connection.execute('DELETE FROM "Chats" WHERE "Id" = $1', chat_id)
        return [row["FilePath"] for row in files]
