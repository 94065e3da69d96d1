"""Health, and the page that says what there is."""

from __future__ import annotations

from html import escape

from aiohttp import web
from standin.health import Health

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>May Messenger API</title></head>
<body>
<h1>May Messenger API</h1>
<p>A stand-in for demos and tests, version {version}.</p>
<ul>
{endpoints}
</ul>
</body>
</html>
"""


class Pages:
    def __init__(self, health: Health, version: str) -> None:
        self._health = health
        self._version = version

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/health", self.health),
            web.get("/health/ready", self.ready),
            web.get("/swagger", self.swagger_root),
            web.get("/swagger/", self.swagger_root),
            web.get("/swagger/index.html", self.swagger),
        ]

    async def health(self, _request: web.Request) -> web.Response:
        problems = await self._health.problems()
        healthy = not any(problems.values())
        checks = [
            {"name": name, "status": "Unhealthy" if problem else "Healthy", "description": problem} for name, problem in problems.items()
        ]
        status = "Healthy" if healthy else "Unhealthy"
        body = {"status": status, "checks": checks, "version": self._version}
        return web.json_response(body, status=200 if healthy else 503)

    async def ready(self, _request: web.Request) -> web.Response:
        ready = not any((await self._health.problems()).values())
        return web.json_response({"status": "Ready" if ready else "NotReady"}, status=200 if ready else 503)

    async def swagger_root(self, _request: web.Request) -> web.Response:
        return web.Response(status=301, headers={"Location": "/swagger/index.html"})

    async def swagger(self, request: web.Request) -> web.Response:
        endpoints = sorted(
            f"<li><code>{route.method} {escape(route.resource.canonical)}</code></li>"
            for route in request.app.router.routes()
            if route.resource is not None and route.method != "HEAD"
        )
        page = _PAGE.format(version=escape(self._version), endpoints="\n".join(endpoints))
        return web.Response(text=page, content_type="text/html")
