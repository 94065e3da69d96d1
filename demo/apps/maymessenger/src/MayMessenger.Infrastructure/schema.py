"""The schema, and the first rows without which nobody could ever register."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

import asyncpg
from standin.database import Migration
from standin.passwords import hash_password
from standin.settings import required

from ..domain.models import Role

_INITIAL = """
CREATE TABLE "Users" (
    "Id" uuid PRIMARY KEY,
    "PhoneNumber" varchar(20) NOT NULL UNIQUE,
    "DisplayName" varchar(100) NOT NULL,
    "PasswordHash" text NOT NULL,
    "Avatar" text,
    "Role" integer NOT NULL,
    "CreatedAt" timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE "InviteLinks" (
    "Id" uuid PRIMARY KEY,
    "Code" varchar(100) NOT NULL UNIQUE,
    "IsActive" boolean NOT NULL DEFAULT true,
    "UsageCount" integer NOT NULL DEFAULT 0,
    "CreatedById" uuid REFERENCES "Users" ON DELETE SET NULL,
    "CreatedAt" timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE "Chats" (
    "Id" uuid PRIMARY KEY,
    "Type" integer NOT NULL,
    "Title" varchar(200) NOT NULL,
    "Avatar" text,
    "CreatorId" uuid REFERENCES "Users" ON DELETE SET NULL,
    "CreatedAt" timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE "ChatParticipants" (
    "ChatId" uuid NOT NULL REFERENCES "Chats" ON DELETE CASCADE,
    "UserId" uuid NOT NULL REFERENCES "Users" ON DELETE CASCADE,
    "LastReadAt" timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY ("ChatId", "UserId")
);
CREATE INDEX "IX_ChatParticipants_UserId" ON "ChatParticipants" ("UserId");
CREATE TABLE "Messages" (
    "Id" uuid PRIMARY KEY,
    "ChatId" uuid NOT NULL REFERENCES "Chats" ON DELETE CASCADE,
    "SenderId" uuid NOT NULL REFERENCES "Users" ON DELETE CASCADE,
    "Type" integer NOT NULL,
    "Content" text,
    "FilePath" text,
    "Status" integer NOT NULL,
    "CreatedAt" timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX "IX_Messages_ChatId_CreatedAt" ON "Messages" ("ChatId", "CreatedAt" DESC);
"""


def migrations(environment: Mapping[str, str]) -> list[Migration]:
    """Return the steps of the schema. The settings of the seed are read only when the database is new."""

    async def seed(connection: asyncpg.Connection) -> None:
        phone, password, code = (required(environment, f"Seed__{name}") for name in ("AdminPhone", "AdminPassword", "InviteCode"))
        admin = uuid4()
        await connection.execute(
            'INSERT INTO "Users" ("Id", "PhoneNumber", "DisplayName", "PasswordHash", "Role") VALUES ($1, $2, $3, $4, $5)',
            admin,
            phone,
            "Administrator",
            await hash_password(password),
            Role.Admin,
        )
        await connection.execute('INSERT INTO "InviteLinks" ("Id", "Code", "CreatedById") VALUES ($1, $2, $3)', uuid4(), code, admin)

    return [Migration("20241101000000_InitialCreate", _INITIAL, seed)]
