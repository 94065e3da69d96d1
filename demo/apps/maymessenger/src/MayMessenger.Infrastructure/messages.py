"""Messages in the database."""

from __future__ import annotations

from uuid import UUID, uuid4

import asyncpg
from standin.database import Database

from ..domain.models import Message, MessageStatus, MessageType

_SELECT = """
SELECT m.*, s."DisplayName" AS "SenderName" FROM "Messages" m JOIN "Users" s ON s."Id" = m."SenderId"
"""


def message_from(row: asyncpg.Record) -> Message:
    """Return the message in a row of "Messages" joined with its sender's name."""
    return Message(
        id=row["Id"],
        chat_id=row["ChatId"],
        sender_id=row["SenderId"],
        sender_name=row["SenderName"],
        type=MessageType(row["Type"]),
        content=row["Content"],
        file_path=row["FilePath"],
        status=MessageStatus(row["Status"]),
        created_at=row["CreatedAt"],
    )


class MessageStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, chat_id: UUID, reader_id: UUID, skip: int, take: int) -> list[Message]:
        """Return messages, newest first, and note that the reader has seen the chat."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(
                _SELECT + 'WHERE m."ChatId" = $1 ORDER BY m."CreatedAt" DESC, m."Id" OFFSET $2 LIMIT $3',
                chat_id,
                skip,
                take,
            )
            await connection.execute(
                'UPDATE "ChatParticipants" SET "LastReadAt" = clock_timestamp() WHERE "ChatId" = $1 AND "UserId" = $2',
                chat_id,
                reader_id,
            )
        return [message_from(row) for row in rows]

    async def get(self, message_id: UUID) -> Message | None:
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(_SELECT + 'WHERE m."Id" = $1', message_id)
        return message_from(row) if row else None

    async def add(self, chat_id: UUID, sender_id: UUID, message_type: MessageType, content: str | None, file_path: str | None) -> Message:
        message_id = uuid4()
        async with self._database.transaction() as connection:
            await connection.execute(
                'INSERT INTO "Messages" ("Id", "ChatId", "SenderId", "Type", "Content", "FilePath", "Status") '
                "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                message_id,
                chat_id,
                sender_id,
                message_type,
                content,
                file_path,
                MessageStatus.Sent,
            )
            return message_from(await connection.fetchrow(_SELECT + 'WHERE m."Id" = $1', message_id))

    async def delete(self, message_id: UUID) -> None:
        async with self._database.transaction() as connection:
            await connection.execute('DELETE FROM "Messages" WHERE "Id" = $1', message_id)
