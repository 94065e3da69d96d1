"""JSON Web Tokens with the claim names that .NET gives them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
from aiohttp import web

_IDENTITY = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
NAME_IDENTIFIER = f"{_IDENTITY}/nameidentifier"
NAME = f"{_IDENTITY}/name"
MOBILE_PHONE = f"{_IDENTITY}/mobilephone"
EMAIL = f"{_IDENTITY}/emailaddress"
ROLE = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
LIFETIME = timedelta(days=7)


@dataclass(frozen=True)
class Tokens:
    """Issues and checks the tokens of one service."""

    key: str
    issuer: str
    audience: str

    def issue(self, user_id: UUID, claims: dict[str, str]) -> str:
        """Return a signed token that says who the user is."""
        now = datetime.now(UTC)
        payload = {
            **claims,
            NAME_IDENTIFIER: str(user_id),
            "iss": self.issuer,
            "aud": self.audience,
            "nbf": now,
            "exp": now + LIFETIME,
        }
        token: str = jwt.encode(payload, self.key, algorithm="HS256")
        return token

    def user_id(self, token: str) -> UUID | None:
        """Return the user a token was issued to, or None for a token that is not to be trusted."""
        try:
            payload = jwt.decode(
                token,
                self.key,
                algorithms=["HS256"],
                issuer=self.issuer,
                audience=self.audience,
                options={"require": ["exp", "iss", "aud"]},
            )
            return UUID(payload[NAME_IDENTIFIER])
        except (jwt.InvalidTokenError, KeyError, ValueError, AttributeError):
            return None


def bearer(request: web.Request) -> str:
    """Return the token of the Authorization header, empty where there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
