"""RareBooks' backend: `python3 -m rarebooks`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web
from standin import host
from standin.database import Database
from standin.health import Health
from standin.settings import Switches, connection_string, required, signing_key
from standin.tokens import Tokens
from standin.web import echo, errors, request_log

from . import schema
from .books import Books
from .setup import Setup, gate

_IMAGES = Path("/app/wwwroot/collection_images")


def build(environment: Mapping[str, str], switches: Switches) -> host.Service:
    """Put RareBooks together."""
    tokens = Tokens(
        signing_key(environment, "Jwt__Key"),
        required(environment, "Jwt__Issuer"),
        required(environment, "Jwt__Audience"),
    )
    log = logging.getLogger("RareBooksService.Data")
    books = Database(connection_string(environment, "BooksDb"), schema.BOOKS, log, switches.fail_migration)
    users = Database(connection_string(environment, "UsersDb"), schema.USERS, log, switches.fail_migration)
    health = Health({"books": books, "users": users}, switches.unhealthy_after)
    setup = Setup(users, tokens)

    async def report(_request: web.Request) -> web.Response:
        healthy = not any((await health.problems()).values())
        body = {
            "status": "healthy" if healthy else "unhealthy",
            "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "version": switches.version,
        }
        return web.json_response(body, status=200 if healthy else 503)

    async def telegram(request: web.Request) -> web.Response:
        return await echo(request, request.path.split("/")[2])

    requests = logging.getLogger("RareBooksService.Requests")
    app = web.Application(middlewares=[request_log(requests), errors(requests), gate(setup)])
    app.add_routes([web.get("/health", report), web.get("/api/test/health", report)])
    app.add_routes(setup.routes())
    app.add_routes(Books(books, tokens, _IMAGES).routes())
    app.add_routes([web.route("*", r"/api/{name:telegram|TelegramDiagnostics}/{rest:.*}", telegram)])
    return host.Service(app, [books, users])


host.run(build)
