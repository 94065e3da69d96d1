"""May Messenger's backend: `python3 -m maymessenger.api`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from aiohttp import web
from standin import host
from standin.database import Database
from standin.health import Health
from standin.settings import Switches, connection_string, required, signing_key
from standin.tokens import Tokens
from standin.web import errors, request_log

from ..application.accounts import Accounts
from ..application.chats import Chats
from ..application.messages import Messages
from ..infrastructure.audio import AudioFiles
from ..infrastructure.chats import ChatStore
from ..infrastructure.messages import MessageStore
from ..infrastructure.schema import migrations
from ..infrastructure.users import UserStore
from .auth import authentication, refusals
from .connections import Connections
from .controllers import Controllers
from .hub import ChatHub
from .pages import Pages

_AUDIO = Path("/app/wwwroot/audio")


def build(environment: Mapping[str, str], switches: Switches) -> host.Service:
    """Put the messenger together."""
    tokens = Tokens(
        signing_key(environment, "Jwt__Secret"),
        required(environment, "Jwt__Issuer"),
        required(environment, "Jwt__Audience"),
    )
    database = Database(
        connection_string(environment, "DefaultConnection"),
        migrations(environment),
        logging.getLogger("MayMessenger.Infrastructure.Database"),
        switches.fail_migration,
    )
    connections = Connections()
    audio = AudioFiles(_AUDIO)
    accounts = Accounts(UserStore(database), audio, tokens)
    chats = Chats(ChatStore(database), audio)
    messages = Messages(MessageStore(database), chats, audio, connections.announce)
    hub = ChatHub(connections, chats, messages)
    log = logging.getLogger("MayMessenger.API.Requests")
    app = web.Application(middlewares=[request_log(log), errors(log), refusals, authentication(accounts)])
    app.add_routes(Controllers(accounts, chats, messages, audio, connections).routes())
    app.add_routes(Pages(Health({"database": database}, switches.unhealthy_after), switches.version).routes())
    app.add_routes([web.post("/hubs/chat/negotiate", hub.negotiate), web.get("/hubs/chat", hub.connect)])

    async def keep_alive(_app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(connections.keep_alive())
        yield
        task.cancel()

    async def farewell(_app: web.Application) -> None:
        await connections.close_all()

    app.cleanup_ctx.append(keep_alive)
    app.on_shutdown.append(farewell)
    return host.Service(app, [database])


host.run(build)
