"""The schemas of the two databases."""

from __future__ import annotations

from standin.database import Migration

BOOKS = [
    Migration(
        "20241001000000_InitialCreate",
        """
CREATE TABLE "Categories" (
    "Id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    "Name" varchar(200) NOT NULL UNIQUE
);
CREATE TABLE "BooksInfo" (
    "Id" integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    "Title" varchar(500) NOT NULL,
    "CategoryId" integer NOT NULL REFERENCES "Categories",
    "Price" numeric(12, 2) NOT NULL,
    "ImageFile" text,
    "CreatedAt" timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO "Categories" ("Name") VALUES ('Atlases'), ('First editions'), ('Manuscripts');
""",
    )
]
USERS = [
    Migration(
        "20241001000000_InitialCreate",
        """
CREATE TABLE "AspNetUsers" (
    "Id" uuid PRIMARY KEY,
    "Email" varchar(256) NOT NULL UNIQUE,
    "PasswordHash" text NOT NULL,
    "Role" varchar(50) NOT NULL
);
""",
    )
]
