"""The catalogue: everybody reads it, the administrator adds to it."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import asyncpg
from aiohttp import web
from standin.database import Database
from standin.tokens import Tokens, bearer
from standin.web import read_upload

_IMAGES = {".gif": "image/gif", ".jpeg": "image/jpeg", ".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
_SELECT = """
SELECT b.*, c."Name" AS "Category" FROM "BooksInfo" b JOIN "Categories" c ON c."Id" = b."CategoryId"
"""


class Books:
    def __init__(self, books: Database, tokens: Tokens, images: Path) -> None:
        self._books = books
        self._tokens = tokens
        self._images = images
        images.mkdir(parents=True, exist_ok=True)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/books", self.all),
            web.post("/api/books", self.add),
            web.get("/api/books/{id:[0-9]{1,9}}/image", self.image),
            web.get("/api/categories", self.categories),
        ]

    async def all(self, _request: web.Request) -> web.Response:
        async with self._books.transaction() as connection:
            rows = await connection.fetch(_SELECT + 'ORDER BY b."Id"')
        return web.json_response([_dto(row) for row in rows])

    async def categories(self, _request: web.Request) -> web.Response:
        async with self._books.transaction() as connection:
            rows = await connection.fetch('SELECT * FROM "Categories" ORDER BY "Id"')
        return web.json_response([{"id": row["Id"], "name": row["Name"]} for row in rows])

    async def add(self, request: web.Request) -> web.Response:
        """A form with title, price, category (its name) and, perhaps, an image."""
        if self._tokens.user_id(bearer(request)) is None:
            raise web.HTTPUnauthorized(text="A valid token is required.")
        fields, image = await read_upload(request, self._images, _IMAGES)
        try:
            row = await self._insert(fields, image)
        except BaseException:
            if image is not None:
                image.unlink()
            raise
        return web.json_response(_dto(row), status=201)

    async def image(self, request: web.Request) -> web.StreamResponse:
        async with self._books.transaction() as connection:
            name = await connection.fetchval('SELECT "ImageFile" FROM "BooksInfo" WHERE "Id" = $1', int(request.match_info["id"]))
        path = self._images / name if name else None
        if path is None or not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path, headers={"Content-Type": _IMAGES[path.suffix]})

    async def _insert(self, fields: dict[str, str], image: Path | None) -> asyncpg.Record:
        title = fields.get("title", "")
        try:
            price = Decimal(fields.get("price", ""))
        except InvalidOperation:
            raise web.HTTPBadRequest(text="price is not a number.") from None
        if not 1 <= len(title) <= 500 or not price.is_finite() or not 0 <= price < 10**10:
            raise web.HTTPBadRequest(text="A title of 1 to 500 characters and a price are needed.")
        async with self._books.transaction() as connection:
            category = await connection.fetchval('SELECT "Id" FROM "Categories" WHERE "Name" = $1', fields.get("category", ""))
            if category is None:
                raise web.HTTPBadRequest(text="There is no such category.")
            book = await connection.fetchval(
                'INSERT INTO "BooksInfo" ("Title", "CategoryId", "Price", "ImageFile") VALUES ($1, $2, $3, $4) RETURNING "Id"',
                title,
                category,
                price,
                image.name if image else None,
            )
            return await connection.fetchrow(_SELECT + 'WHERE b."Id" = $1', book)


def _dto(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "id": row["Id"],
        "title": row["Title"],
        "category": row["Category"],
        "price": float(row["Price"]),
        "image": f"/api/books/{row['Id']}/image" if row["ImageFile"] else None,
        "createdAt": row["CreatedAt"].astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }
