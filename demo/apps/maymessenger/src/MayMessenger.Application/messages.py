"""Messages: sent by participants, announced to all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

from ..domain.errors import Forbidden, NotFound, Refused
from ..domain.models import Message, MessageType, User
from ..infrastructure.audio import AudioFiles
from ..infrastructure.messages import MessageStore
from .chats import Chats
from .dtos import message_dto

# Tells every connection of the users about an event: (users, event, argument).
Announce = Callable[[set[UUID], str, object], Awaitable[None]]
_LONGEST = 10_000


class Messages:
    def __init__(self, messages: MessageStore, chats: Chats, audio: AudioFiles, announce: Announce) -> None:
        self._messages = messages
        self._chats = chats
        self._audio = audio
        self._announce = announce

    async def read(self, user: User, chat_id: UUID, skip: int, take: int) -> list[Message]:
        await self._chats.participants(user, chat_id)
        return await self._messages.read(chat_id, user.id, skip, take)

    async def send(self, user: User, chat_id: UUID, message_type: MessageType, content: str) -> Message:
        if message_type is not MessageType.Text:
            raise Refused("Audio is sent as a form to /api/messages/audio.")
        if not 1 <= len(content) <= _LONGEST:
            raise Refused(f"A message has 1 to {_LONGEST} characters.")
        return await self._add(user, chat_id, message_type, content, None)

    async def send_audio(self, user: User, chat_id: UUID, stored: Path) -> Message:
        return await self._add(user, chat_id, MessageType.Audio, None, self._audio.public_path(stored))

    async def delete(self, user: User, message_id: UUID) -> None:
        message = await self._messages.get(message_id)
        if message is None:
            raise NotFound("There is no such message.")
        if not user.is_admin and message.sender_id != user.id:
            raise Forbidden("Only its sender or an administrator deletes a message.")
        await self._messages.delete(message_id)
        self._audio.remove([message.file_path] if message.file_path else [])

    async def _add(self, user: User, chat_id: UUID, message_type: MessageType, content: str | None, file_path: str | None) -> Message:
        participants = await self._chats.participants(user, chat_id)
        message = await self._messages.add(chat_id, user.id, message_type, content, file_path)
        await self._announce(participants, "ReceiveMessage", message_dto(message))
        return message
