# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets that everybody knows, known by their hashes alone."""

from __future__ import annotations

import hashlib

# SHA-256 of the credentials that the public deployment guide printed: database password, JWT secret, administrator's
# password and phone number, invite code. Whoever read the guide knows them, so no server may run with them.
PUBLISHED_SECRETS = frozenset(
    {
        "b298cf0838bc3d35b57141f3b249dd1a7c7233b9ef8ed5f94dbff68444be8162",
        "82313d63aaad20f358377cb62767c23305a282e53442dbedeccca483b2f519e4",
        "60f2ff6de69863313504a14fa8931591c47278e83f2ea8871458f214fac14d80",
        "3d4416a3267d8a419f5a27e38efd1997b57ab08c08330f8fa34f749e869fa217",
        "92f7ce6e3a626b34186a969bc77d3badf8c3fe41819c7bf7d53b9defe4e52070",
    }
)


def is_published(value: str) -> bool:
    """Say whether a value was printed in the guide."""
    return hashlib.sha256(value.encode()).hexdigest() in PUBLISHED_SECRETS
