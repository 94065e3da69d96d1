"""The open connections of the hub, and telling them things."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from aiohttp import WSCloseCode, web

from ..domain.models import User
from . import signalr

PING_EVERY = 15.0
_SEND_WITHIN = 5.0


@dataclass(eq=False)
class Connection:
    id: str
    user: User
    request: web.Request
    socket: web.WebSocketResponse
    chats: set[UUID] = field(default_factory=set)

    async def send(self, text: str) -> None:
        """Send, or give the connection up: one client that does not read must not hold up the others."""
        try:
            await asyncio.wait_for(self.socket.send_str(text), _SEND_WITHIN)
        except (ConnectionError, RuntimeError, TimeoutError):
            if self.request.transport is not None:
                self.request.transport.abort()

    async def close(self, farewell: str) -> None:
        await self.send(farewell)
        await self.socket.close(code=WSCloseCode.GOING_AWAY)


class Connections:
    def __init__(self) -> None:
        self._open: set[Connection] = set()

    async def add(self, connection: Connection) -> None:
        """Count a connection in; the user's first one makes the user present."""
        arrived = not self.of({connection.user.id})
        self._open.add(connection)
        if arrived:
            await self._presence("UserConnected", connection.user)

    async def remove(self, connection: Connection) -> None:
        """Count a connection out; the user's last one makes the user absent."""
        self._open.discard(connection)
        if not self.of({connection.user.id}):
            await self._presence("UserDisconnected", connection.user)

    def of(self, users: set[UUID]) -> list[Connection]:
        return [connection for connection in self._open if connection.user.id in users]

    def in_chat(self, chat_id: UUID) -> list[Connection]:
        return [connection for connection in self._open if chat_id in connection.chats]

    async def announce(self, users: set[UUID], event: str, argument: object) -> None:
        """Tell every connection of the users about an event."""
        await self.tell(self.of(users), signalr.invocation(event, argument))

    async def tell(self, connections: Iterable[Connection], text: str) -> None:
        await asyncio.gather(*(connection.send(text) for connection in connections))

    async def close(self, connections: Iterable[Connection], farewell: str) -> None:
        await asyncio.gather(*(connection.close(farewell) for connection in connections))

    async def close_all(self) -> None:
        """Part from everybody: they may come back, to the next instance."""
        await self.close(self._open, signalr.close(reconnect=True))

    async def keep_alive(self) -> None:
        """Ping everybody, for ever: proxies and clients give up connections on which nothing moves."""
        while True:
            await asyncio.sleep(PING_EVERY)
            await self.tell(self._open, signalr.ping())

    async def _presence(self, event: str, user: User) -> None:
        others = [connection for connection in self._open if connection.user.id != user.id]
        await self.tell(others, signalr.invocation(event, str(user.id)))
