"""Registering, logging in, and what an administrator does with users."""

from __future__ import annotations

import re
from uuid import UUID

from standin.passwords import hash_password, password_matches
from standin.tokens import MOBILE_PHONE, NAME, ROLE, Tokens

from ..domain.errors import NotFound, Refused
from ..domain.models import User
from ..infrastructure.audio import AudioFiles
from ..infrastructure.users import UserStore

_PHONE = re.compile(r"\+?[0-9]{10,15}")
_SHORTEST_PASSWORD = 8


class Accounts:
    def __init__(self, users: UserStore, audio: AudioFiles, tokens: Tokens) -> None:
        self._users = users
        self._audio = audio
        self._tokens = tokens

    async def register(self, phone_number: str, display_name: str, password: str, invite_code: str) -> str:
        """Add a user; return a token."""
        if not _PHONE.fullmatch(phone_number):
            raise Refused("A phone number has 10 to 15 digits.")
        if not 1 <= len(display_name) <= 100:
            raise Refused("A display name has 1 to 100 characters.")
        if len(password) < _SHORTEST_PASSWORD:
            raise Refused(f"A password has at least {_SHORTEST_PASSWORD} characters.")
        user = await self._users.register(phone_number, display_name, await hash_password(password), invite_code)
        return self._token(user)

    async def log_in(self, phone_number: str, password: str) -> str:
        """Return a token."""
        user = await self._users.by_phone(phone_number)
        if user is None or not await password_matches(password, user.password_hash):
            raise Refused("Wrong phone number or password.")
        return self._token(user)

    async def by_token(self, token: str) -> User | None:
        """Return who a token stands for, None if it stands for nobody, for instance no longer."""
        user_id = self._tokens.user_id(token)
        return await self._users.by_id(user_id) if user_id else None

    async def all(self) -> list[User]:
        return await self._users.all()

    async def delete(self, user_id: UUID, admin: User) -> None:
        if user_id == admin.id:
            raise Refused("Administrators cannot delete themselves.")
        files = await self._users.delete(user_id)
        if files is None:
            raise NotFound("There is no such user.")
        self._audio.remove(files)

    def _token(self, user: User) -> str:
        claims = {NAME: user.display_name, MOBILE_PHONE: user.phone_number, ROLE: user.role.name}
        return self._tokens.issue(user.id, claims)
