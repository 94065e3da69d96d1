"""The things the messenger keeps. Enums are integers on the wire and in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID


class Role(IntEnum):
    User = 0
    Admin = 1


class ChatType(IntEnum):
    Private = 0
    Group = 1


class MessageType(IntEnum):
    Text = 0
    Audio = 1


class MessageStatus(IntEnum):
    Sending = 0
    Sent = 1
    Delivered = 2
    Read = 3


@dataclass(frozen=True)
class User:
    id: UUID
    phone_number: str
    display_name: str
    password_hash: str
    avatar: str | None
    role: Role

    @property
    def is_admin(self) -> bool:
        return self.role is Role.Admin


@dataclass(frozen=True)
class Message:
    id: UUID
    chat_id: UUID
    sender_id: UUID
    sender_name: str
    type: MessageType
    content: str | None
    file_path: str | None
    status: MessageStatus
    created_at: datetime


@dataclass(frozen=True)
class Chat:
    """A chat as one of its participants sees it."""

    id: UUID
    type: ChatType
    title: str
    avatar: str | None
    creator_id: UUID | None
    created_at: datetime
    unread_count: int
    last_message: Message | None
