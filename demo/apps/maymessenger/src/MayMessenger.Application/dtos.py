"""The shapes that clients see: camelCase, enums as integers, dates as ISO 8601 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ..domain.models import Chat, Message, User


def _date(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def user_dto(user: User) -> dict[str, Any]:
    return {
        "id": str(user.id),
        "phoneNumber": user.phone_number,
        "displayName": user.display_name,
        "avatar": user.avatar,
        "role": int(user.role),
    }


def message_dto(message: Message) -> dict[str, Any]:
    return {
        "id": str(message.id),
        "chatId": str(message.chat_id),
        "senderId": str(message.sender_id),
        "senderName": message.sender_name,
        "type": int(message.type),
        "content": message.content,
        "filePath": message.file_path,
        "status": int(message.status),
        "createdAt": _date(message.created_at),
    }


def chat_dto(chat: Chat) -> dict[str, Any]:
    return {
        "id": str(chat.id),
        "type": int(chat.type),
        "title": chat.title,
        "avatar": chat.avatar,
        "lastMessage": message_dto(chat.last_message) if chat.last_message else None,
        "unreadCount": chat.unread_count,
        "createdAt": _date(chat.created_at),
    }
