"""Passwords are stored as salted scrypt hashes that carry their own parameters."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets

_COST, _BLOCK, _PARALLEL = 2**14, 8, 1


def hash_now(password: str) -> str:
    """Return a new hash of a password."""
    salt = secrets.token_bytes(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, n=_COST, r=_BLOCK, p=_PARALLEL)
    return f"scrypt${_COST}${_BLOCK}${_PARALLEL}${salt.hex()}${digest.hex()}"


def matches_now(password: str, stored: str) -> bool:
    """Tell whether the password is the one that was hashed."""
    _, cost, block, parallel, salt, digest = stored.split("$")
    found = hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), n=int(cost), r=int(block), p=int(parallel))
    return hmac.compare_digest(found, bytes.fromhex(digest))


async def hash_password(password: str) -> str:
    """hash_now, in a thread: it takes tens of milliseconds, and other requests wait meanwhile otherwise."""
    return await asyncio.to_thread(hash_now, password)


async def password_matches(password: str, stored: str) -> bool:
    """matches_now, in a thread."""
    return await asyncio.to_thread(matches_now, password, stored)
