# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The password of the repositories: made on the server, in a file for root alone, and never lost by us."""

from __future__ import annotations

import hmac
import os
import secrets
from datetime import datetime, timezone

from .._base.files import make_directory, read_if_exists, write_durably
from .settings import KEY_FILE

# 256 bits, in letters that can be read out and typed.
BYTES = 32


def read(directory: str) -> str:
    """Return the password, nothing where there is none."""
    return (read_if_exists(os.path.join(directory, KEY_FILE)) or b"").decode(errors="replace").strip()


def new() -> str:
    """Return a new one, in groups that a person can compare with what was written on paper."""
    text = secrets.token_hex(BYTES)
    return "-".join(text[start : start + 8] for start in range(0, len(text), 8))


def write(directory: str, text: str) -> str:
    """Put a password in place; return the file where the one of before stays."""
    make_directory(directory, 0o700)
    path, before, kept = os.path.join(directory, KEY_FILE), read(directory), ""
    if before:
        kept = f"{path}.{datetime.now(timezone.utc):%Y%m%d_%H%M%S}"
        write_durably(kept, f"{before}\n".encode(), 0o600)
    write_durably(path, f"{text}\n".encode(), 0o600)
    return kept


def matches(directory: str, text: str) -> bool:
    """Say whether a text is the password."""
    found = read(directory)
    return bool(found) and hmac.compare_digest(found.encode(), text.strip().encode())
