"""First set-up: the shop is closed until it has an administrator. The state is that there is one, in the database."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from aiohttp import web
from standin.database import Database
from standin.passwords import hash_password, password_matches
from standin.tokens import EMAIL, ROLE, Tokens
from standin.web import Handler, echo, problem, read_object

_ALWAYS_OPEN = ("/api/setup/", "/api/test/", "/api/setupcheck/")
_SHORTEST_PASSWORD = 8
# Two set-ups at the same moment follow one another, and the second is refused.
_SETUP_LOCK = 0xB00C


class Setup:
    def __init__(self, users: Database, tokens: Tokens) -> None:
        self._users = users
        self._tokens = tokens

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/test/setup-status", self.status),
            web.get("/api/setupcheck/status", self.status),
            web.get("/api/test/echo", self.echo),
            web.post("/api/test/echo", self.echo),
            web.post("/api/setup/initialize", self.initialize),
            web.post("/api/auth/login", self.log_in),
        ]

    async def needed(self) -> bool:
        async with self._users.transaction() as connection:
            return not await connection.fetchval('SELECT EXISTS (SELECT FROM "AspNetUsers")')

    async def status(self, _request: web.Request) -> web.Response:
        needed = await self.needed()
        message = "Initial set-up is needed." if needed else "Set-up is complete."
        return web.json_response({"success": True, "message": message, "isInitialSetupNeeded": needed})

    async def initialize(self, request: web.Request) -> web.Response:
        email, password = _credentials(await read_object(request))
        if "@" not in email or len(password) < _SHORTEST_PASSWORD:
            raise web.HTTPBadRequest(text=f"An email address and a password of {_SHORTEST_PASSWORD}+ characters.")
        user_id, stored = uuid4(), await hash_password(password)
        async with self._users.transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _SETUP_LOCK)
            if await connection.fetchval('SELECT EXISTS (SELECT FROM "AspNetUsers")'):
                raise web.HTTPForbidden(text="Set-up is complete already.")
            await connection.execute(
                'INSERT INTO "AspNetUsers" ("Id", "Email", "PasswordHash", "Role") VALUES ($1, $2, $3, $4)',
                user_id,
                email,
                stored,
                "Admin",
            )
        token = self._tokens.issue(user_id, {EMAIL: email, ROLE: "Admin"})
        return web.json_response({"success": True, "message": "Set-up is complete.", "token": token})

    async def log_in(self, request: web.Request) -> web.Response:
        email, password = _credentials(await read_object(request))
        async with self._users.transaction() as connection:
            user = await connection.fetchrow('SELECT * FROM "AspNetUsers" WHERE "Email" = $1', email)
        if user is None or not await password_matches(password, user["PasswordHash"]):
            raise web.HTTPUnauthorized(text="Wrong email address or password.")
        token = self._tokens.issue(user["Id"], {EMAIL: email, ROLE: user["Role"]})
        return web.json_response({"success": True, "message": "Logged in.", "token": token})

    async def echo(self, request: web.Request) -> web.Response:
        return await echo(request, "rarebooks")


def gate(setup: Setup) -> Any:
    """Middleware: 403 for the rest of the API until set-up is complete."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith("/api/") and not request.path.startswith(_ALWAYS_OPEN) and await setup.needed():
            return problem(403, "Initial set-up is not complete.")
        return await handler(request)

    return middleware


def _credentials(body: dict[str, Any]) -> tuple[str, str]:
    email, password = body.get("email"), body.get("password")
    if not isinstance(email, str) or not isinstance(password, str):
        raise web.HTTPBadRequest(text="Expected email and password.")
    return email, password
