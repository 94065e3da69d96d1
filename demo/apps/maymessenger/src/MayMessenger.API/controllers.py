"""The HTTP API."""

from __future__ import annotations

from uuid import UUID

from aiohttp import web
from standin.web import echo, read_object, read_upload

from ..application.accounts import Accounts
from ..application.chats import Chats
from ..application.dtos import chat_dto, message_dto, user_dto
from ..application.messages import Messages
from ..domain.errors import Refused
from ..infrastructure.audio import KINDS, AudioFiles
from . import signalr
from .connections import Connections
from .fields import guid, integer, message_type, text


class Controllers:
    def __init__(self, accounts: Accounts, chats: Chats, messages: Messages, audio: AudioFiles, connections: Connections) -> None:
        self._accounts = accounts
        self._chats = chats
        self._messages = messages
        self._audio = audio
        self._connections = connections

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/auth/register", self.register),
            web.post("/api/auth/login", self.log_in),
            web.get("/api/chats", self.list_chats),
            web.post("/api/chats", self.create_chat),
            web.get("/api/chats/{id}", self.get_chat),
            web.delete("/api/chats/{id}", self.delete_chat),
            web.get("/api/messages/{id}", self.read_messages),
            web.post("/api/messages", self.send_message),
            web.post("/api/messages/audio", self.send_audio),
            web.delete("/api/messages/{id}", self.delete_message),
            web.get("/api/admin/users", self.list_users),
            web.delete("/api/admin/users/{id}", self.delete_user),
            web.get("/api/test/echo", self.echo),
            web.post("/api/test/echo", self.echo),
            web.get("/api/messenger/setup/{rest:.*}", self.echo),
            web.get("/audio/{name}", self.audio),
            web.get("/{kind:images|avatars|files|videos}/{name}", self.media),
        ]

    async def register(self, request: web.Request) -> web.Response:
        body = await read_object(request)
        names = ("phoneNumber", "displayName", "password", "inviteCode")
        token = await self._accounts.register(*(text(body.get(name), name) for name in names))
        return web.json_response({"success": True, "token": token, "message": "Registered."})

    async def log_in(self, request: web.Request) -> web.Response:
        body = await read_object(request)
        token = await self._accounts.log_in(*(text(body.get(name), name) for name in ("phoneNumber", "password")))
        return web.json_response({"success": True, "token": token, "message": "Logged in."})

    async def list_chats(self, request: web.Request) -> web.Response:
        return web.json_response([chat_dto(chat) for chat in await self._chats.of(request["user"])])

    async def create_chat(self, request: web.Request) -> web.Response:
        body = await read_object(request)
        others = body.get("participantIds")
        if not isinstance(others, list):
            raise Refused("participantIds is not a list.")
        participants = {guid(other, "participantIds") for other in others}
        chat = await self._chats.create(request["user"], text(body.get("title"), "title"), participants)
        return web.json_response(chat_dto(chat))

    async def get_chat(self, request: web.Request) -> web.Response:
        return web.json_response(chat_dto(await self._chats.get(request["user"], _id(request))))

    async def delete_chat(self, request: web.Request) -> web.Response:
        await self._chats.delete(request["user"], _id(request))
        return web.Response(status=204)

    async def read_messages(self, request: web.Request) -> web.Response:
        skip = integer(request.query.get("skip", "0"), "skip", 0, 2**31 - 1)
        take = integer(request.query.get("take", "50"), "take", 1, 200)
        messages = await self._messages.read(request["user"], _id(request), skip, take)
        return web.json_response([message_dto(message) for message in messages])

    async def send_message(self, request: web.Request) -> web.Response:
        body = await read_object(request)
        message = await self._messages.send(
            request["user"],
            guid(body.get("chatId"), "chatId"),
            message_type(body.get("type", 0)),
            text(body.get("content"), "content"),
        )
        return web.json_response(message_dto(message))

    async def send_audio(self, request: web.Request) -> web.Response:
        fields, stored = await read_upload(request, self._audio.directory, KINDS)
        if stored is None:
            raise Refused("The form has no file.")
        try:
            message = await self._messages.send_audio(request["user"], guid(fields.get("chatId"), "chatId"), stored)
        except BaseException:
            stored.unlink()
            raise
        return web.json_response(message_dto(message))

    async def delete_message(self, request: web.Request) -> web.Response:
        await self._messages.delete(request["user"], _id(request))
        return web.Response(status=204)

    async def list_users(self, _request: web.Request) -> web.Response:
        return web.json_response([user_dto(user) for user in await self._accounts.all()])

    async def delete_user(self, request: web.Request) -> web.Response:
        user_id = _id(request)
        await self._accounts.delete(user_id, request["user"])
        await self._connections.close(self._connections.of({user_id}), signalr.close(error="The user was deleted."))
        return web.Response(status=204)

    async def echo(self, request: web.Request) -> web.Response:
        return await echo(request, "messenger")

    async def audio(self, request: web.Request) -> web.StreamResponse:
        # A route's {name} holds no slash as sent, but may hold one percent-encoded.
        name = request.match_info["name"]
        path = self._audio.directory / name
        if "/" in name or not path.is_file() or path.suffix not in KINDS:
            raise web.HTTPNotFound
        return web.FileResponse(path, headers={"Content-Type": KINDS[path.suffix]})

    async def media(self, request: web.Request) -> web.StreamResponse:
        # Nothing here writes them: who needs one puts it into its volume.
        kind, name = request.match_info["kind"], request.match_info["name"]
        path = self._audio.directory.parent / kind / name
        if "/" in name or not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path)


def _id(request: web.Request) -> UUID:
    try:
        return guid(request.match_info["id"], "id")
    except Refused:
        # As with ASP.NET's {id:guid}: no such route.
        raise web.HTTPNotFound from None
