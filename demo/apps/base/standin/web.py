"""HTTP that every stand-in does alike: request log, errors, limits, uploads, the echo of a request."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiohttp import BodyPartReader, web

from .database import DatabaseUnavailable

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
# The same as the proxy's limit for /api/: a smaller one here would answer 413 to what the proxy lets through.
MAX_BODY = 50 * 1024 * 1024
# Kestrel's limit, for all headers together.
MAX_HEADERS = 32 * 1024
FORWARDED = ("Host", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto")
_CHUNK = 64 * 1024


def request_log(log: logging.Logger) -> Any:
    """Middleware: one record a request. The path only: a query string may hold an access token."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = time.monotonic()
        status = 499  # Cancelled: the client went away.
        try:
            answer = await handler(request)
            status = answer.status
            return answer
        finally:
            if not request.path.startswith("/health"):
                log.info("%s %s => %d in %d ms", request.method, request.path, status, (time.monotonic() - began) * 1e3)

    return middleware


def errors(log: logging.Logger) -> Any:
    """Middleware: every failure has a status, a JSON body, and a record in the log if it is ours."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            return problem(error.status, error.text or error.reason)
        except DatabaseUnavailable as error:
            log.warning("%s %s: the database does not answer: %s", request.method, request.path, error)
            return problem(503, "The database does not answer.")
        except Exception:
            log.exception("An unhandled exception has occurred while executing %s %s.", request.method, request.path)
            return problem(500, "An error occurred while processing your request.")

    return middleware


def problem(status: int, message: str) -> web.Response:
    """An error as both real services word it."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return web.json_response({"success": False, "message": message}, status=status, headers=headers)


async def read_object(request: web.Request) -> dict[str, Any]:
    """Return the JSON object a request carries."""
    try:
        body = await request.json()
    except ValueError:
        raise web.HTTPBadRequest(text="The body is not JSON.") from None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="The body is not a JSON object.")
    return body


async def echo(request: web.Request, name: str) -> web.Response:
    """What of the request arrived here: for tests of a proxy's headers, URI handling and body limits."""
    length = 0
    async for chunk in _limited(request.content.iter_chunked(_CHUNK)):
        length += len(chunk)
    # As large as the cookies with which ASP.NET signs somebody in, where that is asked for.
    cookies = {"Set-Cookie": "echo=" + "x" * (size - 5)} if (size := int(request.query.get("setCookie", 0))) else {}
    return web.json_response(
        {
            "endpoint": name,
            "method": request.method,
            "path": request.raw_path.partition("?")[0],
            "query": dict(request.query),
            "headers": {header: request.headers.get(header) for header in FORWARDED},
            "bodyLength": length,
            "cookieLength": len(request.headers.get("Cookie", "")),
        },
        headers=cookies,
    )


async def read_upload(request: web.Request, directory: Path, kinds: Mapping[str, str]) -> tuple[dict[str, str], Path | None]:
    """Return the fields of a multipart form, and its file as stored under a new name.

    kinds maps the accepted suffixes to their media types. The suffix is all that is kept of the client's file name.
    """
    if not request.content_type.startswith("multipart/"):
        raise web.HTTPUnsupportedMediaType(text="Expected multipart/form-data.")
    fields: dict[str, str] = {}
    stored: Path | None = None
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or not part.name:
                raise web.HTTPBadRequest(text="A part of the form has no name.")
            if part.filename is None:
                fields[part.name] = await part.text()
                continue
            suffix = Path(part.filename).suffix.lower()
            if stored is not None or suffix not in kinds:
                raise web.HTTPBadRequest(text=f"Expected one file, of type {', '.join(sorted(kinds))}.")
            stored = directory / f"{uuid4()}{suffix}"
            with stored.open("wb") as target:
                async for chunk in _limited(_chunks(part)):
                    target.write(chunk)
    except BaseException as error:
        if stored is not None:
            stored.unlink(missing_ok=True)
        if isinstance(error, ValueError):
            raise web.HTTPBadRequest(text="The form is malformed.") from None
        raise
    return fields, stored


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(_CHUNK):
        yield chunk


async def _limited(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    length = 0
    async for chunk in chunks:
        length += len(chunk)
        if length > MAX_BODY:
            raise web.HTTPRequestEntityTooLarge(max_size=MAX_BODY, actual_size=length)
        yield chunk
