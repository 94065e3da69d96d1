# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nothing that lets anybody in leaves a server by its logs: the secrets it stores, and what looks like one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .._base.secret_store import MASK, mask

KEY = r"(?:access_token|refresh_token|id_token|token|password|passwd|pwd|secret|api[_-]?key|invite_?code|client_secret|Jwt__\w+)"
SHAPES = (
    # A JSON Web Token: its header begins like this in whichever encoding.
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?"), MASK),
    (re.compile(r"\b(Bearer|Basic) +[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1 {MASK}"),
    # name=value of queries and connection strings, and "name": "value" of JSON.
    (re.compile(rf"\b({KEY})(=|%3D)(?:[^&;\"'\n]+(?=;)|[^\s&;\"',)]+)", re.IGNORECASE), rf"\1\2{MASK}"),
    (re.compile(rf"([\"']{KEY}[\"']\s*:\s*)([\"'])(?:(?!\2).)+\2", re.IGNORECASE), rf"\1\2{MASK}\2"),
    # user:password@ in addresses.
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]+):[^\s@/]+@", re.IGNORECASE), rf"\1:{MASK}@"),
)


def masked(text: str, secrets: Mapping[str, str]) -> str:
    """Return a text without secrets."""
    text = mask(text, dict(secrets))
    for pattern, instead in SHAPES:
        text = pattern.sub(instead, text)
    return text
