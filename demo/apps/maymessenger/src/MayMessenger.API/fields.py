"""Reading values that clients send."""

from __future__ import annotations

from uuid import UUID

from ..domain.errors import Refused
from ..domain.models import MessageType


def text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise Refused(f"{name} is not a string.")
    return value


def guid(value: object, name: str) -> UUID:
    try:
        return UUID(text(value, name))
    except ValueError:
        raise Refused(f"{name} is not a GUID.") from None


def integer(value: str, name: str, lowest: int, highest: int) -> int:
    if not value.isascii() or not value.isdigit() or not lowest <= int(value) <= highest:
        raise Refused(f"{name} is not a number from {lowest} to {highest}.")
    return int(value)


def message_type(value: object) -> MessageType:
    if type(value) is not int or value not in iter(MessageType):
        raise Refused("type is not a message type.")
    return MessageType(value)
