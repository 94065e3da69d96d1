"""/hubs/chat: a SignalR hub, by hand."""

from __future__ import annotations

import asyncio
import inspect
import logging
import secrets
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from aiohttp import WSMsgType, web
from standin.database import DatabaseUnavailable

from ..application.chats import Chats
from ..application.dtos import message_dto
from ..application.messages import Messages
from ..domain.errors import Forbidden, NotFound, Refused
from . import signalr
from .connections import Connection, Connections
from .fields import guid, message_type, text

_LOG = logging.getLogger("MayMessenger.API.Hubs.ChatHub")
# SignalR's own defaults.
_NEGOTIATED_FOR = 15.0
_CLIENT_SILENT_FOR = 30.0
_HANDSHAKE_WITHIN = 15.0
_LARGEST_FRAME = 32 * 1024
_CLOSE_WITHIN = 2.0


class ChatHub:
    def __init__(self, connections: Connections, chats: Chats, messages: Messages) -> None:
        self._connections = connections
        self._chats = chats
        self._messages = messages
        self._negotiated: dict[str, UUID] = {}
        self._methods = {
            "JoinChat": self.join_chat,
            "LeaveChat": self.leave_chat,
            "SendMessage": self.send_message,
            "TypingIndicator": self.typing_indicator,
        }

    # What clients call

    async def join_chat(self, connection: Connection, chat_id: object) -> None:
        chat = guid(chat_id, "chatId")
        await self._chats.participants(connection.user, chat)
        connection.chats.add(chat)

    async def leave_chat(self, connection: Connection, chat_id: object) -> None:
        connection.chats.discard(guid(chat_id, "chatId"))

    async def send_message(self, connection: Connection, message: object) -> dict[str, Any]:
        if not isinstance(message, dict):
            raise Refused("SendMessage takes an object: chatId, type, content.")
        sent = await self._messages.send(
            connection.user,
            guid(message.get("chatId"), "chatId"),
            message_type(message.get("type", 0)),
            text(message.get("content"), "content"),
        )
        return message_dto(sent)

    async def typing_indicator(self, connection: Connection, chat_id: object, is_typing: object = True) -> None:
        chat = guid(chat_id, "chatId")
        if chat not in connection.chats:
            raise Refused("Call JoinChat first.")
        typing = {
            "chatId": str(chat),
            "userId": str(connection.user.id),
            "displayName": connection.user.display_name,
            "isTyping": bool(is_typing),
        }
        others = [other for other in self._connections.in_chat(chat) if other.user.id != connection.user.id]
        await self._connections.tell(others, signalr.invocation("UserTyping", typing))

    # The transport

    async def negotiate(self, request: web.Request) -> web.Response:
        """Promise a connection. Like the real hub's, the promise is known to this instance only."""
        token = secrets.token_urlsafe(16)
        self._negotiated[token] = request["user"].id
        asyncio.get_running_loop().call_later(_NEGOTIATED_FOR, self._negotiated.pop, token, None)
        return web.json_response(
            {
                "negotiateVersion": 1,
                "connectionId": secrets.token_urlsafe(16),
                "connectionToken": token,
                "availableTransports": [{"transport": "WebSockets", "transferFormats": ["Text"]}],
            }
        )

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """One WebSocket, from upgrade to close."""
        token = request.query.get("id")
        if token is not None and self._negotiated.pop(token, None) != request["user"].id:
            raise web.HTTPNotFound(text="No Connection with that ID.")
        socket = web.WebSocketResponse(timeout=_CLOSE_WITHIN, max_msg_size=_LARGEST_FRAME, compress=False)
        if not socket.can_prepare(request).ok:
            raise web.HTTPBadRequest(text="Expected a WebSocket.")
        await socket.prepare(request)
        connection = Connection(secrets.token_urlsafe(16), request["user"], request, socket)
        try:
            await self._talk(connection)
        except signalr.ProtocolError as error:
            _LOG.warning("Connection %s of user %s: %s", connection.id, connection.user.id, error)
            await connection.send(signalr.close(error=str(error)))
        except TimeoutError:
            _LOG.info("Connection %s of user %s fell silent.", connection.id, connection.user.id)
        finally:
            await socket.close()
        return socket

    async def _talk(self, connection: Connection) -> None:
        decoder = signalr.Decoder()
        greeting = await anext(_records(connection.socket, decoder, _HANDSHAKE_WITHIN), None)
        if greeting is None:
            return
        (first, *early) = greeting
        accepted, answer = signalr.handshake_answer(first)
        await connection.send(answer)
        if not accepted:
            return
        _LOG.info("Connection %s of user %s is open.", connection.id, connection.user.id)
        await self._connections.add(connection)
        try:
            if not await self._handle(connection, early):
                return
            async for records in _records(connection.socket, decoder, _CLIENT_SILENT_FOR):
                if not await self._handle(connection, records):
                    return
        finally:
            await self._connections.remove(connection)
            _LOG.info("Connection %s of user %s is closed.", connection.id, connection.user.id)

    async def _handle(self, connection: Connection, records: list[dict[str, Any]]) -> bool:
        """Act on records in their order; return False when the client says it closes."""
        for record in records:
            if record.get("type") == signalr.Kind.Close:
                return False
            if record.get("type") == signalr.Kind.Invocation:
                await self._invoke(connection, record)
            elif record.get("type") != signalr.Kind.Ping:
                raise signalr.ProtocolError(f"Unexpected message type {record.get('type')!r}.")
        return True

    async def _invoke(self, connection: Connection, record: dict[str, Any]) -> None:
        target, invocation_id = record.get("target"), record.get("invocationId")
        try:
            method = self._methods.get(str(target))
            if method is None:
                raise Refused("Method does not exist.")
            try:
                call = inspect.signature(method).bind(connection, *record.get("arguments", []))
            except TypeError as error:
                raise Refused(f"Wrong arguments: {error}.") from None
            answer = signalr.completion(str(invocation_id), await method(*call.args))
        except (Refused, Forbidden, NotFound) as error:
            answer = signalr.failure(str(invocation_id), f"HubException: {error}")
        except DatabaseUnavailable as error:
            _LOG.warning("%s: the database does not answer: %s", target, error)
            answer = signalr.failure(str(invocation_id), "The database does not answer.")
        except Exception:
            _LOG.exception("An unhandled exception has occurred in %s.", target)
            answer = signalr.failure(str(invocation_id), f"An unexpected error occurred invoking '{target}'.")
        if invocation_id is not None:
            await connection.send(answer)


async def _records(socket: web.WebSocketResponse, decoder: signalr.Decoder, silent_for: float) -> AsyncIterator[list[dict[str, Any]]]:
    """Yield what arrives, as lists of at least one record, until the connection closes."""
    while True:
        frame = await socket.receive(timeout=silent_for)
        if frame.type is not WSMsgType.TEXT:
            return
        if records := decoder.feed(frame.data):
            yield records
