"""Chats: participants and administrators see them, creators and administrators delete them."""

from __future__ import annotations

from uuid import UUID

from ..domain.errors import Forbidden, NotFound, Refused
from ..domain.models import Chat, ChatType, User
from ..infrastructure.audio import AudioFiles
from ..infrastructure.chats import ChatStore


class Chats:
    def __init__(self, chats: ChatStore, audio: AudioFiles) -> None:
        self._chats = chats
        self._audio = audio

    async def of(self, user: User) -> list[Chat]:
        return await self._chats.of_user(user.id)

    async def create(self, user: User, title: str, others: set[UUID]) -> Chat:
        participants = others | {user.id}
        if len(participants) < 2:
            raise Refused("A chat needs another participant.")
        if not 1 <= len(title) <= 200:
            raise Refused("A title has 1 to 200 characters.")
        chat_type = ChatType.Private if len(participants) == 2 else ChatType.Group
        return await self.get(user, await self._chats.create(chat_type, title, user.id, participants))

    async def get(self, user: User, chat_id: UUID) -> Chat:
        chat = await self._chats.get(chat_id, user.id)
        if chat is None:
            raise NotFound("There is no such chat.")
        if not user.is_admin:
            await self.participants(user, chat_id)
        return chat

    async def delete(self, user: User, chat_id: UUID) -> None:
        chat = await self.get(user, chat_id)
        if not user.is_admin and chat.creator_id != user.id:
            raise Forbidden("Only its creator or an administrator deletes a chat.")
        self._audio.remove(await self._chats.delete(chat_id))

    async def participants(self, user: User, chat_id: UUID) -> set[UUID]:
        """Return who takes part, if the user is one of them."""
        participants = await self._chats.participants(chat_id)
        if not participants:
            raise NotFound("There is no such chat.")
        if user.id not in participants:
            raise Forbidden("You are not a participant of this chat.")
        return participants
