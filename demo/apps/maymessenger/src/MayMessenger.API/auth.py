"""Who is asking, and what of the site is open to whom."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from standin.tokens import bearer
from standin.web import Handler, problem

from ..application.accounts import Accounts
from ..domain.errors import Forbidden, NotFound, Refused

_OPEN = ("/api/auth/", "/api/test/", "/api/messenger/setup/")


def authentication(accounts: Accounts) -> Any:
    """Middleware: /api and /hubs are for users, /api/admin for administrators; request["user"] is who asks."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        path = request.path
        if path.startswith(("/api/", "/hubs/")) and not path.startswith(_OPEN):
            token = bearer(request)
            if not token and path.startswith("/hubs/"):
                # Browsers cannot set headers on a WebSocket; SignalR's clients put the token here.
                token = request.query.get("access_token", "")
            user = await accounts.by_token(token) if token else None
            if user is None:
                return problem(401, "A valid token is required.")
            if path.startswith("/api/admin/") and not user.is_admin:
                return problem(403, "Administrators only.")
            request["user"] = user
        return await handler(request)

    return middleware


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Middleware: the application's refusals as HTTP statuses."""
    try:
        return await handler(request)
    except Refused as error:
        # The shape of the answers of /api/auth, which have a token when all is well.
        return web.json_response({"success": False, "token": None, "message": str(error)}, status=400)
    except Forbidden as error:
        return problem(403, str(error))
    except NotFound as error:
        return problem(404, str(error))
