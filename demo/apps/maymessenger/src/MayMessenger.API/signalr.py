"""SignalR's JSON hub protocol, version 1: records of JSON, each ended by 0x1E."""

from __future__ import annotations

import json
from enum import IntEnum
from typing import Any

SEPARATOR = "\x1e"


class Kind(IntEnum):
    Invocation = 1
    Completion = 3
    Ping = 6
    Close = 7


class ProtocolError(Exception):
    """The client does not speak the protocol."""


class Decoder:
    """Cuts a stream of text into records; a record may come in pieces, or several at once."""

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, text: str) -> list[dict[str, Any]]:
        *records, self._rest = (self._rest + text).split(SEPARATOR)
        try:
            messages = [json.loads(record) for record in records]
        except ValueError as error:
            raise ProtocolError(f"A record is not JSON: {error}") from None
        if not all(isinstance(message, dict) for message in messages):
            raise ProtocolError("A record is not a JSON object.")
        return messages


def _encode(message: dict[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")) + SEPARATOR


def handshake_answer(request: dict[str, Any]) -> tuple[bool, str]:
    """Return whether the handshake holds, and the answer to it."""
    if request.get("protocol") == "json" and request.get("version") == 1:
        return True, _encode({})
    return False, _encode({"error": "The server supports the protocol 'json', version 1."})


def invocation(event: str, *arguments: object) -> str:
    return _encode({"type": Kind.Invocation, "target": event, "arguments": arguments})


def completion(invocation_id: str, result: object) -> str:
    return _encode({"type": Kind.Completion, "invocationId": invocation_id, "result": result})


def failure(invocation_id: str, error: str) -> str:
    return _encode({"type": Kind.Completion, "invocationId": invocation_id, "error": error})


def ping() -> str:
    return _encode({"type": Kind.Ping})


def close(error: str | None = None, reconnect: bool = False) -> str:
    message: dict[str, Any] = {"type": Kind.Close}
    if error:
        message["error"] = error
    if reconnect:
        message["allowReconnect"] = True
    return _encode(message)
